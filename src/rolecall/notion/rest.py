"""The users part of Notion's public REST API: its requests, and what each answer means. No I/O.

It knows accounts, and neither roles nor groups (Notion: N-146).
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from rolecall.errors import BadRecord, NotionBroken
from rolecall.notion.model import Bot, Email, Member

__all__ = ["ME_PATH", "NOTION_VERSION", "USERS_PATH", "Me", "UsersPage", "me", "users_page"]

NOTION_VERSION: Final = "2022-06-28"
"""The users endpoints have had one shape since this version (Notion: N-151)."""

USERS_PATH: Final = "/users"
ME_PATH: Final = "/users/me"

Body: TypeAlias = bytes | bytearray


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersPage:
    """One page of the listing of users."""

    rows: tuple[Member | Bot | BadRecord, ...]
    """Bad records are named by number within the page."""

    next_cursor: str | None
    """Where the next page begins; None on the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The integration that a key belongs to."""

    bot_name: str
    workspace_id: str
    workspace_name: str


class _Person(msgspec.Struct):
    email: str | None = None


class _User(msgspec.Struct):
    id: str
    name: str | None = None
    type: str | None = None
    person: _Person | None = None


class _List(msgspec.Struct):
    results: list[msgspec.Raw]
    has_more: bool = False
    next_cursor: str | None = None


class _BotFacts(msgspec.Struct):
    workspace_id: str | None = None
    workspace_name: str | None = None


class _Me(msgspec.Struct):
    name: str | None = None
    bot: _BotFacts | None = None


_LIST: Final = msgspec.json.Decoder(_List)
_USER: Final = msgspec.json.Decoder(_User)


def users_page(body: Body) -> UsersPage:
    """People and bots on one page.

    Raises:
        NotionBroken: the body is no list, or it promises more and does not say where.
    """
    try:
        page = _LIST.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotionBroken(f"A page from Notion is damaged ({error}).") from error
    if page.has_more and not page.next_cursor:
        raise NotionBroken("Notion promises more users and does not say where they are.")
    rows = tuple(_account(raw, f"user {i + 1} of a page") for i, raw in enumerate(page.results))
    return UsersPage(rows=rows, next_cursor=page.next_cursor if page.has_more else None)


def me(body: Body) -> Me:
    """Whose key this is.

    Raises:
        NotionBroken: the body is not a user.
    """
    try:
        user = msgspec.json.decode(body, type=_Me)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotionBroken(f"Notion's answer about the key is damaged ({error}).") from error
    bot = user.bot or _BotFacts()
    return Me(
        bot_name=user.name or "",
        workspace_id=bot.workspace_id or "",
        workspace_name=bot.workspace_name or "",
    )


def _account(raw: msgspec.Raw, where: str) -> Member | Bot | BadRecord:
    try:
        user = _USER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return BadRecord(where, str(error))
    if not user.id or user.type not in {"person", "bot"}:
        return BadRecord(where, f"it is neither a person nor a bot ({user.type})")
    email = (user.person.email if user.person else None) or ""
    known: dict[str, Any] = {
        "id": user.id,
        "user_name": email,
        "display_name": (user.name or "").strip() or email or user.id,
        "emails": (Email(address=email, primary=True),) if email else (),
    }
    return Bot(**known) if user.type == "bot" else Member(**known)
