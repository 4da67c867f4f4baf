"""Users of this tool; never deleted, because the audit names them."""

from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.ids import new_id
from rolecall.server.people.models import PersonEmail, User
from rolecall.server.people.permissions import require

__all__ = [
    "address",
    "create",
    "end_sessions",
    "introduce",
    "load",
    "named",
    "own",
    "rename",
    "set_zone",
    "zones",
]

_MAX_NAME = 200


def load(user: str) -> User:
    """The user with this public id, locked.

    Raises:
        Gone: there is none.
    """
    found = User.objects.select_for_update(of=("self",)).filter(public_id=user).first()
    if found is None:
        raise Gone("There is no such user.", hint="Look for them in the list of users.")
    return found


def own(actor: Actor) -> User:
    """The user who acts, locked.

    Raises:
        Gone: it is no user who acts.
    """
    return load(actor.id if actor.kind == "person" else "")


def named(name: str) -> str:
    """A name, trimmed.

    Raises:
        Invalid: it is empty or too long.
    """
    trimmed = " ".join(name.split())
    if not trimmed or len(trimmed) > _MAX_NAME:
        raise Invalid(f"A name has 1 to {_MAX_NAME} characters.", hint="Correct it.")
    return trimmed


@cache
def zones() -> tuple[str, ...]:
    """Every time zone there is, in order."""
    return tuple(sorted(available_timezones()))


def address(text: str) -> str:
    """An address as users log in with it.

    Raises:
        Invalid: it is none.
    """
    folded = text.strip().casefold()
    try:
        validate_email(folded)
    except ValidationError as error:
        raise Invalid(f"{text!r} is not an e-mail address.", hint="Correct it.") from error
    return folded


def create(*, email: str, name: str, now: datetime) -> User:
    """A user who cannot log in yet, tied to the person with this address.

    Raises:
        Invalid: it is no address, or there is no name.
        Conflict: somebody has this address already.
    """
    folded = address(email)
    if User.objects.filter(email=folded).exists():
        raise Conflict(
            f"There is a user with the address {folded} already.",
            hint="If they are deactivated, activate them.",
        )
    person = PersonEmail.objects.filter(folded=folded, person__user=None).first()
    return User.objects.create_user(
        folded,
        name=named(name),
        created_at=now,
        sessions=new_id("ses"),
        person=person.person if person else None,
    )


def introduce(user: User, *, name: str, email: str) -> None:
    """What the first administrator says of themselves.

    Raises:
        Invalid: it is no address, or no name.
        Conflict: somebody else has this address.
    """
    folded = address(email)
    if User.objects.exclude(pk=user.pk).filter(email=folded).exists():
        raise Conflict(f"There is another user with the address {folded}.")
    user.email, user.name = folded, named(name)
    user.save(update_fields=["email", "name"])


@transaction.atomic
def rename(actor: Actor, user: str, name: str, *, now: datetime) -> User:
    """Correct a user's name: one's own, or, for super administrators, anybody's.

    Raises:
        NotAllowed: it is somebody else's.
        Gone: there is no such user.
        Invalid: the name is empty or too long.
    """
    found = load(user)
    if found.pk != actor.user:
        require(actor, "user:edit")
    before, found.name = found.name, named(name)
    if before == found.name:
        return found
    found.save(update_fields=["name"])
    record(actor, "user:name:change", found, now=now, before=before)
    return found


@transaction.atomic
def set_zone(actor: Actor, zone: str, *, now: datetime) -> User:
    """The zone that one's own pages show times in.

    Raises:
        Invalid: there is no such zone.
    """
    found = own(actor)
    if zone not in zones():
        raise Invalid(f"{zone!r} is no time zone.", hint="Choose one of the list.")
    found.time_zone = zone
    found.save(update_fields=["time_zone"])
    record(actor, "user:zone:change", found, now=now, zone=zone)
    return found


@transaction.atomic
def end_sessions(actor: Actor, user: str, *, now: datetime) -> User:
    """Log a user out everywhere: oneself, or, for super administrators, anybody.

    Raises:
        NotAllowed: it is somebody else.
        Gone: there is no such user.
    """
    found = load(user)
    if found.pk != actor.user:
        require(actor, "user:edit")
    found.sessions = new_id("ses")
    found.save(update_fields=["sessions"])
    found.logins.all().delete()
    record(actor, "user:sessions:end", found, now=now)
    return found
