"""Who may do what: one table of actions and roles, and one question.

Deny by default: an action that is not in the table, a role that is not in its row, an actor
without a user: refused, with the reason.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rolecall.errors import NotAllowed
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import RoleAssignment

__all__ = [
    "ACTIONS",
    "NOWHERE",
    "Allowed",
    "Denied",
    "Role",
    "covered",
    "may",
    "require",
    "roles_of",
    "scopes_of",
]

Role = RoleAssignment.Role
_ALL = frozenset({Role.SUPER, Role.CONNECTORS, Role.AUDITOR, Role.MEMBER, Role.APP_OWNER,
                  Role.CONNECTOR_OWNER})  # fmt: skip
_READERS = frozenset(
    {Role.SUPER, Role.CONNECTORS, Role.AUDITOR, Role.APP_OWNER, Role.CONNECTOR_OWNER}
)
_APP_READERS = _READERS - {Role.CONNECTOR_OWNER}
"""Who keeps a connector going need not see who has access."""
_KEEPERS = frozenset({Role.SUPER, Role.CONNECTORS, Role.CONNECTOR_OWNER})

ACTIONS = MappingProxyType({
    "home:read": _ALL,
    "app:list": _APP_READERS,
    "app:read": _APP_READERS,
    "app:create": frozenset({Role.SUPER, Role.CONNECTORS}),
    "app:manage": frozenset({Role.SUPER}),
    "app:edit": frozenset({Role.SUPER, Role.APP_OWNER}),
    "app:owners": frozenset({Role.SUPER, Role.APP_OWNER}),
    "account:read": _APP_READERS,
    "account:edit": frozenset({Role.SUPER, Role.APP_OWNER}),
    "account:export": _APP_READERS,
    "entitlement:read": _APP_READERS,
    "order:read": _APP_READERS,
    "order:plan": frozenset({Role.SUPER, Role.APP_OWNER}),
    "order:apply": frozenset({Role.SUPER, Role.APP_OWNER}),
    "order:decide": frozenset({Role.SUPER, Role.APP_OWNER}),
    "policy:read": _APP_READERS,
    "policy:edit": frozenset({Role.SUPER}),
    "connector:list": _READERS,
    "connector:read": _READERS,
    "connector:add": frozenset({Role.SUPER, Role.CONNECTORS}),
    "connector:edit": _KEEPERS,
    "connector:owners": frozenset({Role.SUPER, Role.CONNECTORS}),
    "connector:token": _KEEPERS,
    "connector:run": _KEEPERS,
    "connector:decide": _KEEPERS,
    "connector:download": frozenset({Role.SUPER, Role.CONNECTORS, Role.CONNECTOR_OWNER}),
    "connector:delete": frozenset({Role.SUPER, Role.CONNECTORS}),
    "person:read": frozenset({Role.SUPER, Role.CONNECTORS, Role.AUDITOR, Role.APP_OWNER}),
    "person:edit": frozenset({Role.SUPER}),
    "user:read": frozenset({Role.SUPER, Role.AUDITOR}),
    "user:edit": frozenset({Role.SUPER}),
    "audit:read": frozenset({Role.SUPER, Role.AUDITOR}),
    "mail:read": frozenset({Role.SUPER, Role.AUDITOR}),
    "mail:again": frozenset({Role.SUPER}),
    "notification:own": _ALL,
    "webhook:read": frozenset({Role.SUPER, Role.AUDITOR}),
    "webhook:edit": frozenset({Role.SUPER}),
    "settings:read": frozenset({Role.SUPER, Role.AUDITOR}),
    "key:own": _ALL,
    "view:own": _ALL,
    "view:any": frozenset({Role.SUPER}),
    "search:use": _READERS,
})  # fmt: skip
"""Action → the roles that may do it; owners only for what they own."""
NOWHERE: Final = ""
"""The scope of an object that is not there: who may do something to single objects is refused."""


@dataclass(frozen=True)
class Allowed:
    """They may."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Denied:
    """They may not, and this is why."""

    why: str

    def __bool__(self) -> bool:
        return False


def roles_of(actor: Actor) -> frozenset[tuple[str, str]]:
    """The roles of an actor's user, each with the public id it is limited to, or "".

    As they are now, unless the actor brings those of the moment its request came.
    """
    if actor.roles is not None:
        return actor.roles
    if actor.user is None:
        return frozenset()
    held = RoleAssignment.objects.filter(
        user=actor.user, user__is_active=True, until_at=None
    ).values_list("role", "scope")
    return frozenset(held)


def may(actor: Actor, action: str, *scopes: str) -> Allowed | Denied:
    """Whether an actor may do this to the object with one of these public ids.

    The system may do everything; a connector acts only through the tasks it was given. Without
    scopes the question is: to anything at all?
    """
    if actor.kind == "system":
        return Allowed()
    if action not in ACTIONS or actor.user is None:
        return Denied(f"Nobody but Rolecall itself may do {action}.")
    if actor.scopes is not None and not covered(action, actor.scopes):
        return Denied(f"This API key was made without {action}.")
    wanted = ACTIONS[action]
    for role, scope in roles_of(actor):
        if role in wanted and (not scope or not scopes or scope in scopes):
            return Allowed()
    names = sorted(Role(one).label for one in wanted)
    here = ", for just this one" if scopes and may(actor, action) else ""
    return Denied(f"This needs one of these roles{here}: {', '.join(names)}.")


def require(actor: Actor, action: str, *scopes: str) -> None:
    """The same question, refused aloud.

    Raises:
        NotAllowed: they may not; the message says which role could.
    """
    answer = may(actor, action, *scopes)
    if isinstance(answer, Denied):
        raise NotAllowed(answer.why, hint="Ask a super administrator for the role.")


def scopes_of(actor: Actor, action: str) -> frozenset[str] | None:
    """The public ids an actor may do this to; None is: to all.

    Lists use it: who owns one app sees that one.
    """
    if actor.kind == "system":
        return None
    if action not in ACTIONS or not may(actor, action):
        return frozenset()
    scopes = {scope for role, scope in roles_of(actor) if role in ACTIONS[action]}
    return None if "" in scopes else frozenset(scopes)


def covered(action: str, scopes: AbstractSet[str]) -> bool:
    """Whether one of a key's scopes is this action, or a prefix of it with `*`."""
    return action in scopes or any(
        one.endswith("*") and action.startswith(one[:-1]) for one in scopes
    )
