"""The apps there are, and one of them at a glance."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from rolecall.server.access import origins
from rolecall.server.access.asof import accounts_now, number_now
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import Account, App, Change, Entitlement
from rolecall.server.access.models.observed import SEATLESS
from rolecall.server.access.pages.looks import app_crumbs, app_tabs
from rolecall.server.audit.trail import Actor
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may, scopes_of
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment
from rolecall.server.tables.table import Column, Table

__all__ = ["More", "app", "apps", "list_frame", "register", "visible"]

_RECENT = 8
_ALONE = (
    Account.objects.filter(app=OuterRef("pk"), present=True, type=Account.Type.HUMAN)
    .exclude(link=Account.Link.LINKED)
    .order_by()
    .values("app")
)
_LOOSE = Coalesce(Subquery(_ALONE.values(number=Count("*"))), 0)
"""Of each app of a query; rows are counted and not keys, which the index of links does not have."""


def _loose(app: App) -> int:
    number: int = app.loose  # type: ignore[attr-defined]
    return number


_COLUMNS: tuple[Column[App], ...] = (
    Column(
        name="name",
        label="App",
        value=lambda a: a.name,
        show=lambda a: link(a.name, reverse("access:app", args=(a.public_id,)), a.description),
        sort=("name",),
    ),
    Column(name="accounts", label="Accounts", value=lambda a: a.here, number=True),  # type: ignore[attr-defined]
    Column(
        name="loose",
        label="Without a person",
        value=_loose,
        show=lambda a: link(f"{_loose(a):,}", f"{reverse('access:matching')}?app={a.public_id}"),
        number=True,
    ),
    Column(
        name="sync",
        label="As of",
        value=lambda a: a.last_sync.started_at if a.last_sync else None,
        show=lambda a: moment(a.last_sync.started_at if a.last_sync else None),
    ),
)
_TABLE: Table[App] = Table(
    noun="apps",
    columns=_COLUMNS,
    order="name",
    search=lambda text: Q(name__icontains=text),
    search_label="Search apps",
    fetch=lambda rows: rows.select_related("last_sync").annotate(
        here=accounts_now(),
        loose=_LOOSE,
    ),
)


@dataclass(frozen=True, kw_only=True)
class More:
    """A column that a noun above gives the list of apps."""

    column: Column[App]
    fetch: Callable[[QuerySet[App]], QuerySet[App]]
    """Adds what the column shows and sorts by."""


_more: dict[str, More] = {}


def register(noun: str, more: More) -> None:
    """Show this column from now on, after ours."""
    _more[noun] = more


@page("app:list")
def apps(request: Request) -> HttpResponseBase:
    """Managed apps."""
    rows = visible(request.actor).filter(state=App.State.MANAGED)
    frame = list_frame(request.actor)
    table = replace(
        _TABLE,
        columns=(*_COLUMNS, *(one.column for one in _more.values())),
        fetch=lambda rows: _with_more(_TABLE.fetch(rows)),
    )
    return show(request, "access/apps.html", table, _with_more(rows), prefix="managed", **frame)


def _with_more(rows: QuerySet[App]) -> QuerySet[App]:
    for one in _more.values():
        rows = one.fetch(rows)
    return rows


def visible(actor: Actor) -> QuerySet[App]:
    """The apps that an actor's lists show."""
    scopes = scopes_of(actor, "app:list")
    rows: QuerySet[App] = App.objects.all()
    return rows if scopes is None else rows.filter(public_id__in=scopes)


def list_frame(actor: Actor) -> dict[str, object]:
    """What both lists of apps show above their table: the way to the other, and how many."""
    rows = visible(actor).order_by().values_list("state").annotate(number=Count("pk"))
    states = dict(rows)
    return {
        "tabs": [
            ("Managed apps", reverse("access:apps")),
            ("Unmanaged apps", reverse("access:unmanaged")),
        ],
        "managed": states.get(App.State.MANAGED, 0),
        "unmanaged": states.get(App.State.UNMANAGED, 0),
    }


@page("app:read")
def app(request: Request, app_id: str) -> HttpResponse:
    """How many accounts, seats, owners of the workspace; what changed last."""
    one = app_for(request.actor, app_id)
    entitlements = Entitlement.objects.filter(app=one, present=True)
    newest = Change.objects.filter(app=one).select_related("account", "entitlement", "before")
    changes = list(newest[:_RECENT])
    origins.mark(changes)
    return render(
        request,
        "access/app.html",
        {
            "app": one,
            "figures": _figures(one),
            "roles": entitlements.filter(kind=Entitlement.Kind.ROLE).order_by("-holders"),
            "groups": entitlements.filter(kind=Entitlement.Kind.GROUP).count(),
            "changes": changes,
            "crumbs": app_crumbs(one)[:1],
            "tabs": app_tabs(one),
            "may_manage": bool(may(request.actor, "app:manage")),
            "may_add": bool(may(request.actor, "connector:add")),
            "may_forget": bool(may(request.actor, "app:create")),
        },
    )


def _figures(app: App) -> dict[str, int]:
    """How many accounts are there, and which; each number as an index has it."""
    here = Account.objects.filter(app=app, present=True).order_by()
    people = here.filter(type=Account.Type.HUMAN).values_list("link")
    links = dict(people.annotate(number=Count("*")))
    accounts = number_now(app)
    return {
        "accounts": accounts,
        "seats": accounts - Account.objects.filter(SEATLESS, app=app).count(),
        "external": here.filter(external=True).count(),
        "service": accounts - sum(links.values()),
        "loose": sum(links.values()) - links.get(Account.Link.LINKED, 0),
    }
