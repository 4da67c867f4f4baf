"""Links that let a user in once, to set a password.

Opening one changes nothing, because mail is read by machines first; sending its form uses it up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.conf import settings
from django.db import transaction

from rolecall.errors import Gone
from rolecall.server.audit.trail import SYSTEM, Actor, record
from rolecall.server.mail import links as signing
from rolecall.server.mail.post import post
from rolecall.server.people import factors, notices, passwords, roles, users
from rolecall.server.people.models import LoginLink, RoleAssignment, User

__all__ = [
    "LIFETIMES",
    "Answer",
    "begin",
    "find",
    "first",
    "forgotten",
    "lock_out",
    "make",
    "use",
]

Purpose = LoginLink.Purpose

LIFETIMES = MappingProxyType({
    Purpose.FIRST: timedelta(days=7),
    Purpose.INVITATION: timedelta(days=7),
    Purpose.LOCK_OUT: timedelta(hours=1),
    Purpose.RESET: timedelta(hours=1),
})  # fmt: skip
_ASK = (
    "Ask a super administrator for a new one; whoever runs the machine has `rolecall admin-link`."
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody who follows a link fills in."""

    password: str
    name: str = ""
    """Asked from the first administrator only."""
    email: str = ""
    """The same."""


@transaction.atomic
def make(user: User, purpose: LoginLink.Purpose, now: datetime) -> str:
    """A new link; earlier ones of this user end.

    Returns:
        The path, which is a secret: it is shown once, or completed as mail leaves.
    """
    return signing.signed(begin(SYSTEM, user, purpose, now=now).public_id)


def begin(actor: Actor, user: User, purpose: LoginLink.Purpose, *, now: datetime) -> LoginLink:
    """The row of a new link, for mail; earlier ones of this user end."""
    user.login_links.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    link = LoginLink.objects.create(
        user=user, purpose=purpose, created_at=now, expires_at=now + LIFETIMES[purpose]
    )
    record(actor, "user:link:make", user, now=now, purpose=str(purpose))
    return link


@transaction.atomic
def first(now: datetime) -> str | None:
    """The first administrator's link, and the administrator; None once one has logged in."""
    supers = User.objects.filter(
        roles__role=RoleAssignment.Role.SUPER, roles__until_at=None, is_active=True
    )
    if supers.filter(last_login__isnull=False).exists():
        return None
    user = supers.order_by("pk").first()
    if user is None:
        address = f"administrator@{settings.CONFIG.host}"
        user = User.objects.filter(email=address).first() or users.create(
            email=address, name="Administrator", now=now
        )
        roles.start(SYSTEM, user, RoleAssignment.Role.SUPER, now=now)
    return make(user, Purpose.FIRST, now)


@transaction.atomic
def lock_out(email: str | None, now: datetime) -> str:
    """A link for whoever runs the machine, when no super administrator can log in any more.

    Args:
        email: whom to let in; None is the longest-serving super administrator.
        now: the moment.

    Returns:
        The path. The user is made, activated, and made super administrator where they are not.

    Raises:
        Invalid: it is no address.
        Gone: no address was given, and there is no super administrator.
    """
    user = _longest_serving() if email is None else _with_address(users.address(email), now)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(SYSTEM, "user:activate", user, now=now, reason="admin-link")
    if not user.roles.filter(role=RoleAssignment.Role.SUPER, until_at=None).exists():
        roles.start(SYSTEM, user, RoleAssignment.Role.SUPER, now=now)
    return make(user, Purpose.LOCK_OUT, now)


@transaction.atomic
def forgotten(email: str, now: datetime) -> None:
    """Mail a link to the user with this address; nothing tells whether there is one."""
    user = User.objects.filter(email=email.strip().casefold(), is_active=True).first()
    if user is not None:
        link = begin(SYSTEM, user, Purpose.RESET, now=now)
        post(
            f"user:reset:{link.public_id}",
            user.email,
            subject="Set a new password",
            text="Somebody, hopefully you, asked for a new password. This link sets one; it works "
            "once, and for an hour. If it was not you, nothing needs to be done.",
            link=signing.LOGIN + link.public_id,
            why="You get this because you are a user of Rolecall.",
            now=now,
        )


def find(token: str, now: datetime) -> LoginLink:
    """The link that a token stands for.

    Raises:
        Gone: it is not ours, was used, has expired, or its user is deactivated; says which.
    """
    row = signing.row_of(token)
    link = LoginLink.objects.select_related("user").filter(public_id=row).first() if row else None
    if link is None:
        raise Gone("This link is not one of ours, or a part of it is missing.", hint=_ASK)
    if link.used_at is not None:
        raise Gone("This link was used already; it works once.", hint=_ASK)
    if link.expires_at <= now:
        raise Gone("This link has expired, or a newer one was made.", hint=_ASK)
    if not link.user.is_active:
        raise Gone("The user of this link is deactivated.", hint=_ASK)
    return link


@transaction.atomic
def use(token: str, answer: Answer, *, actor: Actor, now: datetime) -> LoginLink:
    """Set the password, and use the link up.

    Args:
        token: the last part of the path.
        answer: what was filled in.
        actor: where the request came from; who it was is the link's user.
        now: the moment.

    Returns:
        The link; who may be logged in at once is for its purpose to say.

    Raises:
        Gone: as `find`.
        Invalid: the password is too weak, or name or address are none.
        Conflict: somebody else has the address.
    """
    link = find(token, now)
    # Two who send the form at once: the second waits here, and then finds it used.
    LoginLink.objects.select_for_update().get(pk=link.pk)
    link = find(token, now)
    user = link.user
    if link.purpose == Purpose.FIRST:
        users.introduce(user, name=answer.name, email=answer.email)
    passwords.set_password(user, answer.password)
    link.used_at = now
    link.save(update_fields=["used_at"])
    ended = factors.end_all(user) if link.purpose == Purpose.LOCK_OUT else 0
    event = record(actor, "user:link:use", user, now=now, purpose=link.purpose, factors_ended=ended)
    notices.tell(user, event)
    return link


def _longest_serving() -> User:
    held = RoleAssignment.objects.filter(role=RoleAssignment.Role.SUPER, until_at=None)
    longest = held.select_related("user").order_by("-user__is_active", "pk").first()
    if longest is None:
        raise Gone("There is no super administrator.", hint="Name an address; it will be one.")
    return longest.user


def _with_address(email: str, now: datetime) -> User:
    found = User.objects.filter(email=email).first()
    return found or users.create(email=email, name=email.partition("@")[0], now=now)
