"""Tell others what a sync has changed: a command with JSON on its input, or a signed webhook.

Owns the way out and nothing else: what changed is told by `changes`, and when to tell is up to
`schedule`. A notice that cannot be delivered is reported to the caller and never stops a sync.

Speaks HTTP, to the one address that the operator named, and never to Notion: a webhook carries no
token of Notion, so it must not share a client with requests that do.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import shlex
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, Final, Self
from urllib.parse import urlsplit

import httpx2
import stamina

from rolecall.errors import BadConfig, Error, Refused, Unreachable

__all__ = ["Command", "Webhook", "signature"]

COMMAND_S: Final = 300.0
"""How long a command may take."""

GRACE_S: Final = 5.0
"""Between asking a command to end and ending it."""

LAST_WORDS_S: Final = 1.0
"""For what an ended command has written, if somebody still holds its output open."""

SHOWN: Final = 2000
"""Bytes of a failed command's last words that we repeat."""

ATTEMPTS: Final = 5
ANSWER_S: Final = 20.0
"""How long the receiver may take to answer once."""

_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 65)
"""Standard Webhooks, "Webhook secrets": from 24 to 64 random bytes."""

_HERE: Final = {"localhost", "127.0.0.1", "::1"}

Hide = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program that is run with the changes on its standard input; no shell sees it."""

    words: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    """Everything it gets to know; without secrets."""

    hide: Hide
    """Takes secrets out of what it says."""

    limit_s: float = COMMAND_S

    @classmethod
    def parsed(cls, text: str, *, environ: Mapping[str, str], hide: Hide) -> Self:
        """From a command line.

        Raises:
            BadConfig: it is empty, or a quote is open.
        """
        try:
            words = tuple(shlex.split(text))
        except ValueError as error:
            raise BadConfig(f"--on-change: {error}.", hint="Close every quote.") from error
        if not words:
            raise BadConfig("--on-change: there is no command.")
        return cls(words=words, environ=environ, hide=hide)

    async def run(self, changes: IO[bytes]) -> None:
        """Run it to its end.

        Args:
            changes: what it reads, from the beginning; a file, so that it need not read at all.

        Raises:
            BadConfig: there is no such program.
            Refused: it ended with another status than 0, or took too long.
        """
        changes.seek(0)
        async with _listening() as (output, last_words):
            process = await self._start(changes, output)
            try:
                status = await asyncio.wait_for(process.wait(), self.limit_s)
            except TimeoutError as error:
                took = f"The command took longer than {self.limit_s:.0f} seconds."
                raise Refused(took) from error
            finally:
                await _end(process)
        if status:
            told = self.hide(bytes(last_words).decode("utf-8", "replace").strip())
            raise Refused(f"The command ended with status {status}.", hint=told)

    async def _start(self, changes: IO[bytes], output: int) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self.words,
                stdin=changes,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.environ),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise BadConfig(f"The command {self.words[0]} cannot be run ({error}).") from error
        finally:
            os.close(output)


@asynccontextmanager
async def _listening() -> AsyncIterator[tuple[int, bytearray]]:
    """A pipe to write to, to be closed by whoever gets it, and the last that was written to it.

    Ours and not the process's: asyncio takes a process for running as long as anybody, such as a
    child that goes on in the background, holds the process's own pipe.
    """
    kept = bytearray()
    stream = asyncio.StreamReader()
    readable, writable = os.pipe()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(readable, "rb", 0)
    )
    reading = asyncio.ensure_future(_keep_the_end(stream, kept))
    try:
        yield writable, kept
        with suppress(TimeoutError):
            await asyncio.wait_for(reading, LAST_WORDS_S)
    finally:
        reading.cancel()
        transport.close()


async def _keep_the_end(stream: asyncio.StreamReader, kept: bytearray) -> None:
    while piece := await stream.read(65536):
        kept += piece
        del kept[:-SHOWN]


async def _end(process: asyncio.subprocess.Process) -> None:
    """If it still runs, end it and whatever it has started, asking first."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that gets signed messages (Standard Webhooks 1.0)."""

    url: str = field(repr=False)
    """May hold a secret of the receiver in its path, so it is not shown."""

    key: bytes = field(repr=False)
    ca_file: Path | None = None
    user_agent: str
    first_wait_s: float = 1.0

    @classmethod
    def parsed(cls, url: str, secret: str, *, ca_file: Path | None, user_agent: str) -> Self:
        """From a setting and its secret.

        Raises:
            BadConfig: the address or the secret is unfit.
        """
        try:
            parts = urlsplit(url)
            safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
            usable = bool(parts.hostname and httpx2.URL(url).host) and parts.port != 0
        except (ValueError, httpx2.InvalidURL) as error:
            raise BadConfig("--webhook: that is no address.") from error
        if not (safe and usable) or parts.username or parts.password:
            raise BadConfig(
                "--webhook: the address must begin with https:// and hold no user name.",
                hint="Only to this machine itself (localhost) is http:// allowed.",
            )
        return cls(url=url, key=_key(secret), ca_file=ca_file, user_agent=user_agent)

    @property
    def host(self) -> str:
        """Whom it is sent to, for logs."""
        return urlsplit(self.url).hostname or ""

    async def post(self, body: bytes, *, message_id: str, now: Callable[[], datetime]) -> None:
        """Send a message until it is taken, under one id, so that the receiver can tell.

        Raises:
            Unreachable: nobody took it, after some tries.
            Refused: they do not want it, or send us elsewhere.
        """
        trust = ssl.create_default_context()
        if self.ca_file:
            trust.load_verify_locations(cafile=self.ca_file)
        async with httpx2.AsyncClient(
            verify=trust, timeout=ANSWER_S, follow_redirects=False
        ) as http:
            async for attempt in stamina.retry_context(
                on=Unreachable,
                attempts=ATTEMPTS,
                timeout=None,
                wait_initial=self.first_wait_s,
                wait_max=30.0,
                wait_jitter=self.first_wait_s,
            ):
                with attempt:
                    await self._once(http, body, message_id, now())

    async def _once(
        self, http: httpx2.AsyncClient, body: bytes, message_id: str, now: datetime
    ) -> None:
        seconds = int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": self.user_agent,
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self.key, message_id, seconds, body),
        }
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                http.stream("POST", self.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code  # what else they say does not matter
        except (httpx2.TransportError, TimeoutError) as error:
            raise Unreachable(f"{self.host} did not answer ({type(error).__name__}).") from error
        if (fault := _judged(status, self.host)) is not None:
            raise fault


def signature(key: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """The header `webhook-signature` (Standard Webhooks, "Signature scheme").

    Args:
        key: the secret's bytes.
        message_id: the same in every try.
        seconds: the time of this try, since 1970.
        body: exactly what is sent.
    """
    signed = b".".join((message_id.encode(), str(seconds).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    """The bytes of a secret, which has the form that all libraries for receivers read."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise BadConfig(
            "--webhook needs a secret: BATON_WEBHOOK_SECRET, or BATON_WEBHOOK_SECRET_FILE.",
            hint=f"It is {_PREFIX} and the base64 of 24 to 64 random bytes.",
        )
    return key


def _judged(status: int, host: str) -> Error | None:
    """What an answer means: taken, try again, or no."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Refused(
            f"{host} answered {status}, a redirect, which is not followed.",
            hint="Give the final address with --webhook.",
        )
    if status == HTTPStatus.GONE:  # Standard Webhooks: the receiver wants no more
        return Refused(f"{host} answered 410: it wants no messages any more.")
    return Unreachable(f"{host} answered {status}.")
