"""The one socket to Notion: send, time out, slow down, retry, bound.

Owns the HTTP connection and nothing else; what to send and what an answer means is in `scim` and
`rest`. There is no cache: the Go connector's made a revoke report success and do nothing.
Redirects are never followed, so the token goes nowhere but to the configured address.
"""

import asyncio
import copy
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2
import stamina
import stamina.instrumentation

from rolecall.errors import (
    BadConfig,
    Error,
    NotAllowed,
    NotionBroken,
    RateLimited,
    Retry,
    Unfinished,
    Unreachable,
    WrongPlan,
)
from rolecall.notion.answers import Answer, data_of, error_of
from rolecall.notion.changes import Change
from rolecall.notion.pacing import Pace, PaceLimits

__all__ = ["Client", "Connection", "Counters", "Patience", "Sent"]

Result = TypeVar("Result")

MAX_BODY: Final = 128 * 1024 * 1024
"""Bytes of one answer, unpacked; the largest that we know of, a group of 100,000, has 13 MB."""

URGENT: Final = 4
"""Connections beside those of the workers, so that a change never waits for a page to arrive."""

CONNECT_S: Final = 15.0
"""Seconds that making a connection may take, whatever an answer may take."""

# stamina's own hook would log each retry with the exception's arguments; we count instead.
stamina.instrumentation.set_on_retry_hooks([])


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we try again; capped in attempts and in time."""

    attempts: int = 8
    total_s: float = 300.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where Notion is, and how to reach it."""

    base_url: str
    token: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: PaceLimits = field(default_factory=PaceLimits)
    patience: Patience = field(default_factory=Patience)
    workers: int = 8
    """Requests under way at once, at most."""

    timeout_s: float = 60.0
    ca_file: Path | None = None
    """Certificates to trust beside the system's, as PEM."""


@dataclass(slots=True)
class Counters:
    """What the run cost."""

    requests: int = 0
    retries: int = 0
    complaints: int = 0
    """Answers 429 and 529."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A change that Notion said yes to."""

    status: int
    body: bytes
    """The changed record, if Notion sent one; fit for finding an id, never for proof."""


