"""Users come and go: invited, invited again, deactivated, activated."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from rolecall.errors import Conflict
from rolecall.server.audit.trail import Actor, record
from rolecall.server.ids import new_id
from rolecall.server.mail import links as signing
from rolecall.server.mail.post import post
from rolecall.server.people import links, roles, users
from rolecall.server.people.models import LoginLink, RoleAssignment, User
from rolecall.server.people.permissions import require

__all__ = ["activate", "deactivate", "invite", "invite_again"]

_MEMBER = RoleAssignment.Role.MEMBER


@transaction.atomic
def invite(
    actor: Actor, *, email: str, name: str, wanted: Collection[str] = (), now: datetime
) -> tuple[User, str]:
    """Make a user, and mail them a link to come in by.

    Args:
        actor: who invites.
        email: what they will log in with.
        name: what others see.
        wanted: roles over everything; nobody is less than a member.
        now: the moment.

    Returns:
        The user, and the link's path: a secret, to be shown once where no mail is sent.

    Raises:
        NotAllowed: only super administrators may.
        Invalid: the address, the name or a role is none.
        Conflict: there is such a user already.
    """
    require(actor, "user:edit")
    user = users.create(email=email, name=name, now=now)
    record(actor, "user:invite", user, now=now, email=user.email)
    for role in dict.fromkeys([roles.known(one) for one in wanted] or [_MEMBER]):
        roles.start(actor, user, role, now=now)
    return user, _mail(actor, user, now)


@transaction.atomic
def invite_again(actor: Actor, user: str, *, now: datetime) -> str:
    """Another link for somebody who has not come yet; earlier ones end.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such user.
        Conflict: they have logged in before, or are deactivated.
    """
    require(actor, "user:edit")
    found = users.load(user)
    if found.last_login is not None:
        raise Conflict(
            f"{found} has logged in before.",
            hint="They can set a new password themselves, from the login page.",
        )
    if not found.is_active:
        raise Conflict(f"{found} is deactivated.", hint="Activate them first.")
    return _mail(actor, found, now)


@transaction.atomic
def deactivate(actor: Actor, user: str, *, reason: str = "", now: datetime) -> User:
    """Shut a user out at once: sessions, API keys and links end; roles stay, for coming back.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such user.
        Conflict: they are deactivated already, or the last super administrator.
    """
    require(actor, "user:edit")
    found = users.load(user)
    if not found.is_active:
        raise Conflict(f"{found} is deactivated already.")
    if found.roles.filter(role=RoleAssignment.Role.SUPER, until_at=None).exists():
        roles.insist_on_another_super(found)
    found.is_active, found.sessions = False, new_id("ses")
    found.save(update_fields=["is_active", "sessions"])
    ended = found.api_keys.filter(ended_at=None).update(ended_at=now)
    found.login_links.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    record(actor, "user:deactivate", found, now=now, reason=reason, keys_ended=ended)
    return found


@transaction.atomic
def activate(actor: Actor, user: str, *, now: datetime) -> User:
    """Let a user in again, with the roles they had.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such user.
        Conflict: they are not deactivated.
    """
    require(actor, "user:edit")
    found = users.load(user)
    if found.is_active:
        raise Conflict(f"{found} is not deactivated.")
    found.is_active = True
    found.save(update_fields=["is_active"])
    record(actor, "user:activate", found, now=now)
    return found


def _mail(actor: Actor, user: User, now: datetime) -> str:
    link = links.begin(actor, user, LoginLink.Purpose.INVITATION, now=now)
    post(
        f"user:invite:{link.public_id}",
        user.email,
        subject=f"{actor.name} invites you to Rolecall",
        text="Rolecall shows who has access to your company's Notion workspace. "
        "This link lets you in once, to set a password; it is good for a week.",
        link=signing.LOGIN + link.public_id,
        why=f"You get this because {actor.name} made you a user.",
        now=now,
    )
    return signing.signed(link.public_id)
