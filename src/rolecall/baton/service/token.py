"""Access tokens: fetched with an assertion, and renewed well before the old one ends."""

import asyncio
import secrets
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx2
import msgspec

from rolecall.baton.engine import Log
from rolecall.baton.service.credentials import Credentials, token_form
from rolecall.errors import BadToken, NotionBroken, Unreachable

__all__ = ["Tokens"]

EARLY: Final = 0.2
"""Share of a token's life before its end at which the next one is fetched, without a gap."""

AGAIN_S: Final = 5.0
"""Until the next try to renew a token that is good for a while yet."""

LATER: Final = frozenset({408, 425, 429})
"""Statuses that ask for patience, not for other credentials."""

LEAST_LIFE_S: Final = 1.0
TIMEOUT_S: Final = 30.0
CLOSE_S: Final = 2.0
MAX_BODY: Final = 64 * 1024


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class Tokens:
    """The access token of the moment; safe to be asked by many tasks at once.

    Args:
        credentials: gives ours as they are at the moment.
        trust: whom to believe that they are the controller.
        now: the time, with zone.
        user_agent: what we call ourselves.
        log: told what did not go smoothly.
    """

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        *,
        trust: ssl.SSLContext,
        now: Callable[[], datetime],
        user_agent: str,
        log: Log = lambda *_, **__: None,
    ) -> None:
        self._credentials = credentials
        self._trust = trust
        self._now = now
        self._headers = {"User-Agent": user_agent}
        self._log = log
        self._token = ""
        self._renew_at = self._ends_at = 0.0
        self._renewal: asyncio.Task[str] | None = None

    async def current(self) -> str:
        """A token that is valid for a while yet.

        Raises:
            BadToken: the controller does not accept our credentials.
            Retry: it could not be asked.
        """
        now = asyncio.get_running_loop().time()
        if not self._token or now >= self._ends_at:
            return await asyncio.shield(self._renewing())
        if now >= self._renew_at:
            self._renewing()  # the old one is used meanwhile, so nobody waits
        return self._token

    def _renewing(self) -> "asyncio.Task[str]":
        """The one renewal at a time; seen through even if whoever asked is gone.

        A connection that is cut off while TLS begins would be left to the garbage collector.
        """
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.ensure_future(self._renew())
            self._renewal.add_done_callback(self._look_at)
        return self._renewal

    def _look_at(self, ended: "asyncio.Future[str]") -> None:
        """Without a new token the old one does for some time; then ask again."""
        if ended.cancelled() or (error := ended.exception()) is None:
            return
        now = asyncio.get_running_loop().time()
        self._renew_at = now + AGAIN_S
        if self._token and now < self._ends_at:  # else whoever asked has the error, and tells it
            self._log("the access token could not be renewed yet", why=str(error))

    async def _renew(self) -> str:
        asked_at = asyncio.get_running_loop().time()
        token = await self._fetch()
        life = max(token.expires_in, LEAST_LIFE_S)
        self._token = token.access_token
        self._renew_at, self._ends_at = asked_at + life * (1 - EARLY), asked_at + life
        return self._token

    def refused(self, token: str) -> None:
        """The controller did not accept this token; the next question fetches another."""
        if token == self._token:
            self._token = ""

    async def close(self) -> None:
        """Wait for a renewal that is under way, though not for long."""
        if self._renewal is not None:
            await asyncio.wait((self._renewal,), timeout=CLOSE_S)
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    async def _fetch(self) -> _Token:
        credentials = self._credentials()
        url = credentials.token_url
        form = token_form(credentials, now=self._now(), nonce=secrets.token_hex(16))
        try:
            async with (
                httpx2.AsyncClient(verify=self._trust, timeout=TIMEOUT_S) as http,
                http.stream("POST", url, data=form, headers=self._headers) as answer,
            ):
                body = await _beginning(answer)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise Unreachable(
                f"No answer from the controller at {url} ({type(error).__name__}: {error}).",
                hint="Check BATON_C1_API_HOST, the network, and --ca-file for a private CA.",
            ) from error
        return _read(answer.status_code, answer.headers.get("content-type", ""), body)


async def _beginning(answer: httpx2.Response) -> bytes:
    """As much of the body as a token can need."""
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MAX_BODY:
            break
    return body


def _read(status: int, content_type: str, body: bytes) -> _Token:
    """What the token endpoint has said.

    Raises:
        BadToken: it does not accept us.
        NotionBroken: it, or a proxy before it, cannot answer now.
    """
    if status >= httpx2.codes.INTERNAL_SERVER_ERROR or status in LATER or "html" in content_type:
        raise NotionBroken(f"Instead of a token the controller, or a proxy, answered {status}.")
    if status != httpx2.codes.OK:
        raise BadToken(
            f"The controller does not accept our credentials ({status}).",
            hint="Rotate them on the connector's page, and set BATON_CLIENT_ID and "
            "BATON_CLIENT_SECRET anew; check this machine's clock.",
        )
    try:
        token = msgspec.json.decode(body, type=_Token, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotionBroken("The controller's answer with our token is damaged.") from error
    if not token.access_token.isascii() or not token.access_token.isprintable():
        raise NotionBroken("The controller's token is damaged.")
    return token
