"""The nouns of the simulated workspace, as plain records; no rules live here."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Account", "Bot", "Event", "Group", "Token"]


@dataclass(slots=True, kw_only=True)
class Account:
    """A Notion account, which outlives any membership (Notion: N-085).

    None in a name part means that Notion does not return that part.
    """

    id: str
    email: str
    display: str
    formatted: str | None = None
    given: str | None = None
    family: str | None = None
    secondary: tuple[str, ...] = ()
    photo: str = ""
    title: str = ""
    department: str = ""
    active: bool = True
    """False only with the switch `deactivated=kept`."""
    hides_role: bool = False
    hides_photos: bool = False
    extra: dict[str, Any] | None = None
    """Other SCIM attributes that somebody wrote, by SCIM name."""
    created_ms: int = 0
    modified_ms: int = 0
    former_groups: tuple[str, ...] = ()
    sessions_ended: int = 0
    fragment: bytes | None = None
    """The record as JSON, without its end; None after a change."""


@dataclass(slots=True, kw_only=True)
class Group:
    """A permission group; `members` is a dict for its order and its speed."""

    id: str
    name: str
    members: dict[str, None] = field(default_factory=dict)
    last_access: bool = False
    created_ms: int = 0
    modified_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """An integration: the REST API lists it, SCIM does not."""

    id: str
    name: str


@dataclass(slots=True, kw_only=True)
class Token:
    """A SCIM token, personal to its creator and bound to the workspace (Notion: N-011, N-012).

    `creator` is empty when an organization owner who is no member made it.
    """

    secret: str
    creator: str
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of membership, role or group; `at` is seconds since the epoch."""

    seq: int
    request: int
    at: float
    kind: str
    user: str = ""
    group: str = ""
    detail: str = ""
