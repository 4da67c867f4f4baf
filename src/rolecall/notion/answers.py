"""What an HTTP answer means: data, or one of our errors. Decides on the status, survives any body.

Notion publishes no error bodies for SCIM, and a proxy may answer in its place with HTML
(Notion: N-125, N-128), so a body only ever adds words to a decision that the status has made.
Performs no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import msgspec

from rolecall.errors import (
    BadConfig,
    BadToken,
    Conflict,
    Error,
    Gone,
    Invalid,
    NotAllowed,
    NotionBroken,
    RateLimited,
    Unreachable,
    WrongPlan,
)

__all__ = ["Answer", "data_of", "error_of", "retry_after_s"]

MAX_WORDS: Final = 200
"""Characters of a foreign message that we repeat."""

SLOW_DOWN: Final = {HTTPStatus.TOO_MANY_REQUESTS, 529}
"""529 is Notion's own number for overload (Notion: N-158)."""

PASSING: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Client errors that are about the moment, not about the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, its body read whole and already limited in size."""

    status: int
    body: bytes | bytearray
    url: str
    """Without credentials; fit for a message."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


def data_of(answer: Answer, *, asked_for: str, now: datetime) -> bytes | bytearray:
    """The body of a successful answer that claims to be JSON.

    Args:
        answer: what came back.
        asked_for: what we wanted, in words ("the members from 100 on").
        now: for a Retry-After given as a date.

    Raises:
        Error: what `error_of` says.
    """
    if (error := error_of(answer, asked_for=asked_for, now=now)) is not None:
        raise error
    return answer.body


def error_of(answer: Answer, *, asked_for: str, now: datetime) -> Error | None:
    """The error that this answer stands for, or None if it is usable."""
    if answer.status // 100 == 2:  # noqa: PLR2004 - the class of success
        return None if _is_json(answer) else _not_json(answer, asked_for)
    if answer.status // 100 == 3:  # noqa: PLR2004 - the class of redirection
        return _redirected(answer, asked_for)
    return _refused(answer, asked_for) or _later(answer, asked_for, now)


def _refused(answer: Answer, asked_for: str) -> Error | None:
    """What a 4xx means that will be the same when repeated; None for all others."""
    said = _words(answer)
    at = f"Notion answered {answer.status} when asked for {asked_for}{said}."
    known: dict[int, Error] = {
        401: BadToken(
            f"Notion does not accept the token (401){said}.",
            hint="It was revoked, or its maker left or changed role: "
            "an organization owner must make a new one (Manage organization > General > SCIM).",
        ),
        403: _forbidden(answer, said),
        404: Gone(at, hint=f"If this is a whole listing, check the base URL: {answer.url}"),
        409: Conflict(at),
        501: NotAllowed(at, hint="This server does not offer it."),
    }
    if answer.status in known:
        return known[answer.status]
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and (
        answer.status not in PASSING
    ):
        return Invalid(at)
    return None


def _forbidden(answer: Answer, said: str) -> Error:
    if _is_html(answer):
        # Not `WrongPlan`: a firewall's page must not send us to the accounts-only way.
        return NotAllowed(
            "Something before Notion forbids the request (403 with a web page for an answer).",
            hint="A proxy or firewall answered, not Notion: ask whoever runs it, "
            f"and try this address from another network: {answer.url}",
        )
    return WrongPlan(
        f"Notion knows the token and forbids the request (403){said}.",
        hint="SCIM needs the Enterprise plan, and a REST key needs the capability "
        "'read user information'.",
    )


def _later(answer: Answer, asked_for: str, now: datetime) -> Error:
    said = _words(answer)
    if answer.status in SLOW_DOWN:
        wait = retry_after_s(answer.headers.get("retry-after", ""), now=now)
        return RateLimited(
            f"Notion asks us to slow down ({answer.status}){said}.",
            retry_after_s=wait,
            hint="Try again later." if wait is None else f"Try again in {wait:.0f} seconds.",
        )
    if answer.status == HTTPStatus.REQUEST_TIMEOUT:
        return Unreachable(f"Notion gave up waiting for our request for {asked_for} (408).")
    proxy = ", with a web page for an answer: probably a proxy" if _is_html(answer) else ""
    return NotionBroken(
        f"Notion answered {answer.status} when asked for {asked_for}{proxy}{said}.",
        hint="It is usually passing; try again later.",
    )


def _redirected(answer: Answer, asked_for: str) -> Error:
    """We follow no redirect: the token must not travel to where it was not meant to go."""
    return BadConfig(
        f"Asked for {asked_for}, {answer.url} sends us to another address ({answer.status}).",
        hint="The token goes only to the address you configured: set --base-url to the right one.",
    )


def _not_json(answer: Answer, asked_for: str) -> Error:
    what = "a web page" if _is_html(answer) else "something that is not JSON"
    return NotionBroken(
        f"Asked for {asked_for}, we got {what} with status {answer.status}.",
        hint=f"A proxy or a login page may stand before Notion: open {answer.url} to see it.",
    )


def _is_json(answer: Answer) -> bool:
    """A body counts as JSON if it begins like an object: content types lie (Notion: N-025)."""
    return (
        bytes(answer.body[:64]).lstrip()[:1] == b"{" or bytes(answer.body[:64]).lstrip()[:1] == b"["
    )


def _is_html(answer: Answer) -> bool:
    return _first(answer) == b"<" or "html" in answer.headers.get("content-type", "")


def _first(answer: Answer) -> bytes:
    return bytes(answer.body[:64]).lstrip()[:1]


class _Detail(msgspec.Struct):
    """The sentence of a SCIM (`detail`) or REST (`message`) error body."""

    detail: str = ""
    message: str = ""


def _words(answer: Answer) -> str:
    """What the body says, if it is one of the two forms of error that we know; else nothing."""
    try:
        body = msgspec.json.decode(answer.body, type=_Detail)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    words = " ".join((body.detail or body.message).split())
    return f': "{words[:MAX_WORDS]}"' if words else ""


def retry_after_s(value: str, *, now: datetime) -> float | None:
    """Seconds to wait as said by a Retry-After header, never negative; None if it says nothing.

    RFC 9110 §10.2.3: whole seconds or an HTTP date.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError):
        return None
