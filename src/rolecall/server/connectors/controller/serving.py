"""The controller's process: a gRPC server, the front before it, and an end in good order.

With TLS, both are behind one port. Without (behind a proxy that has it), each has a port of its
own: the proxy sends `/auth/v1/token` to the one, and everything else, as HTTP/2, to the other.
"""

import asyncio
import signal
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from rolecall.errors import BadConfig
from rolecall.server.connectors.controller.front import Front, load, tls
from rolecall.server.connectors.controller.service import serve_calls
from rolecall.server.connectors.controller.threads import end

__all__ = ["Place", "Ports", "run", "serving"]

_TOKENS_AT_ONCE: Final = 4
_ANEW_EACH_S: Final = 3600.0
"""A certificate is replaced on disk long before the one before it ends."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where to listen, each as `host:port`; port 0 is any."""

    bind: str = ""
    """TLS, for everything."""
    certificate: str = ""
    key: str = ""
    token_bind: str = ""
    """Without TLS: the token endpoint."""
    grpc_bind: str = ""
    """Without TLS: gRPC."""

    @property
    def split(self) -> bool:
        """Whether a proxy has the TLS."""
        return bool(self.token_bind)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where we listen."""

    front: int
    """TLS; or the token endpoint."""
    grpc: int = 0
    """Of a split one."""


def run(place: Place, clock: Callable[[], datetime]) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        BadConfig: certificate or key are unusable.
        OSError: the port is taken.
    """
    asyncio.run(_run(place, clock))


async def _run(place: Place, clock: Callable[[], datetime]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with serving(place, clock) as ports:
        log.info("controller_ready", port=ports.front, grpc=ports.grpc or None)
        await stopping.wait()


@asynccontextmanager
async def serving(place: Place, clock: Callable[[], datetime]) -> AsyncIterator[Ports]:
    """Serve in this loop until the context ends."""
    context = None if place.split else tls(place.certificate, place.key)
    with _folder() as folder, _pool() as pool:
        socket = folder / "grpc.sock"
        calls, port = await asyncio.to_thread(
            serve_calls, place.grpc_bind or f"unix:{socket}", clock
        )
        front = Front(socket, clock, pool)
        try:
            host, _, number = (place.token_bind or place.bind).rpartition(":")
            found = await front.start(host.strip("[]"), int(number), context)
            with _renewed(context, place):
                yield Ports(front=found, grpc=port if place.split else 0)
        finally:
            await front.stop()
            await asyncio.to_thread(calls.stop)


@contextmanager
def _renewed(context: ssl.SSLContext | None, place: Place) -> Iterator[None]:
    """Read the certificate's files again each hour; what is unusable leaves what there was."""
    handle: asyncio.TimerHandle | None = None

    def again() -> None:
        nonlocal handle
        if context is not None:
            try:
                load(context, place.certificate, place.key)
            except BadConfig as error:
                log.warning("certificate_unusable", why=str(error))
        handle = asyncio.get_running_loop().call_later(_ANEW_EACH_S, again)

    again()
    try:
        yield
    finally:
        if handle is not None:
            handle.cancel()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that only we can enter: whoever reaches the socket in it skips TLS."""
    with tempfile.TemporaryDirectory(prefix="rolecall-controller-") as name:
        yield Path(name)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that ask the database, and leave no connection to it open."""
    pool = ThreadPoolExecutor(_TOKENS_AT_ONCE, thread_name_prefix="tokens")
    try:
        yield pool
    finally:
        end(pool, _TOKENS_AT_ONCE)