class Client:
    """Requests to one Notion address with one token.

    Args:
        connection: where and how.
        clock: the time now, with zone; Retry-After may be a date.
        user_agent: what we call ourselves.
    """

    def __init__(
        self, connection: Connection, *, clock: Callable[[], datetime], user_agent: str
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._urgent = False
        self.pace = Pace(connection.pace)
        self.counters = Counters()
        try:
            self._http = _open(connection, user_agent)
        except ImportError as error:
            raise BadConfig(
                "A SOCKS proxy is set (ALL_PROXY, HTTPS_PROXY or HTTP_PROXY), which we cannot use.",
                hint="Set an http:// proxy, or name Notion's host in NO_PROXY.",
            ) from error
        except OSError as error:
            raise BadConfig(
                f"The certificates of SSL_CERT_FILE or SSL_CERT_DIR are unusable ({error}).",
                hint="They must be PEM; --ca-file names one beside the system's.",
            ) from error
        except (httpx2.InvalidURL, ValueError) as error:
            # The token cannot be in the text: it is a header, checked apart by the settings.
            raise BadConfig(f"The address {connection.base_url} is unusable ({error}).") from error

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        closing = asyncio.ensure_future(self._http.__aexit__(kind, error, trace))
        try:
            await asyncio.shield(closing)  # a cancellation must not leave connections open
        finally:
            await closing

    def hurried(self) -> "Client":
        """The same connection and pace, for requests that go before all others."""
        other = copy.copy(self)
        other._urgent = True  # noqa: SLF001 - our own kind
        return other

    def with_token(self, token: str) -> "Client":
        """The same connection and pace, with another token for the same workspace."""
        other = copy.copy(self)
        other._connection = replace(self._connection, token=token)  # noqa: SLF001 - our own kind
        return other

    async def get(
        self,
        path: str,
        read: Callable[[bytes | bytearray], Result],
        *,
        asked_for: str,
        params: Mapping[str, str | int] | None = None,
    ) -> Result:
        """Ask until there is an answer that `read` understands, or patience ends.

        Args:
            path: below the base URL.
            read: turns the body into a value; raises `NotionBroken` if it is damaged.
            asked_for: in words, for messages.
            params: the query.

        Raises:
            Retry: patience ended; the last error.
            Error: any other error of `answers.error_of`, at once.
        """
        return await self._patiently(
            lambda: self._once(path, read, asked_for, params or {}), worth=Retry
        )

    async def send(self, change: Change) -> Sent:
        """Ask Notion to change something, once.

        Only a request that Notion refused to look at (429, 529) is sent again. Whatever leaves the
        effect open is raised, and whoever asked must look: a repeated request is not harmless as
        long as nobody knows what became of the first.

        Args:
            change: what to send.

        Returns:
            What a success said. It is not yet known to be so: look.

        Raises:
            Retry: no usable answer; it may have happened or not.
            Error: any other error of `answers.error_of`; it has not happened.
        """
        return await self._patiently(lambda: self._send_once(change), worth=RateLimited)

    async def _patiently(
        self, once: Callable[[], Awaitable[Result]], *, worth: type[Retry]
    ) -> Result:
        """Do it again as long as the error is worth it and patience lasts."""
        patience = self._connection.patience
        clock = asyncio.get_running_loop().time
        deadline = clock() + patience.total_s
        async for attempt in stamina.retry_context(
            on=lambda error: _wait_before_retry(error, worth, deadline - clock()),
            attempts=patience.attempts,
            timeout=patience.total_s,
            wait_initial=patience.first_wait_s,
            wait_max=patience.longest_wait_s,
            wait_jitter=patience.first_wait_s,
        ):
            with attempt:
                self.counters.retries += attempt.num > 1
                return await once()
        raise AssertionError("unreachable: stamina returns or raises")  # pragma: no cover

    async def _turn(self) -> None:
        """Wait until we may ask; not for longer than our patience lasts.

        Raises:
            RateLimited: Notion has asked us to wait longer than that.
        """
        if (held := self.pace.held_s) > self._connection.patience.total_s:
            raise RateLimited(
                "Notion has asked us to slow down.",
                retry_after_s=held,
                hint=f"Try again in {held:.0f} seconds.",
            )
        await self.pace.turn(urgent=self._urgent)

    async def _send_once(self, change: Change) -> Sent:
        await self._turn()
        self.counters.requests += 1
        answer = await self._send(change.path, {}, method=change.method, body=change.body)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            self.pace.content()
            return Sent(status=answer.status, body=bytes(answer.body))
        error = error_of(answer, asked_for=change.words, now=self._clock())
        if isinstance(error, RateLimited):
            self.counters.complaints += 1
            self.pace.complained(error.retry_after_s)
        if isinstance(error, WrongPlan):  # reading works, so it is this change that is forbidden
            raise NotAllowed(error.what)
        raise error or AssertionError("an answer that is no success is an error")

    async def _once(
        self,
        path: str,
        read: Callable[[bytes | bytearray], Result],
        asked_for: str,
        params: Mapping[str, str | int],
    ) -> Result:
        await self._turn()
        self.counters.requests += 1
        answer = await self._send(path, params)
        try:
            value = read(data_of(answer, asked_for=asked_for, now=self._clock()))
        except RateLimited as error:
            self.counters.complaints += 1
            self.pace.complained(error.retry_after_s)
            raise
        self.pace.content()
        return value

    async def _send(
        self,
        path: str,
        params: Mapping[str, str | int],
        *,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        url = self._connection.base_url.rstrip("/") + path
        try:
            async with self._http.stream(
                method,
                path,
                params=params,
                json=body if body is None else dict(body),
                headers={"Authorization": f"Bearer {self._connection.token}"},
            ) as response:
                return Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=_without(self._connection.token, await _bounded(response, url)),
                    url=url,
                )
        except httpx2.TimeoutException as error:
            raise Unreachable(f"{url} did not answer in time ({type(error).__name__}).") from error
        except httpx2.TransportError as error:
            raise _unreachable(url, error) from error
        except httpx2.DecodingError as error:
            raise NotionBroken(f"The answer of {url} is packed and cannot be unpacked.") from error


def _open(connection: Connection, user_agent: str) -> httpx2.AsyncClient:
    headers = {
        "User-Agent": user_agent,
        "Accept": "application/scim+json, application/json",
        "Accept-Encoding": "gzip",  # one piece of zstd or brotli could become gigabytes
    }
    return httpx2.AsyncClient(
        base_url=connection.base_url.rstrip("/"),
        headers={**headers, **connection.headers},
        verify=_trust(connection.ca_file),
        timeout=httpx2.Timeout(connection.timeout_s, connect=min(connection.timeout_s, CONNECT_S)),
        limits=httpx2.Limits(max_connections=max(connection.workers, 1) + URGENT),
        follow_redirects=False,
    )


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """The certificates to trust: the system's (or SSL_CERT_FILE's), and those of `ca_file`."""
    if ca_file is None:
        return _usual_trust()
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(
            f"The CA file {ca_file} is unusable ({error}).", hint="It must hold PEM certificates."
        ) from error
    return context


@cache
def _usual_trust() -> ssl.SSLContext:
    """The system's, read once: a worker opens a client for each change, and this is a fifth of it.

    Whoever changes them starts the process again.
    """
    return httpx2.create_ssl_context()


def _unreachable(url: str, error: httpx2.TransportError) -> Error:
    if isinstance(error, httpx2.UnsupportedProtocol):
        return BadConfig(
            f"The address {url} is unusable.", hint="It must begin with https:// or http://."
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return BadConfig(
            f"{url} shows a certificate that we do not trust ({error}).",
            hint="If a proxy of your company inspects traffic, give its CA with --ca-file.",
        )
    return Unreachable(
        f"No answer from {url} ({type(error).__name__}: {error}).",
        hint="Check the network, the proxy settings and --base-url.",
    )


def _without(token: str, body: bytearray) -> bytearray:
    """The body, should it repeat the token, without it; nobody behind here can show it then."""
    for form in {token, json.dumps(token)[1:-1]}:
        if form and form.encode() in body:
            body = body.replace(form.encode(), b"[secret]")
    return body


async def _bounded(response: httpx2.Response, url: str) -> bytearray:
    """The body, unpacked piece by piece and never more than `MAX_BODY`."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_BODY:
            raise Unfinished(
                f"An answer of {url} is larger than {MAX_BODY // 2**20} MiB.",
                hint="Ask for smaller pages with --page-size.",
            )
    return body


def _wait_before_retry(error: Exception, worth: type[Retry], left_s: float) -> bool | float:
    """Whether to try again; the seconds to wait if Notion named them.

    A wait that is longer than our patience ends it at once: nobody is left hanging for a day.
    """
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        return error.retry_after_s if error.retry_after_s <= left_s else False
    return isinstance(error, worth)
