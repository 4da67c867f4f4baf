"""Whether an unattended connector lives, is ready, and reaches Notion; and its metrics.

Owns a small HTTP server that answers GET and HEAD; who asks it is `probe`. Serves no data of the
workspace, needs no credential, and takes none.

HTTP is read by h11, which httpx2 brings along: its parser bounds the headers and is kept by people
who know the protocol. A web framework would be too much for four pages. One connection is one
request, so that nobody can hold on to one; a slow client only delays itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import h11

from rolecall.connector import log
from rolecall.connector.job import Job, connect
from rolecall.connector.metrics import CONTENT_TYPE, Metrics
from rolecall.errors import BadConfig, Error
from rolecall.notion.client import Client, Patience
from rolecall.notion.scim import users_path
from rolecall.notion.workspace import RestWorkspace, ScimWorkspace

__all__ = ["Vitals", "ask_notion", "health_of", "health_server"]

QUESTION_S: Final = 30.0
"""How long Notion may take to answer for /health."""

SAME_S: Final = 2.0
"""An answer of Notion holds for so long, so that nobody can make us flood it."""

REQUEST_S: Final = 5.0
"""How long a client may take to say what it wants, and again to read the answer."""

MAX_HEAD: Final = 8192
MAX_CLIENTS: Final = 32

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Page:
    """What is answered."""

    status: HTTPStatus
    body: bytes
    kind: str = "application/json"


@dataclass(slots=True, kw_only=True)
class Vitals:
    """What the server tells about us; whoever works keeps it up to date."""

    now: Now
    metrics: Metrics
    question: Callable[[], Awaitable[None]]
    """Asks Notion something cheap; raises `Error` if there is no good answer."""

    ready: bool = False
    """Whether the first hello was heard, or the first sync has ended well."""

    stopping: bool = False
    limit_s: float = QUESTION_S
    _asked: "asyncio.Task[str] | None" = None
    _good_until: float = 0.0

    async def page(self, path: str) -> _Page:
        """The answer for a path."""
        match path.partition("?")[0]:
            case "/live":
                return self._told("alive")
            case "/ready":
                why = "it stops" if self.stopping else "" if self.ready else "nothing is done yet"
                return self._told("not_ready" if why else "ready", why)
            case "/health":
                why = await self._trouble()
                return self._told("unhealthy" if why else "healthy", why)
            case "/metrics":
                return _Page(HTTPStatus.OK, self.metrics.render(), CONTENT_TYPE)
            case _:
                return _plain(HTTPStatus.NOT_FOUND)

    def _told(self, status: str, why: str = "") -> _Page:
        """The Go runner's JSON: status, time, details."""
        said = {
            "status": status,
            "timestamp": self.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "details": {"error": log.clean(why)} if why else {},
        }
        code = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
        return _Page(code, json.dumps(said).encode())

    async def _trouble(self) -> str:
        """Why Notion cannot be used; all who ask at one time get the same answer."""
        clock = asyncio.get_running_loop().time
        if self._asked is None or (self._asked.done() and clock() >= self._good_until):
            self._asked = asyncio.ensure_future(self._ask())
        why = await asyncio.shield(self._asked)
        if clock() >= self._good_until:
            self._good_until = clock() + SAME_S
        return why

    async def _ask(self) -> str:
        try:
            await asyncio.wait_for(self.question(), self.limit_s)
        except TimeoutError:
            return f"Notion did not answer within {self.limit_s:g} seconds."
        except Error as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a defect must show, and must not end the server
            return f"A defect in the connector ({type(error).__name__})."
        return ""

    async def end(self) -> None:
        """Ask Notion nothing more."""
        if self._asked:
            self._asked.cancel()
            await asyncio.gather(self._asked, return_exceptions=True)


