"""The one port: TLS, split by what the connection negotiated. The token endpoint is here.

http/1.1 is answered directly; h2 is piped to the gRPC server on a local port. Every connection is
known by that local port, so that the one over which a message came can be cut.
"""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from controller import pages

__all__ = ["Connection", "Front", "Reply"]

PIECE = 256 * 1024
MOST_BODY = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer of the token endpoint; `cut` closes without one."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    cut: bool = False
    hold_s: float = 0.0


@dataclass(kw_only=True)
class Connection:
    """One accepted TLS connection."""

    at: float
    alpn: str
    peer: str = ""
    """`ipv4:127.0.0.1:PORT` of the pipe's near end, as gRPC calls it."""

    writer: asyncio.StreamWriter
    open: bool = True


@dataclass(kw_only=True)
class Front:
    """Listens in a thread of its own.

    Attributes:
        token: answers a token request, given its form and its headers.
    """

    context: ssl.SSLContext
    grpc_port: int
    token: Callable[[dict[str, str], dict[str, str]], Reply]
    port: int = 0
    html_status: int = 0
    """If not 0, every h2 request is answered by a proxy's page with this status."""

    connections: list[Connection] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _server: asyncio.Server | None = None
    _busy: set[asyncio.Task[Any]] = field(default_factory=set)
    _calling: threading.Lock = field(default_factory=threading.Lock)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _ending: bool = False
    """From here on nothing is opened again, and whoever comes in is cut at once."""
    _stopped: bool = False

    def start(self) -> None:
        """Begin to listen; the same port again if there was one."""
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()

        def run() -> None:
            assert self._loop
            asyncio.set_event_loop(self._loop)
            self._loop.call_soon(ready.set)
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="controller-front", daemon=True)
        self._thread.start()
        ready.wait(10)
        self.up()

    def stop(self) -> None:
        """Close everything and end the thread."""
        self.down()
        assert self._loop
        assert self._thread
        self._call(self._finish_all())
        with self._calling:
            self._stopped = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def up(self) -> None:
        """Accept connections."""
        self._call(self._listen())

    def down(self) -> None:
        """Refuse connections, and cut those that there are."""
        self._call(self._close())

    def cut(self, peer: str = "") -> None:
        """Cut one connection, or all."""
        self._call(self._cut(peer))

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop
        with self._calling:
            if self._stopped:  # a restart may still be under way when a test is over
                work.close()
            else:
                asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is not None or self._ending:
            return
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._accepted, sock=sock)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut("")

    async def _cut(self, peer: str) -> None:
        for one in self.connections:
            if one.open and peer in {"", one.peer}:
                one.open = False
                one.writer.transport.abort()

    async def _finish_all(self) -> None:
        self._ending = True  # a restart may be under way, and would open it again
        await self._close()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        await asyncio.sleep(0.01)  # who was accepted a moment ago comes in, and is cut
        for writer in self._writers:
            writer.transport.abort()  # of a task that never began, nobody else would
        await asyncio.sleep(0.01)  # transports close in the loop's next turns

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if self._ending:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._served(reader, writer))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning: whatever it has come to, we can close it."""
        try:
            await writer.start_tls(self.context)
            connection = self._noted(writer)
            try:
                await self._answered(connection, reader, writer)
            finally:
                connection.open = False
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # cut, or nonsense: the other side notices
        finally:
            writer.transport.abort()

    def _noted(self, writer: asyncio.StreamWriter) -> Connection:
        tls = writer.get_extra_info("ssl_object")
        connection = Connection(
            at=time.monotonic(), alpn=tls.selected_alpn_protocol() or "none", writer=writer
        )
        self.connections.append(connection)
        return connection

    async def _answered(
        self,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if connection.alpn != "h2":
            await self._http(reader, writer)
        elif self.html_status:
            await pages.answer_h2(reader, writer, self.html_status)
        else:
            await self._piped(connection, reader, writer)

    async def _piped(
        self,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        near_reader, near_writer = await asyncio.open_connection("127.0.0.1", self.grpc_port)
        host, port = near_writer.get_extra_info("sockname")
        connection.peer = f"ipv4:{host}:{port}"
        ways = [
            asyncio.ensure_future(_pipe(reader, near_writer)),
            asyncio.ensure_future(_pipe(near_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            near_writer.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        length = int(headers.get("content-length", "0"))
        body = await reader.readexactly(min(length, MOST_BODY))
        reply = Reply(status=404, body=b"{}")
        if head[0] == "POST /auth/v1/token HTTP/1.1":
            form = dict(parse_qsl(body.decode(), keep_blank_values=True))
            reply = await asyncio.to_thread(self.token, form, headers)
        if reply.hold_s:
            await asyncio.sleep(reply.hold_s)
        if reply.cut:
            return
        start = f"HTTP/1.1 {reply.status} Whatever\r\nContent-Type: {reply.kind}\r\n"
        end = f"Content-Length: {len(reply.body)}\r\nConnection: close\r\n\r\n"
        writer.write((start + end).encode() + reply.body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(PIECE):
        sink.write(data)
        await sink.drain()


def json_reply(status: int, content: dict[str, Any]) -> Reply:
    """An answer in JSON."""
    return Reply(status=status, body=json.dumps(content).encode())
