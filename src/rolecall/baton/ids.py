"""Ids as every Baton tool builds them: entitlements, grants, syncs, and BIDs for people's fingers.

Pure text: no clock, no randomness, no I/O. Ids are a contract with whoever stores them; a changed
formula looks like "everything was removed and added". Entitlement and grant ids are plain joins and
lossy when a part holds a colon, so there is no parser for them: read the columns or the message
instead. BIDs escape, and parse.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rolecall.errors import Invalid

__all__ = [
    "KSUID_EPOCH",
    "Bid",
    "EntitlementBid",
    "GrantBid",
    "ResourceBid",
    "entitlement_id",
    "format_bid",
    "grant_id",
    "ksuid",
    "parse_bid",
    "parse_ksuid_time",
]

KSUID_EPOCH: Final = datetime.fromtimestamp(1_400_000_000, tz=UTC)
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH: Final = 27
_ENTROPY_BYTES: Final = 16
_TIME_BYTES: Final = 4


def ksuid(now: datetime, entropy: bytes) -> str:
    """A 27-character id that sorts by the second in which it was made.

    Four bytes of seconds since 2014-05-13 16:53:20 UTC, big-endian, then 16 random bytes; in base
    62.

    Raises:
        ValueError: `now` has no zone or lies outside 2014-2150, or `entropy` is not 16 bytes.
    """
    if now.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    if len(entropy) != _ENTROPY_BYTES:
        raise ValueError(f"a KSUID takes {_ENTROPY_BYTES} random bytes, not {len(entropy)}")
    seconds = (now - KSUID_EPOCH) // timedelta(seconds=1)
    if not 0 <= seconds < 2 ** (8 * _TIME_BYTES):
        raise ValueError("a KSUID tells times from 2014 to 2150 only")
    number = int.from_bytes(seconds.to_bytes(_TIME_BYTES, "big") + entropy, "big")
    digits: list[str] = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def parse_ksuid_time(text: str) -> datetime:
    """The second in which a KSUID was made, in UTC.

    Raises:
        Invalid: it is no KSUID.
    """
    number = 0
    for character in text:
        number = number * len(_DIGITS) + _DIGITS.find(character)
    whole = 8 * (_TIME_BYTES + _ENTROPY_BYTES)
    if len(text) != _LENGTH or not set(text) <= set(_DIGITS) or number >= 2**whole:
        raise Invalid(f"{text[:40]!r} is not a sync id.", hint="It has 27 letters and digits.")
    return KSUID_EPOCH + timedelta(seconds=number >> (8 * _ENTROPY_BYTES))


def entitlement_id(resource_type: str, resource_id: str, slug: str) -> str:
    """`group:ID:member`, `role:owner:assigned`."""
    return f"{resource_type}:{resource_id}:{slug}"


def grant_id(entitlement: str, principal_type: str, principal_id: str) -> str:
    """`<entitlement id>:user:ID`."""
    return f"{entitlement}:{principal_type}:{principal_id}"


@dataclass(frozen=True, kw_only=True)
class ResourceBid:
    """A resource named by a person: its type and id, and its parent's where it has one."""

    type_id: str
    id: str
    parent_type_id: str = ""
    parent_id: str = ""

    def __post_init__(self) -> None:
        if not (self.type_id and self.id):
            raise Invalid("A resource needs a type and an id.", hint="Write bid:r:TYPE/ID.")
        if bool(self.parent_type_id) != bool(self.parent_id):
            raise Invalid("A parent needs a type and an id.", hint="Write bid:r:TYPE/ID/TYPE/ID.")


@dataclass(frozen=True, kw_only=True)
class EntitlementBid:
    """What can be held on a resource."""

    resource: ResourceBid
    slug: str

    def __post_init__(self) -> None:
        if not self.slug:
            raise Invalid("An entitlement needs a slug.", hint="Write bid:e:TYPE/ID:SLUG.")


@dataclass(frozen=True, kw_only=True)
class GrantBid:
    """Who holds it."""

    entitlement: EntitlementBid
    principal: ResourceBid


Bid = ResourceBid | EntitlementBid | GrantBid

_ESCAPED: Final = re.compile(r"([\\/:])")
_PIECE: Final = re.compile(r"(?:[^\\/:]|\\[\\/:])+")


def format_bid(bid: Bid) -> str:
    r"""`bid:r:group/ID`, `bid:e:group/ID:member`, `bid:g:group/ID:member:user/ID`, escaped."""
    match bid:
        case ResourceBid():
            return f"bid:r:{_resource_part(bid)}"
        case EntitlementBid():
            return f"bid:e:{_entitlement_part(bid)}"
        case GrantBid():  # pragma: no branch - there is no fourth kind
            return f"bid:g:{_entitlement_part(bid.entitlement)}:{_resource_part(bid.principal)}"


def _escape(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", text)


def _resource_part(bid: ResourceBid) -> str:
    pieces = [bid.type_id, bid.id]
    if bid.parent_id:
        pieces = [bid.parent_type_id, bid.parent_id, *pieces]
    return "/".join(map(_escape, pieces))


def _entitlement_part(bid: EntitlementBid) -> str:
    return f"{_resource_part(bid.resource)}:{_escape(bid.slug)}"


def parse_bid(text: str) -> Bid:
    """The opposite of `format_bid`.

    Raises:
        Invalid: it is no BID; the hint shows one that is.
    """
    fields = _fields(text)
    match fields:
        case [["bid"], ["r"], resource]:
            return _resource(resource, text)
        case [["bid"], ["e"], resource, [slug]]:
            return EntitlementBid(resource=_resource(resource, text), slug=slug)
        case [["bid"], ["g"], resource, [slug], principal]:
            held = EntitlementBid(resource=_resource(resource, text), slug=slug)
            return GrantBid(entitlement=held, principal=_resource(principal, text))
    raise _no_bid(text)


def _no_bid(text: str) -> Invalid:
    return Invalid(
        f"{text[:80]!r} is not a Baton id.",
        hint="Write for example bid:r:user/ID; a backslash goes before /, : or \\ inside a name.",
    )


def _fields(text: str) -> list[list[str]]:
    """Colon-separated fields of slash-separated pieces, escapes undone."""
    fields: list[list[str]] = [[]]
    at = 0
    while piece := _PIECE.match(text, at):
        fields[-1].append(re.sub(r"\\(.)", r"\1", piece.group(), flags=re.DOTALL))
        at = piece.end() + 1
        if text[piece.end() : at] == ":":
            fields.append([])
    if at != len(text) + 1:  # something was left over, or the text ended in a separator
        raise _no_bid(text)
    return fields


def _resource(pieces: list[str], text: str) -> ResourceBid:
    match pieces:
        case [type_id, resource_id]:
            return ResourceBid(type_id=type_id, id=resource_id)
        case [parent_type, parent, type_id, resource_id]:
            return ResourceBid(
                type_id=type_id, id=resource_id, parent_type_id=parent_type, parent_id=parent
            )
    raise _no_bid(text)
