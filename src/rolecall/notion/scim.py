"""Every SCIM request that we make of Notion, and what each answer means. Performs no I/O.

Reading is lenient record by record: one odd record loses itself, never its page
(Notion: N-052, N-053; records lack names, photos, role). Ids are data, never parsed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from rolecall.errors import BadRecord, NotionBroken
from rolecall.notion.model import Email, Group, Member

__all__ = [
    "MAX_PAGE",
    "NOTION_USER",
    "Page",
    "groups_page",
    "groups_path",
    "one_group",
    "one_member",
    "users_page",
    "users_path",
]

MAX_PAGE: Final = 100
"""Notion serves no more rows than this in one page (Notion: N-031)."""

NOTION_USER: Final = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"
"""The extension that carries the workspace role (Notion: N-061)."""

Body: TypeAlias = bytes | bytearray
Record = TypeVar("Record")
MemberOrGroup = TypeVar("MemberOrGroup", Member, Group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Record]):
    """One page of a listing."""

    start: int
    """1-based index of its first row, as we asked for it."""

    total: int
    """`totalResults`: how many rows the whole listing has, says Notion."""

    rows: tuple[Record | BadRecord, ...]
    """In the order in which Notion sent them."""


class _Envelope(msgspec.Struct):
    total: int = msgspec.field(name="totalResults")
    rows: list[msgspec.Raw] = msgspec.field(name="Resources", default_factory=list)


class _Name(msgspec.Struct):
    formatted: str | None = None
    given: str | None = msgspec.field(name="givenName", default=None)
    family: str | None = msgspec.field(name="familyName", default=None)


class _Email(msgspec.Struct):
    value: str | None = None
    primary: bool | None = None


class _Extension(msgspec.Struct):
    role: Any = None


class _User(msgspec.Struct):
    id: str
    user_name: str = msgspec.field(name="userName")
    display_name: str | None = msgspec.field(name="displayName", default=None)
    name: _Name | None = None
    emails: list[_Email] | None = None
    active: bool | None = None
    title: str | None = None
    extension: _Extension | None = msgspec.field(name=NOTION_USER, default=None)


class _Ref(msgspec.Struct, gc=False):
    value: str


class _Group(msgspec.Struct):
    id: str
    display_name: str | None = msgspec.field(name="displayName", default=None)
    members: list[_Ref] | None = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_USER: Final = msgspec.json.Decoder(_User)
_GROUP: Final = msgspec.json.Decoder(_Group)


def users_path(user_id: str = "") -> str:
    """Where members are listed, or one of them is found by id."""
    return f"/Users/{quote(user_id, safe='')}" if user_id else "/Users"


def groups_path(group_id: str = "") -> str:
    """Where groups are listed, or one of them is found by id."""
    return f"/Groups/{quote(group_id, safe='')}" if group_id else "/Groups"


def users_page(body: Body, *, start: int) -> Page[Member]:
    """The members on a page.

    Raises:
        NotionBroken: the body is not a list of anything.
    """
    envelope = _open(body)
    rows = tuple(_member(raw, f"user {start + i}") for i, raw in enumerate(envelope.rows))
    return Page(start=start, total=envelope.total, rows=rows)


def groups_page(body: Body, *, start: int) -> Page[Group]:
    """The groups on a page, each with its members if Notion listed them.

    Raises:
        NotionBroken: the body is not a list of anything.
    """
    envelope = _open(body)
    rows = tuple(_group(raw, f"group {start + i}") for i, raw in enumerate(envelope.rows))
    return Page(start=start, total=envelope.total, rows=rows)


def one_member(body: Body, user_id: str) -> Member:
    """One member.

    Raises:
        NotionBroken: the body is damaged, so nothing is said about the record.
        BadRecord: the record lacks an id or a user name, or is another person's.
    """
    return _checked(_member(body, f"user {user_id}"), user_id, body)


def one_group(body: Body, group_id: str) -> Group:
    """One group; `members` is None when the record does not speak of members at all.

    Raises:
        NotionBroken: the body is damaged, so nothing is said about the record.
        BadRecord: the record lacks an id, or is another group's.
    """
    return _checked(_group(body, f"group {group_id}"), group_id, body)


def _open(body: Body) -> _Envelope:
    try:
        envelope = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotionBroken(f"A page from Notion is damaged ({error}).") from error
    if envelope.total < 0:
        raise NotionBroken(f"Notion counts {envelope.total} rows.")
    return envelope


def _checked(record: MemberOrGroup | BadRecord, wanted: str, body: Body) -> MemberOrGroup:
    if isinstance(record, BadRecord):
        _refuse_damage(body)
        raise record
    if record.id != wanted:
        raise BadRecord(f"record {wanted}", f"Notion sent {record.id} instead")
    return record


def _refuse_damage(body: Body) -> None:
    """Raise if the body is no JSON: cut short on the way, it may be whole the next time."""
    try:
        msgspec.json.decode(body, type=_Remains)
    except msgspec.ValidationError:
        return  # JSON, but not of the right form; so it will be next time
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotionBroken(f"A record from Notion is damaged ({error}).") from error


def _member(raw: msgspec.Raw | Body, where: str) -> Member | BadRecord:
    try:
        user = _USER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _bad(raw, where, error)
    if not user.id or not user.user_name:
        return _bad(raw, where, "its id or userName is empty")
    name = user.name or _Name()
    given, family = name.given or "", name.family or ""
    role = user.extension.role if user.extension else None
    return Member(
        id=user.id,
        user_name=user.user_name,
        display_name=_shown(name.formatted, user.display_name, f"{given} {family}", user.user_name),
        given_name=given,
        family_name=family,
        title=user.title or "",
        emails=_emails(user.user_name, user.emails or ()),
        active=user.active is not False,
        role=role if isinstance(role, str) and role else None,
    )


def _shown(*candidates: str | None) -> str:
    """The first candidate that says something."""
    return next((c.strip() for c in candidates if c and c.strip()), "")


def _emails(primary: str, others: Iterable[_Email]) -> tuple[Email, ...]:
    """All addresses, the primary one first, each once whatever its case (Notion: N-136)."""
    found = {primary.casefold(): Email(address=primary, primary=True)}
    for other in others:
        if other.value:
            found.setdefault(other.value.casefold(), Email(address=other.value, primary=False))
    return tuple(found.values())


def _group(raw: msgspec.Raw | Body, where: str) -> Group | BadRecord:
    try:
        group = _GROUP.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _bad(raw, where, error)
    if not group.id:
        return _bad(raw, where, "its id is empty")
    members = None
    if group.members is not None:
        # dict.fromkeys: each member once, in Notion's order
        members = tuple(dict.fromkeys(ref.value for ref in group.members))
    return Group(id=group.id, name=_shown(group.display_name, group.id), members=members)


class _Remains(msgspec.Struct):
    id: Any = None
    user_name: Any = msgspec.field(name="userName", default=None)
    display_name: Any = msgspec.field(name="displayName", default=None)


def _bad(raw: msgspec.Raw | Body, where: str, why: object) -> BadRecord:
    """Name the record as well as its remains allow."""
    try:
        remains = msgspec.json.decode(raw, type=_Remains)
    except (msgspec.DecodeError, UnicodeDecodeError):
        remains = _Remains()
    known = [str(v) for v in (remains.id, remains.user_name, remains.display_name) if v]
    return BadRecord(
        f"{where} ({', '.join(known)})" if known else where,
        str(why),
        record_id=remains.id if isinstance(remains.id, str) else "",
    )
