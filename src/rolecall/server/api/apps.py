"""Apps, and the syncs applied to them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status

from rolecall.server import clock
from rolecall.server.access import settings
from rolecall.server.access.asof import accounts_now
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import App, Sync
from rolecall.server.access.unmanaged import apps as unmanaged
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.users import Owners, UserName
from rolecall.server.api.values import Id, Line, Note
from rolecall.server.people.models import User
from rolecall.server.people.permissions import require, scopes_of
from rolecall.server.seats.counting import bill_of, billed

__all__ = [
    "AppIn",
    "AppOut",
    "Find",
    "Named",
    "SyncOut",
    "TakenUp",
    "add_app",
    "change_app",
    "forget_app",
    "get_app",
    "list_apps",
    "list_syncs",
    "manage_apps",
    "router",
    "set_app_owners",
]

router = Router(tags=["apps"])


class SyncOut(Schema):
    """A sync that was applied."""

    id: str
    number: int
    started_at: datetime
    ended_at: datetime
    applied_at: datetime
    completeness: str
    complete_types: list[str]
    counts: dict[str, Any]
    task: str

    @staticmethod
    def resolve_id(row: Sync) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_task(row: Sync) -> str:
        """Whose it is."""
        return row.task_id


class AppOut(Schema):
    """A workspace."""

    id: str
    name: str
    description: str
    kind: str
    state: str
    domains: list[str]
    accounts: int
    monthly: Decimal | None
    """What its seats cost a month; null where nobody has said what one costs."""
    currency: str
    """Of that; empty where there is none."""
    last_sync: SyncOut | None
    owners: list[UserName]
    created_at: datetime

    @staticmethod
    def resolve_id(row: App) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_accounts(row: App) -> int:
        """Those there now."""
        return int(row.here)  # type: ignore[attr-defined]

    @staticmethod
    def resolve_monthly(row: App) -> Decimal | None:
        """Of what is billed."""
        return bill_of(row).monthly

    @staticmethod
    def resolve_owners(row: App) -> list[User]:
        """Who looks after it."""
        return settings.owners(row)


class Find(Window):
    """Which apps."""

    state: App.State | None = None


class Named(Schema):
    """An app that is known by name only."""

    name: Line
    description: Note = ""


class TakenUp(Schema):
    """Unmanaged apps to be managed, all or none, and who looks after them."""

    apps: list[Id]
    owners: list[Id]


class AppIn(Schema):
    """What is to change; null stays."""

    name: Line | None = None
    description: Note | None = None
    domains: list[Line] | None = None
    """The company's own mail domains; none: no address is external."""


def _rows() -> QuerySet[App]:
    return billed(App.objects.select_related("last_sync").annotate(here=accounts_now()))


def _shown(app: App) -> App:
    return _rows().get(pk=app.pk)


@router.get("", response=answers(Page[AppOut]))
def list_apps(request: HttpRequest, find: Asked[Find]) -> Cut[App]:
    """The apps that one may see."""
    actor = actor_of(request)
    require(actor, "app:list")
    scopes = scopes_of(actor, "app:list")
    rows = _rows() if scopes is None else _rows().filter(public_id__in=scopes)
    return cut(rows.filter(state=find.state) if find.state else rows, find)


@router.post("", response=answers(AppOut, 201))
def add_app(request: HttpRequest, said: Named) -> Status[App]:
    """Note an app by its name; nothing reads it yet."""
    actor = actor_of(request)
    made = unmanaged.add(actor, name=said.name, description=said.description, now=clock.now())
    return Status(201, _shown(made))


@router.post("/manage", response=answers(list[AppOut]))
def manage_apps(request: HttpRequest, said: TakenUp) -> list[App]:
    """Take unmanaged apps under management."""
    actor = actor_of(request)
    found = unmanaged.manage(actor, said.apps, owners=said.owners, now=clock.now())
    return list(_rows().filter(pk__in=[one.pk for one in found]))


@router.delete("/{app}", response=answers(None, 204))
def forget_app(request: HttpRequest, app: Id) -> Status[None]:
    """Strike an unmanaged app off the list."""
    unmanaged.forget(actor_of(request), app, now=clock.now())
    return Status(204, None)


@router.get("/{app}", response=answers(AppOut))
def get_app(request: HttpRequest, app: Id) -> App:
    """One app."""
    return _shown(app_for(actor_of(request), app))


@router.patch("/{app}", response=answers(AppOut))
def change_app(request: HttpRequest, app: Id, said: AppIn) -> App:
    """Name, description, domains; each that is given."""
    actor, now = actor_of(request), clock.now()
    found = app_for(actor, app, "app:edit")
    with transaction.atomic():  # all that is asked for, or nothing
        if (said.name, said.description) != (None, None):
            name = found.name if said.name is None else said.name
            described = found.description if said.description is None else said.description
            settings.describe(actor, app, name=name, description=described, now=now)
        if said.domains is not None:
            settings.set_domains(actor, app, said.domains, now=now)
    return _shown(found)


@router.put("/{app}/owners", response=answers(AppOut))
def set_app_owners(request: HttpRequest, app: Id, said: Owners) -> App:
    """These users look after it, and nobody else."""
    actor = actor_of(request)
    found = app_for(actor, app, "app:owners")  # whoever hands it over may not look afterwards
    settings.set_owners(actor, app, said.owners, now=clock.now())
    return _shown(found)


@router.get("/{app}/syncs", response=answers(Page[SyncOut]))
def list_syncs(request: HttpRequest, app: Id, window: Asked[Window]) -> Cut[Sync]:
    """The syncs applied to an app, the newest first."""
    return cut(app_for(actor_of(request), app).syncs.all(), window, newest_first=True)
