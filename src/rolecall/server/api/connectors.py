"""Connectors: added, set up, run, paused, decided about, deleted."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status

from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.tasks import TaskOut
from rolecall.server.api.users import Owners, UserName
from rolecall.server.api.values import Id, Line, Note, TaskId
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors import telling
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.models import Connector, Secret, Task
from rolecall.server.connectors.schedule import Schedule
from rolecall.server.connectors.services import credential, delete, edit, holds, owners, running
from rolecall.server.connectors.services.add import ExistingApp, NewApp, add
from rolecall.server.people.models import User
from rolecall.server.people.permissions import require, scopes_of

__all__ = [
    "AddressesIn",
    "ConnectorIn",
    "ConnectorOut",
    "Decision",
    "ScheduleIn",
    "SecretOut",
    "Settings",
    "Tested",
    "Tokens",
    "Typed",
    "add_connector",
    "change_connector",
    "confirm",
    "delete_connector",
    "get_connector",
    "give_credentials",
    "list_connectors",
    "pause",
    "reject",
    "remove_credential",
    "resume",
    "router",
    "save_credentials",
    "set_owners",
    "sync_now",
    "test_credentials",
]

router = Router(tags=["connectors"])


class SecretOut(Schema):
    """A credential; never the credential itself."""

    slot: str
    hint: str
    set_at: datetime
    set_by: str
    made_by: str


class ConnectorOut(Schema):
    """What reads one workspace."""

    id: str
    app: str
    kind: str
    name: str
    state: str
    paused_at: datetime | None
    interval_s: int | None
    cron: str
    zone: str
    due_at: datetime | None
    shrink_percent: int
    scim_url: str
    """Empty is Notion's own address."""
    rest_url: str
    """The same."""
    failures: int
    capabilities: dict[str, Any]
    credentials: list[SecretOut]
    owners: list[UserName]
    last_success_at: datetime | None
    last_probe_at: datetime | None
    created_at: datetime
    archived_at: datetime | None
    """When it was deleted."""

    @staticmethod
    def resolve_id(row: Connector) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_app(row: Connector) -> str:
        """The public one."""
        return row.app.public_id

    @staticmethod
    def resolve_credentials(row: Connector) -> list[Secret]:
        """Those in use."""
        used = Secret.State.CURRENT
        return [one for one in row.secrets.all() if one.state == used and one.ended_at is None]

    @staticmethod
    def resolve_owners(row: Connector) -> list[User]:
        """Who looks after it."""
        return telling.owners(row)


class ConnectorIn(Schema):
    """A connector to an app that is there, or to a new one."""

    name: Line
    kind: Line = "notion"
    app: Id | None = None
    """An app that is there; null makes a new one called `app_name`."""
    app_name: Line = ""
    take_over: bool = False
    owners: list[Id]


class Settings(Schema):
    """What is to change; null stays."""

    name: Line | None = None
    schedule: "ScheduleIn | None" = None
    shrink_percent: int | None = None
    addresses: "AddressesIn | None" = None


class AddressesIn(Schema):
    """Where Notion is, for a proxy or a simulator; empty is Notion's own address."""

    scim_url: Line = ""
    rest_url: Line = ""


class ScheduleIn(Schema):
    """An interval or a cron line; neither is: only by hand."""

    interval_s: int | None = None
    cron: Line = ""
    zone: Line = "UTC"


class Tokens(Schema):
    """Credentials: written, never shown."""

    scim_token: Note = ""
    api_key: Note = ""
    made_by: Line = ""
    save: bool = False
    """Use them as soon as the test has succeeded."""


class Tested(Schema):
    """The test whose tokens are to be used."""

    test: TaskId


class Decision(Schema):
    """Why."""

    reason: Note = ""


class Typed(Schema):
    """The connector's name, typed to be sure."""

    name: Line


def _rows() -> QuerySet[Connector]:
    return Connector.objects.select_related("app").prefetch_related("secrets")


def _one(actor: Actor, connector: str) -> Connector:
    return _rows().get(pk=connector_for(actor, connector).pk)


@router.get("", response=answers(Page[ConnectorOut]))
def list_connectors(request: HttpRequest, window: Asked[Window]) -> Cut[Connector]:
    """The connectors that one may see."""
    actor = actor_of(request)
    require(actor, "connector:list")
    rows, scopes = _rows().filter(archived_at=None), scopes_of(actor, "connector:list")
    if scopes is not None:
        rows = rows.filter(Q(public_id__in=scopes) | Q(app__public_id__in=scopes))
    return cut(rows, window)


@router.get("/{connector}", response=answers(ConnectorOut))
def get_connector(request: HttpRequest, connector: Id) -> Connector:
    """One connector."""
    return _one(actor_of(request), connector)


