"""Roles in this tool: who gets one, who loses one.

`start` and `stop` do the work for use cases that have asked whether they may: those of users here,
those of app owners and connector owners in their nouns. There is always a super administrator.
"""

from datetime import datetime

from django.db import transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import RoleAssignment, User
from rolecall.server.people.permissions import require
from rolecall.server.people.users import load

__all__ = [
    "OVER_ALL",
    "OVER_ONE",
    "assign",
    "end",
    "insist_on_another_super",
    "known",
    "start",
    "stop",
]

Role = RoleAssignment.Role
OVER_ONE = frozenset({Role.APP_OWNER, Role.CONNECTOR_OWNER})
"""Roles over one app or connector: given in their nouns."""
OVER_ALL = tuple(role for role in Role if role not in OVER_ONE)
"""Roles over the whole installation, the highest first."""


@transaction.atomic
def assign(actor: Actor, user: str, role: str, *, now: datetime) -> RoleAssignment:
    """Give a user a role over everything.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such user.
        Conflict: they have it already, or are deactivated.
        Invalid: there is no such role, or it is one over a single object.
    """
    require(actor, "user:edit")
    found = load(user)
    if not found.is_active:
        raise Conflict(f"{found} is deactivated.", hint="Activate them first.")
    return start(actor, found, known(role), now=now)


@transaction.atomic
def end(actor: Actor, user: str, role: str, *, now: datetime) -> RoleAssignment:
    """Take a role over everything from a user.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such user, or they do not have it.
        Conflict: they are the last super administrator.
        Invalid: there is no such role, or it is one over a single object.
    """
    require(actor, "user:edit")
    found, wanted = load(user), known(role)
    if wanted == Role.SUPER:
        insist_on_another_super(found)
    return stop(actor, found, wanted, now=now)


def known(role: str) -> RoleAssignment.Role:
    """The role of this name.

    Raises:
        Invalid: there is none, or it is over a single object.
    """
    if role not in OVER_ALL:
        raise Invalid(
            f"{role!r} is no role that users are given here.",
            hint=f"One of: {', '.join(OVER_ALL)}. Owners are named on the page of their app or "
            "connector.",
        )
    return Role(role)


def start(
    actor: Actor, user: User, role: RoleAssignment.Role, scope: str = "", *, now: datetime
) -> RoleAssignment:
    """Begin an assignment, for a use case that may.

    Raises:
        Conflict: they have it already.
    """
    if user.roles.filter(role=role, scope=scope, until_at=None).exists():
        raise Conflict(f"{user} has the role {role.label} already.")
    made = RoleAssignment.objects.create(
        user=user, role=role, scope=scope, from_at=now, granted_by=actor.name
    )
    record(actor, "user:role:assign", user, now=now, scope=scope, role=str(role))
    return made


def stop(
    actor: Actor, user: User, role: RoleAssignment.Role, scope: str = "", *, now: datetime
) -> RoleAssignment:
    """End an assignment, for a use case that may.

    Raises:
        Conflict: they do not have it.
    """
    held = user.roles.select_for_update().filter(role=role, scope=scope, until_at=None).first()
    if held is None:
        raise Conflict(f"{user} does not have the role {role.label}.")
    held.until_at, held.ended_by = now, actor.name
    held.save(update_fields=["until_at", "ended_by"])
    record(actor, "user:role:end", user, now=now, scope=scope, role=str(role))
    return held


def insist_on_another_super(user: User) -> None:
    """Make sure that somebody else administers, and goes on doing so until we commit.

    Raises:
        Conflict: nobody else does.
    """
    held = RoleAssignment.objects.filter(role=Role.SUPER, until_at=None).order_by("pk")
    # All of them are locked, so that two who end each other's role wait for one another.
    others = [
        one for one in held.select_for_update(of=("self",)).select_related("user")
        if one.user_id != user.pk and one.user.is_active
    ]  # fmt: skip
    if not others:
        raise Conflict(
            f"{user} is the last super administrator.",
            hint="Give somebody else the role first.",
        )
