"""Add a connector: to an app there is, unmanaged or managed, or to a new one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.access.models import App
from rolecall.server.access.unmanaged.apps import take_up
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.services.owners import appoint
from rolecall.server.people.permissions import require

__all__ = ["KINDS", "ExistingApp", "NewApp", "add", "cleaned"]

KINDS: Final = {"notion": "Notion", "baton": "Baton"}
"""What can be added: hosted here, or on a machine of its owner's."""
_LONGEST: Final = 100


@dataclass(frozen=True, kw_only=True)
class NewApp:
    """A managed app that is made along with the connector."""

    name: str
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class ExistingApp:
    """An app that is there; an unmanaged one becomes managed."""

    public_id: str
    take_over: bool = False
    """Replace its connector, once the first sync of the new one has shown the same workspace."""


@transaction.atomic
def add(
    actor: Actor,
    *,
    name: str,
    target: NewApp | ExistingApp,
    owners: list[str],
    now: datetime,
    kind: str = "notion",
) -> Connector:
    """A connector without a credential, looked after by these users (public ids).

    An owner other than the actor gets a mail saying that their help is needed.

    Raises:
        NotAllowed: the actor may not add connectors, or not make apps.
        Invalid: no name, no owner, or no such kind.
        Gone: no such app, or no such user.
        Conflict: the app's name is taken, or the app has a connector and `take_over` is not set.
    """
    require(actor, "connector:add")
    if kind not in KINDS:
        raise Invalid(f"There is no connector {kind!r}.", hint="Choose one of the list.")
    app = _new_app(actor, target, now) if isinstance(target, NewApp) else _app(actor, target, now)
    take_over = isinstance(target, ExistingApp) and target.take_over
    before = _before(app, take_over=take_over)
    connector = Connector.objects.create(
        app=app, kind=kind, name=cleaned(name), created_at=now, succeeds=before
    )
    record(
        actor, "connector:add", connector, now=now, scope=connector.public_id,
        app=app.public_id, takes_over=before.public_id if before else "",
    )  # fmt: skip
    appoint(actor, connector, owners, now)
    return connector


def cleaned(name: str) -> str:
    """A name as it is kept: one line, without spaces around it.

    Raises:
        Invalid: nothing is left, or it is too long.
    """
    cleaned_name = " ".join(name.split())
    if not 1 <= len(cleaned_name) <= _LONGEST:
        raise Invalid("A name has between 1 and 100 characters.", hint="Give it one.")
    return cleaned_name


def _new_app(actor: Actor, wanted: NewApp, now: datetime) -> App:
    require(actor, "app:create")
    name = cleaned(wanted.name)
    if App.objects.filter(name=name).exists():
        raise Conflict(f"There is an app {name} already.", hint="Choose it, or another name.")
    app = App.objects.create(name=name, description=wanted.description.strip(), created_at=now)
    record(actor, "app:create", app, now=now, scope=app.public_id)
    return app


def _app(actor: Actor, wanted: ExistingApp, now: datetime) -> App:
    found = App.objects.select_for_update(no_key=True).filter(public_id=wanted.public_id)
    app = found.exclude(state=App.State.ARCHIVED).first()
    if app is None:
        raise Gone("This app is not there (any more).", hint="Choose one of the list.")
    if app.state == App.State.UNMANAGED:
        take_up(actor, app, now=now)
    return app


def _before(app: App, *, take_over: bool) -> Connector | None:
    """The connector that is to be taken over from."""
    there = app.connectors.filter(archived_at=None)
    active = there.filter(succeeds=None).first()
    if active is None:
        return None
    if not take_over:
        raise Conflict(
            f"{app.name} has a connector: {active.name}.",
            hint="Replace that one's token, or let the new one take over.",
        )
    if there.exclude(succeeds=None).exists():
        raise Conflict(
            f"Another connector is already to take over from {active.name}.",
            hint="Finish or delete that one.",
        )
    return active
