"""The one port: TLS, split by what both sides agreed to speak.

Connectors in Go open it twice: for the token they offer h2 and http/1.1, for gRPC h2 alone. So we
prefer http/1.1: whoever gets that wants a token, and is answered here; h2 is passed on to the gRPC
server, byte by byte, and nobody needs to read it twice.
"""

import asyncio
import contextlib
import math
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog

from rolecall.errors import BadConfig
from rolecall.server.connectors.controller.door import PATH, Exchange, Request, answer
from rolecall.server.connectors.controller.throttle import Throttle

__all__ = ["Front", "load", "tls"]

ALPN: Final = ("http/1.1", "h2")
MOST: Final = 2000
"""Connections at once; connectors in Go open one for every call."""
_PATIENCE_S: Final = 15.0
"""For a request for a token, from its first byte to its last."""
_HANDSHAKE_S: Final = 10.0
_SILENT_S: Final = 900.0
"""A connection over which nothing came for so long is ended."""
_PIECE: Final = 64 << 10

log = structlog.get_logger()


def tls(certificate: str, key: str) -> ssl.SSLContext:
    """How we speak TLS: at least 1.2, and what we prefer above it.

    Raises:
        BadConfig: certificate and key are not readable, or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(ALPN))
    load(context, certificate, key)
    return context


def load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Show what the files hold now, from the next connection on.

    Raises:
        BadConfig: as `tls`; then what was shown before is shown on.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)  # half would stay
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(
            f"The certificate {certificate} or its key cannot be used: {error.strerror or error}.",
            hint="Correct controller.certificate and controller.key, or the files' rights.",
        ) from error


class Front:
    """Listens, and passes on; everything in the loop that `start` is called in.

    Args:
        grpc_socket: where the gRPC server listens.
        clock: the time now.
        pool: threads in which the database is asked.
    """

    def __init__(
        self, grpc_socket: Path | None, clock: Callable[[], datetime], pool: Executor
    ) -> None:
        self._grpc_socket, self._clock, self._pool = grpc_socket, clock, pool
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self._throttle = Throttle()

    async def start(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        """Listen; returns the port. Without TLS every connection is one for the token endpoint."""
        patience = _HANDSHAKE_S if context else None
        self._server = await asyncio.start_server(
            self._accepted, host, port, ssl=context, backlog=512, ssl_handshake_timeout=patience
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more, and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._busy) >= MOST:
            writer.transport.abort()
            return
        self._busy.add(task)
        try:
            await self._served(reader, writer)
        except (OSError, ValueError, TimeoutError) as error:
            log.debug("connection_ended", error=type(error).__name__)
        finally:
            self._busy.discard(task)
            writer.transport.abort()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        agreed = writer.get_extra_info("ssl_object")
        if agreed is not None and agreed.selected_alpn_protocol() == "h2":
            await self._pass_on(reader, writer)
            return
        async with asyncio.timeout(_PATIENCE_S):
            await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange()
        while (request := exchange.feed(await reader.read(_PIECE))) is None:
            """More is to come."""
        if wait_s := self._wait_s(request, writer):
            refused = {"error": "slow_down", "error_description": "Too many requests; ask later."}
            writer.write(
                exchange.reply(HTTPStatus.TOO_MANY_REQUESTS, {**refused}, again_s=math.ceil(wait_s))
            )
        else:
            loop = asyncio.get_running_loop()
            status, content = await loop.run_in_executor(self._pool, answer, request, self._clock)
            writer.write(exchange.reply(status, content))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _wait_s(self, request: Request, writer: asyncio.StreamWriter) -> float:
        """How long whoever asks for a token must wait; a proxy says who it is."""
        if request.path != PATH:
            return 0.0
        near = str((writer.get_extra_info("peername") or ("",))[0])
        behind_proxy = writer.get_extra_info("ssl_object") is None
        address = request.forwarded if behind_proxy and request.forwarded else near
        return self._throttle.wait_s(address, request.client_id, self._clock().timestamp())

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near_reader, near_writer = await asyncio.open_unix_connection(self._grpc_socket)
        ways = (
            asyncio.ensure_future(_piped(reader, near_writer)),
            asyncio.ensure_future(_piped(near_reader, writer)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            near_writer.transport.abort()


async def _piped(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """What comes goes on, until nothing comes."""
    while data := await asyncio.wait_for(source.read(_PIECE), _SILENT_S):
        sink.write(data)
        await sink.drain()
    with contextlib.suppress(OSError):
        await sink.drain()
