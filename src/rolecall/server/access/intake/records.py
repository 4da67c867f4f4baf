"""What a Baton message says of an account, a resource or an entitlement, as plain values. Pure.

Trait values may stand in the trait, on the resource, or on both (writers before and after July
2026); the resource goes first.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from rolecall.baton.c1z.reader import decode
from rolecall.baton.proto._generated.c1.connector.v2.annotation_trait_pb2 import (
    RoleTrait,
    UserTrait,
)
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource

__all__ = [
    "AccountRecord",
    "EntitlementRecord",
    "ResourceRecord",
    "account",
    "digest",
    "entitlement",
    "resource",
]

_M = TypeVar("_M", bound=Message)
_STATUS: Final = ("", "enabled", "disabled", "deleted")
_NAME: Final = 500
_EMAIL: Final = 320
_SLUG: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """An account, as the source describes it."""

    name: str
    email: str
    emails: list[str]
    """All addresses, case-folded, the first one first."""
    status: str
    service: bool
    """Whether the source says that no human being stands behind it."""
    seat: bool | None
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRecord:
    """A group or a role."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementRecord:
    """What one can hold of it."""

    slug: str


def digest(data: bytes) -> bytes:
    """Of a stored message; another reading of the same bytes needs another `person`."""
    return hashlib.blake2b(data, digest_size=16, person=b"account-1").digest()


def account(data: object, name: str) -> AccountRecord:
    """What a user resource says.

    Raises:
        BadFile: it is no resource; `name` says which row.
    """
    found = decode(Resource, data, name)
    trait = _trait(found, UserTrait, name)
    profile = _plain(found.profile if found.HasField("profile") else trait.profile)
    if isinstance(data, bytes) and b"\0" in data:
        profile = _without_nul(profile)
    addresses = _addresses(trait)
    email = addresses[0] if addresses else _text(profile.get("email"))
    emails = _folded([*addresses, email, trait.login])
    if len(emails) > 1:
        profile["emails"] = emails
    kind = trait.account_type
    return AccountRecord(
        name=_clean(found.display_name)[:_NAME],
        email=email[:_EMAIL],
        emails=emails,
        status=_STATUS[_status(found, trait)],
        service=kind in {UserTrait.ACCOUNT_TYPE_SERVICE, UserTrait.ACCOUNT_TYPE_SYSTEM},
        # Every member takes a seat, a suspended one too, and no bot does (Notion: N-163, N-165).
        seat=None if not kind else kind == UserTrait.ACCOUNT_TYPE_HUMAN,
        attributes=profile,
    )


def resource(data: object, name: str) -> ResourceRecord:
    """What a group or role says.

    Raises:
        BadFile: it is no resource; `name` says which row.
    """
    found = decode(Resource, data, name)
    profile = found.profile if found.HasField("profile") else _trait(found, RoleTrait, name).profile
    said = found.description or _text(_plain(profile).get("description"))
    shown = found.display_name or found.id.resource
    return ResourceRecord(name=_clean(shown)[:_NAME], description=_clean(said))


def entitlement(data: object, name: str) -> EntitlementRecord:
    """What an entitlement says.

    Raises:
        BadFile: it is no entitlement; `name` says which row.
    """
    found = decode(Entitlement, data, name)
    return EntitlementRecord(slug=_clean(found.slug)[:_SLUG])


def _trait(found: Resource, kind: type[_M], name: str) -> _M:
    """The first annotation of this kind, or an empty one."""
    wanted = kind.DESCRIPTOR.full_name
    for annotation in found.annotations:
        if annotation.type_url.rpartition("/")[2] == wanted:
            return decode(kind, annotation.value, name)
    return kind()


def _status(found: Resource, trait: UserTrait) -> int:
    """1 enabled, 2 disabled, 3 deleted, 0 not said: the same numbers in both places."""
    said = int(found.status.status if found.HasField("status") else trait.status.status)
    return said if said < len(_STATUS) else 0


def _addresses(trait: UserTrait) -> list[str]:
    """The trait's addresses, primary ones first."""
    listed = sorted(trait.emails, key=lambda email: not email.is_primary)
    return [address for email in listed if (address := _clean(email.address).strip())]


def _folded(addresses: Iterable[str]) -> list[str]:
    """Addresses as they are compared: case-folded, each once; a login without @ is none."""
    raw = dict.fromkeys(addresses)  # most have one, said three times
    seen = dict.fromkeys("".join(_clean(one).split()).casefold()[:_EMAIL] for one in raw)
    return [one for one in seen if "@" in one]


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """PostgreSQL holds every character but NUL."""
    return text.replace("\x00", "")


def _plain(struct: Struct) -> dict[str, Any]:
    """A struct as JSON holds it; most values are texts, and asking for one is the cheapest."""
    return {key: value.string_value or _value(value) for key, value in struct.fields.items()}


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        return {_clean(key): _without_nul(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return _clean(value) if isinstance(value, str) else value


def _value(value: Value) -> Any:  # noqa: ANN401 - whatever JSON holds
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain(value.struct_value)
    if kind == "list_value":
        return [_value(one) for one in value.list_value.values]
    if kind == "number_value" and not math.isfinite(value.number_value):
        return None
    return getattr(value, kind) if kind and kind != "null_value" else None
