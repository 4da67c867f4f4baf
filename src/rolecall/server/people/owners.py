"""Who looks after one app or one connector: a role over one object, held by any number of users.

For the use cases of those nouns, which ask for permission and lock the object first.
"""

from datetime import datetime

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor, Target, record
from rolecall.server.people.models import RoleAssignment, User

__all__ = ["appoint", "chosen", "holders"]


def holders(**wanted: object) -> list[User]:
    """The active users who hold a role now, by name; `wanted` is said of the assignment."""
    held = RoleAssignment.objects.filter(until_at=None, **wanted)
    return list(User.objects.filter(is_active=True, roles__in=held).distinct())


def chosen(wanted: list[str]) -> list[User]:
    """The users with these public ids.

    Raises:
        Gone: one of them is not there, or is deactivated.
    """
    users = list(User.objects.filter(public_id__in=wanted, is_active=True))
    if len(users) != len(set(wanted)):
        raise Gone("One of these users is not there (any more).", hint="Choose again.")
    return users


def appoint(
    actor: Actor,
    role: RoleAssignment.Role,
    target: Target,
    users: list[User],
    *,
    now: datetime,
) -> list[User]:
    """These users own it from now on, and nobody else; nothing is recorded where that is so.

    Args:
        actor: who appoints them.
        role: app owner or connector owner.
        target: the app or connector.
        users: its owners.
        now: when.

    Returns:
        Those who are new.
    """
    before = holders(role=role, scope=target.public_id)
    added = [one for one in users if one not in before]
    ended = [one for one in before if one not in users]
    RoleAssignment.objects.filter(
        user__in=ended, role=role, scope=target.public_id, until_at=None
    ).update(until_at=now, ended_by=actor.name)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(
            user=one, role=role, scope=target.public_id, from_at=now, granted_by=actor.name
        )
        for one in added
    )
    if added or ended:
        noun = type(target).__name__.lower()
        record(
            actor, f"{noun}:owners:change", target, now=now, scope=target.public_id,
            added=[one.email for one in added], ended=[one.email for one in ended],
        )  # fmt: skip
    return added