@asynccontextmanager
async def health_server(host: str, port: int, vitals: Vitals) -> AsyncIterator[int]:
    """Serve while inside.

    Args:
        host: the address to listen on.
        port: the port; 0 for any free one.
        vitals: what to tell.

    Yields:
        The port.

    Raises:
        BadConfig: nobody can listen there.
    """
    serving = _Serving(vitals)
    try:
        server = await asyncio.start_server(serving.one, host, port)
    except (OSError, OverflowError) as error:
        raise BadConfig(
            f"The health checks cannot be served on {host}, port {port} ({error}).",
            hint="Choose with --health-check-bind-address and --health-check-port.",
        ) from error
    found = int(server.sockets[0].getsockname()[1])
    log.info("health checks are served", address=host, port=found)
    try:
        yield found
    finally:
        server.close()
        await serving.end()
        await vitals.end()


@asynccontextmanager
async def health_of(values: Mapping[str, Any], vitals: Vitals) -> AsyncIterator[None]:
    """`health_server` if and where the flags say so."""
    if not values.get("health_check"):
        yield
        return
    host, port = values["health_check_bind_address"], values["health_check_port"]
    async with health_server(host, port, vitals):
        yield


async def ask_notion(job: Job, now: Now, client: Client | None = None) -> None:
    """Ask Notion the cheapest question that needs a valid credential.

    Args:
        job: with which credentials, and where.
        now: the clock.
        client: an open connection to SCIM to use instead of one of our own.

    Raises:
        Error: it cannot be used.
    """
    access = job.scim or job.rest
    if access is None:
        raise BadConfig("There is no credential.")
    if job.scim and client:
        await ScimWorkspace(client.hurried(), notice=_ignore).count(users_path())
        return
    once = replace(job.travel, patience=Patience(attempts=2, total_s=QUESTION_S / 2))
    async with connect(access, once, now, rest=job.scim is None) as own:
        if job.scim:
            await ScimWorkspace(own, notice=_ignore).count(users_path())
        else:
            await RestWorkspace(own, notice=_ignore).me()


def _ignore(_notice: str) -> None:
    """Oddities are told by syncs."""


@dataclass(slots=True)
class _Serving:
    """The connections of the moment."""

    vitals: Vitals
    clients: "set[asyncio.Task[None]]" = field(default_factory=set)

    def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came."""
        if len(self.clients) >= MAX_CLIENTS:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._answer(reader, writer))
        self.clients.add(task)
        task.add_done_callback(self.clients.discard)

    async def end(self) -> None:
        """Hang up on everybody."""
        for task in self.clients:
            task.cancel()
        await asyncio.gather(*self.clients, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        try:
            async with asyncio.timeout(REQUEST_S):
                asked = await _request(connection, reader)
            if asked is not None:
                page = await self._page(asked)
                with_body = isinstance(asked, HTTPStatus) or asked.method != b"HEAD"
                async with asyncio.timeout(REQUEST_S):
                    writer.write(_written(connection, page, with_body=with_body))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        except (OSError, TimeoutError):
            return  # they have gone, or were too slow
        finally:
            # A client that does not read must not keep what we wrote.
            writer.transport.abort()

    async def _page(self, asked: h11.Request | HTTPStatus) -> _Page:
        if isinstance(asked, HTTPStatus):
            return _plain(asked)
        if asked.method not in {b"GET", b"HEAD"}:
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED)
        return await self.vitals.page(asked.target.decode("latin-1"))


async def _request(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> h11.Request | HTTPStatus | None:
    """The request's head; a status if it is none; None if they hung up."""
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            return HTTPStatus(error.error_status_hint)
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        connection.receive_data(await reader.read(MAX_HEAD))


def _written(connection: h11.Connection, page: _Page, *, with_body: bool) -> bytes:
    headers = [
        ("content-type", page.kind),
        ("content-length", str(len(page.body))),
        ("cache-control", "no-store"),
        ("connection", "close"),
    ]
    if page.status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("allow", "GET, HEAD"))
    response = h11.Response(
        status_code=page.status, headers=headers, reason=page.status.phrase.encode()
    )
    body = [h11.Data(data=page.body)] if with_body else []
    parts: tuple[h11.Event, ...] = (response, *body, h11.EndOfMessage())
    return b"".join(connection.send(part) or b"" for part in parts)


def _plain(status: HTTPStatus) -> _Page:
    return _Page(status, f"{status.phrase}\n".encode(), "text/plain; charset=utf-8")
