"""What Notion tells us about people and groups, as frozen values.

Owns the words of the domain (member, group, workspace role). Knows neither HTTP nor Baton.
"""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "WORKSPACE_ROLES",
    "Account",
    "Bot",
    "Email",
    "Group",
    "Member",
    "WorkspaceRole",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRole:
    """One of the roles that a member of a workspace can hold (Notion: N-099)."""

    id: str
    """The string on the wire, e.g. ``membership_admin``."""

    name: str
    """What people call it."""

    description: str
    """One sentence for a reviewer."""

    rank: int
    """Higher means more privilege; 1 is the floor that everybody keeps."""

    administrative: bool
    """Whether it manages other people's access."""


WORKSPACE_ROLES: Final = (
    WorkspaceRole(
        id="owner",
        name="Owner",
        description="Runs the workspace: settings, security, billing and everybody's membership.",
        rank=4,
        administrative=True,
    ),
    WorkspaceRole(
        id="membership_admin",
        name="Membership Admin",
        description="Manages members and groups; cannot change workspace settings.",
        rank=3,
        administrative=True,
    ),
    WorkspaceRole(
        id="member",
        name="Member",
        description="Uses the workspace with ordinary rights.",
        rank=2,
        administrative=False,
    ),
    WorkspaceRole(
        id="restricted_member",
        name="Restricted Member",
        description="Sees only the teamspaces and pages that were shared with them.",
        rank=1,
        administrative=False,
    ),
)
"""The four workspace roles, most privileged first. Every member holds exactly one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An address of an account."""

    address: str
    primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What every kind of account has, as far as Notion tells."""

    id: str
    """Notion's user id (a UUID with dashes); the same in SCIM and in the public API."""

    user_name: str
    """The primary e-mail; empty where Notion does not show it."""

    display_name: str
    """The name to show: the formatted name, else what can be made of its parts, else the e-mail."""

    given_name: str = ""
    family_name: str = ""
    title: str = ""
    emails: tuple[Email, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Account):
    """A person with a seat in the workspace."""

    active: bool = True

    role: str | None = None
    """The role string as Notion sent it, known to us or not; None when it sent none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot(Account):
    """An integration's account. SCIM never lists it; the public API does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A permission group."""

    id: str
    name: str

    members: tuple[str, ...] | None
    """User ids, each once; None when Notion did not say, which is not the same as nobody."""