@router.post("", response=answers(ConnectorOut, 201))
def add_connector(request: HttpRequest, said: ConnectorIn) -> Status[Connector]:
    """Add a connector, without a credential yet."""
    actor = actor_of(request)
    target = (
        ExistingApp(public_id=said.app, take_over=said.take_over)
        if said.app
        else NewApp(name=said.app_name)
    )
    made = add(
        actor, name=said.name, target=target, owners=said.owners, kind=said.kind, now=clock.now()
    )
    return Status(201, _one(actor, made.public_id))


@router.patch("/{connector}", response=answers(ConnectorOut))
def change_connector(request: HttpRequest, connector: Id, said: Settings) -> Connector:
    """Name, schedule, carefulness, where Notion is; each that is given."""
    actor, now = actor_of(request), clock.now()
    with transaction.atomic():  # all that is asked for, or nothing
        if said.name is not None:
            edit.rename(actor, connector, said.name, now=now)
        if said.schedule is not None:
            edit.set_schedule(actor, connector, Schedule(**said.schedule.model_dump()), now=now)
        if said.shrink_percent is not None:
            edit.set_shrink_percent(actor, connector, said.shrink_percent, now=now)
        if said.addresses is not None:
            edit.set_addresses(actor, connector, **said.addresses.model_dump(), now=now)
    return _one(actor, connector)


@router.put("/{connector}/owners", response=answers(ConnectorOut))
def set_owners(request: HttpRequest, connector: Id, said: Owners) -> Connector:
    """These users look after it, and nobody else."""
    owners.set_owners(actor_of(request), connector, said.owners, now=clock.now())
    return _one(actor_of(request), connector)


@router.put("/{connector}/credentials", response=answers(TaskOut, 202))
def give_credentials(request: HttpRequest, connector: Id, said: Tokens) -> Status[Task]:
    """Hand tokens over; a worker tests them, and what was in use stays until that succeeded."""
    tokens = {"scim_token": said.scim_token, "api_key": said.api_key}
    task = credential.give(
        actor_of(request), connector, tokens, made_by=said.made_by, save=said.save, now=clock.now()
    )
    return Status(202, task)


@router.post("/{connector}/credentials/test", response=answers(TaskOut, 202))
def test_credentials(request: HttpRequest, connector: Id) -> Status[Task]:
    """Have a worker test those in use; a self-hosted connector is asked whether it is there."""
    return Status(202, credential.test(actor_of(request), connector, now=clock.now()))


@router.post("/{connector}/credentials/save", response=answers(TaskOut, 202))
def save_credentials(request: HttpRequest, connector: Id, said: Tested) -> Status[Task]:
    """Use the tokens that a test has found to work, and sync."""
    return Status(202, credential.save(actor_of(request), connector, said.test, now=clock.now()))


@router.delete("/{connector}/credentials/{slot}", response=answers(ConnectorOut))
def remove_credential(request: HttpRequest, connector: Id, slot: Secret.Slot) -> Connector:
    """Forget one of two credentials."""
    credential.remove(actor_of(request), connector, slot, now=clock.now())
    return _one(actor_of(request), connector)


@router.post("/{connector}/sync", response=answers(TaskOut, 202))
def sync_now(request: HttpRequest, connector: Id) -> Status[Task]:
    """A sync as soon as a worker is free."""
    return Status(202, running.sync_now(actor_of(request), connector, now=clock.now()))


@router.post("/{connector}/pause", response=answers(ConnectorOut))
def pause(request: HttpRequest, connector: Id) -> Connector:
    """No more scheduled syncs."""
    running.pause(actor_of(request), connector, now=clock.now())
    return _one(actor_of(request), connector)


@router.post("/{connector}/resume", response=answers(ConnectorOut))
def resume(request: HttpRequest, connector: Id) -> Connector:
    """Go by the schedule again."""
    running.resume(actor_of(request), connector, now=clock.now())
    return _one(actor_of(request), connector)


@router.post("/{connector}/holds/{hold}/confirm", response=answers(TaskOut))
def confirm(request: HttpRequest, connector: Id, hold: Id, why: Decision) -> Task:
    """Apply a sync that waits for a yes."""
    return holds.confirm(actor_of(request), connector, hold, reason=why.reason, now=clock.now())


@router.post("/{connector}/holds/{hold}/reject", response=answers(TaskOut))
def reject(request: HttpRequest, connector: Id, hold: Id, why: Decision) -> Task:
    """Drop a sync that waits for a yes."""
    return holds.reject(actor_of(request), connector, hold, reason=why.reason, now=clock.now())


@router.post("/{connector}/delete", response=answers(None, 204))
def delete_connector(request: HttpRequest, connector: Id, said: Typed) -> Status[None]:
    """Archive it: credentials are forgotten, the app and its history stay."""
    delete.delete(actor_of(request), connector, said.name, now=clock.now())
    return Status(204, None)
