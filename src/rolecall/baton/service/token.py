"""Access tokens: fetched with an assertion, and renewed well before the old one ends."""

import asyncio
import secrets
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx2
import msgspec

from rolecall.baton.service.credentials import Credentials, token_form
from rolecall.errors import BadToken, NotionBroken, Unreachable

__all__ = ["Tokens"]

EARLY: Final = 0.2
"""Share of a token's life before its end at which the next one is fetched, without a gap."""

LEAST_LIFE_S: Final = 1.0
TIMEOUT_S: Final = 30.0
MAX_BODY: Final = 64 * 1024


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class Tokens:
    """The access token of the moment; safe to be asked by many tasks at once.

    Args:
        credentials: ours.
        trust: whom to believe that they are the controller.
        now: the time, with zone.
        user_agent: what we call ourselves.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        trust: ssl.SSLContext,
        now: Callable[[], datetime],
        user_agent: str,
    ) -> None:
        self._credentials = credentials
        self._trust = trust
        self._now = now
        self._user_agent = user_agent
        self._lock = asyncio.Lock()
        self._token = ""
        self._renew_at = 0.0

    async def current(self) -> str:
        """A token that is valid for a while yet.

        Raises:
            BadToken: the controller does not accept our credentials.
            Retry: it could not be asked.
        """
        async with self._lock:
            clock = asyncio.get_running_loop().time
            if not self._token or clock() >= self._renew_at:
                asked_at = clock()
                token = await self._fetch()
                life = max(token.expires_in * (1 - EARLY), LEAST_LIFE_S)
                self._token, self._renew_at = token.access_token, asked_at + life
            return self._token

    def refused(self, token: str) -> None:
        """The controller did not accept this token; the next question fetches another."""
        if token == self._token:
            self._token = ""

    async def _fetch(self) -> _Token:
        url = self._credentials.token_url
        form = token_form(self._credentials, now=self._now(), nonce=secrets.token_hex(16))
        try:
            async with httpx2.AsyncClient(verify=self._trust, timeout=TIMEOUT_S) as http:
                answer = await http.post(url, data=form, headers={"User-Agent": self._user_agent})
        except httpx2.TransportError as error:
            raise Unreachable(
                f"No answer from the controller at {url} ({type(error).__name__}: {error}).",
                hint="Check BATON_C1_API_HOST, the network, and --ca-file for a private CA.",
            ) from error
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise NotionBroken(f"The controller answered {answer.status_code} to our credentials.")
        if answer.status_code != httpx2.codes.OK:
            raise BadToken(
                f"The controller does not accept our credentials ({answer.status_code}).",
                hint="Rotate them on the connector's page, and set BATON_CLIENT_ID and "
                "BATON_CLIENT_SECRET anew; check this machine's clock.",
            )
        try:
            return msgspec.json.decode(answer.content[:MAX_BODY], type=_Token)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotionBroken("The controller's answer with our token is damaged.") from error
