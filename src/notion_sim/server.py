"""The sockets: an ASGI application, and a protocol whose connections can be torn.

Waits, resets and cuts live here and nowhere else. Deciding what to answer is `notion_sim.engine`.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from notion_sim.engine import Engine, Exchange
from notion_sim.wire import Reply, Request

__all__ = ["Application", "TearableProtocol", "listen", "serve"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
RESET = struct.pack("ii", 1, 0)  # linger on, zero seconds: close() sends RST instead of FIN
LARGEST_BODY = 1_000_000


class TearableProtocol(HttpToolsProtocol):
    """HTTP whose application may get at the transport, to tear it."""

    def on_message_begin(self) -> None:
        """Put the transport where the application finds it."""
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class Application:
    """ASGI: `/_sim/` goes to the control application, everything else to the engine."""

    def __init__(self, engine: Engine, control: Asgi) -> None:
        self._engine = engine
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["path"].startswith("/_sim"):
            await self._control(scope, receive, send)
            return
        request = await _read(scope, receive)
        exchange = self._engine.receive(request)
        transport: asyncio.Transport = scope["state"]["transport"]
        if exchange.struck_by("reset_before"):
            self._engine.happen(exchange)
            _reset(transport)
            return
        if late := exchange.struck_by("reset_late"):
            _reset(transport)
            await asyncio.sleep(float(late.args.get("ms", 200)) / 1000)
            self._engine.work(exchange)
            return
        if self._engine.options.latency_ms:
            await asyncio.sleep(self._engine.options.latency_ms / 1000)
        reply = self._engine.work(exchange)
        await _hold_back(exchange)
        if exchange.struck_by("reset_after"):
            _reset(transport)
            return
        await _send(reply, send, cut=exchange.struck_by("cut_body") is not None)
        if exchange.struck_by("cut_body"):
            transport.close()


async def _read(scope: Scope, receive: Receive) -> Request:
    """Return the request with its whole body, as far as it is of a sane size."""
    body = b""
    more = scope["method"] not in {"GET", "HEAD"}
    while more and len(body) < LARGEST_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    raw = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(raw, keep_blank_values=True)),
        raw_query=raw,
        headers=headers,
        body=body,
        origin=f"http://{headers.get('host', '')}",
    )


async def _hold_back(exchange: Exchange) -> None:
    rule = exchange.struck_by("slow")
    if rule is not None:
        await asyncio.sleep(float(rule.args.get("ms", 1000)) / 1000)


def _reset(transport: asyncio.Transport) -> None:
    """Close a connection so that the other side sees a reset, not an end."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()


async def _send(reply: Reply, send: Send, *, cut: bool) -> None:
    """Send a reply; cut means: promise the whole body and send half of it."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers]
    if reply.status != 204:  # noqa: PLR2004 - HTTP: no content, no length
        headers.append((b"content-type", reply.content_type.encode()))
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    body = reply.body[: len(reply.body) // 2] if cut else reply.body
    await send({"type": "http.response.body", "body": body, "more_body": cut})


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket; raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle off only where it stands; with it on,
    # each answer of two writes waits 40 ms for the other side's delayed ACK (measured).
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock


async def serve(
    app: Asgi, sock: socket.socket, *, ready: Callable[[], None], stop: asyncio.Event
) -> None:
    """Answer on a socket until `stop` is set, then drop everything at once."""
    config = Config(
        app,
        http=TearableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_keep_alive=75,
    )
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()

    def connect() -> TearableProtocol:
        return TearableProtocol(config=config, server_state=state, app_state={}, _loop=loop)

    server = await loop.create_server(connect, sock=sock, backlog=1024)
    ready()
    await stop.wait()
    server.close()
    for task in list(state.tasks):
        task.cancel()
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.sleep(0)
