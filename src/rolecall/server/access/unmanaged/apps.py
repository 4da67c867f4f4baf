"""Unmanaged apps: named, taken under management, forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.access.finding import locked_app
from rolecall.server.access.models import App
from rolecall.server.access.settings import own
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.owners import chosen
from rolecall.server.people.permissions import require

__all__ = ["LONGEST_NAME", "LONGEST_TEXT", "MOST", "add", "cleaned", "forget", "manage", "take_up"]

LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 500
MOST: Final = 500
"""Apps that are managed in one go."""


@transaction.atomic
def add(actor: Actor, *, name: str, description: str = "", now: datetime) -> App:
    """An app that the company uses, and that nothing reads yet.

    Raises:
        NotAllowed: the actor may not.
        Invalid: it is no name, or the description is too long.
        Conflict: there is an app of this name, however it is written.
    """
    require(actor, "app:create")
    wanted, said = cleaned(name, description)
    if App.objects.filter(name__iexact=wanted).exists():
        raise Conflict(f"There is an app {wanted} already.", hint="Choose another name.")
    app = App.objects.create(
        name=wanted, description=said, kind="", state=App.State.UNMANAGED, created_at=now
    )
    record(actor, "app:create", app, now=now, scope=app.public_id, state=app.state)
    return app


@transaction.atomic
def manage(actor: Actor, apps: Sequence[str], *, owners: Sequence[str], now: datetime) -> list[App]:
    """Take these apps (public ids) under management, all or none; these users look after them.

    Raises:
        NotAllowed: only super administrators may: who owns an app may change access to it.
        Invalid: no app, too many, or no owner.
        Gone: one of the apps or users is not there.
        Conflict: one of the apps is managed already.
    """
    require(actor, "app:manage")
    if not apps or len(apps) > MOST:
        raise Invalid(f"Choose between 1 and {MOST} apps.", hint="Tick them in the list.")
    users = chosen(list(owners))
    if not users:
        raise Invalid("Somebody must look after an app.", hint="Choose at least one owner.")
    found = [_unmanaged(actor, one, "app:manage") for one in sorted(set(apps))]
    for app in found:
        take_up(actor, app, now=now)
        own(actor, app, users, now=now)
    return found


def take_up(actor: Actor, app: App, *, now: datetime) -> None:
    """It is managed from now on; for a use case that has asked for permission and locked it."""
    app.state = App.State.MANAGED
    app.save(update_fields=["state"])
    record(actor, "app:manage", app, now=now, scope=app.public_id)


@transaction.atomic
def forget(actor: Actor, app_id: str, *, now: datetime) -> None:
    """Strike an app off the list; the audit log keeps that it was there.

    Raises:
        NotAllowed: the actor may not.
        Gone: there is no such app.
        Conflict: it is managed: there may be a history.
    """
    app = _unmanaged(actor, app_id, "app:create")
    record(actor, "app:forget", app, now=now, scope=app.public_id, description=app.description)
    own(actor, app, [], now=now)
    app.delete()


def cleaned(name: str, description: str) -> tuple[str, str]:
    """Name and description as they are kept.

    Raises:
        Invalid: there is no name, or one of them is too long.
    """
    wanted, said = " ".join(name.split()), description.strip()
    if not 1 <= len(wanted) <= LONGEST_NAME:
        raise Invalid(f"A name has between 1 and {LONGEST_NAME} characters.", hint="Give it one.")
    if len(said) > LONGEST_TEXT:
        raise Invalid(f"A description has {LONGEST_TEXT} characters at most.", hint="Shorten it.")
    return wanted, said


def _unmanaged(actor: Actor, app_id: str, action: str) -> App:
    app = locked_app(actor, app_id, action)
    if app.state == App.State.ARCHIVED:
        raise Gone("There is no such app.", hint="Look for it in the list of apps.")
    if app.state != App.State.UNMANAGED:
        raise Conflict(f"{app} is managed already.", hint="Leave it out.")
    return app
