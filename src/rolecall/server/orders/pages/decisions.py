"""The decisions there are: who wanted what, and how far it is."""

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rolecall.server.access.finding import app_for
from rolecall.server.access.pages.looks import app_crumbs, app_tabs
from rolecall.server.orders.finding import seen_by
from rolecall.server.orders.models import LIVE, Decision, Order
from rolecall.server.orders.pages.looks import decision_look, places
from rolecall.server.people.door import Request, page
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["decisions", "of_app"]

_State = Order.State
_BAD = (_State.FAILED, _State.REFUSED, _State.STILL_PRESENT)
_COUNTS = {
    "rows": Count("orders"),
    "verified": Count("orders", filter=Q(orders__state=_State.VERIFIED)),
    "underway": Count("orders", filter=Q(orders__state__in=LIVE)),
    "bad": Count("orders", filter=Q(orders__state__in=_BAD)),
}


def _progress(one: Decision) -> str:
    """Its rows in figures."""
    said = (
        (one.rows, "in all"),  # type: ignore[attr-defined]
        (one.verified, "verified"),  # type: ignore[attr-defined]
        (one.underway, "under way"),  # type: ignore[attr-defined]
        (one.bad, "not done"),  # type: ignore[attr-defined]
    )
    return ", ".join(f"{count:,} {word}" for count, word in said if count)


def _title(one: Decision) -> SafeString:
    return link(one.title, reverse("orders:decision", args=(one.public_id,)), one.reason[:120])


def _app(one: Decision) -> SafeString:
    return link(one.app.name, reverse("orders:of_app", args=(one.app.public_id,)))


def _by(one: Decision) -> SafeString | str:
    if one.authority not in {"undo", "drift"}:
        return one.decided_by
    return format_html('{}<span class="second">{}</span>', one.decided_by, one.authority)


_COLUMNS: tuple[Column[Decision], ...] = (
    Column(name="title", label="Decision", value=lambda d: d.title, show=_title, sort=("title",)),
    Column(
        name="app",
        label="App",
        value=lambda d: d.app.name,
        show=_app,
        sort=("app__name", "pk"),
    ),
    Column(
        name="state",
        label="State",
        value=lambda d: d.get_state_display(),
        show=lambda d: status(decision_look(d)),
        sort=("state", "pk"),
    ),
    Column(name="rows", label="Changes", value=_progress),
    Column(name="by", label="Decided by", value=lambda d: d.decided_by, show=_by),
    Column(
        name="at",
        label="Planned",
        value=lambda d: d.created_at,
        show=lambda d: moment(d.created_at),
        sort=("created_at", "pk"),
    ),
    Column(
        name="applied",
        label="Applied",
        value=lambda d: d.applied_at,
        show=lambda d: moment(d.applied_at),
        sort=("applied_at",),
        usual=False,
    ),
    Column(name="reason", label="Why", value=lambda d: d.reason, usual=False),
    Column(name="id", label="Id", value=lambda d: d.public_id, usual=False),
)


def _choices(pairs: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=label) for value, label in pairs)


_TABLE: Table[Decision] = Table(
    noun="decisions",
    columns=_COLUMNS,
    order="-at",
    filters=(
        Filter(
            name="state",
            label="State",
            narrow=one_of("state"),
            choices=_choices(Decision.State.choices),
        ),
    ),
    search=lambda text: Q(title__icontains=text) | Q(reason__icontains=text),
    search_label="Search decisions",
    fetch=lambda rows: rows.select_related("app").annotate(**_COUNTS),
)


@page("order:read")
def decisions(request: Request) -> HttpResponseBase:
    """Those of every app that one may see."""
    rows: QuerySet[Decision] = seen_by(request.actor, Decision.objects.all())
    return show(
        request, "orders/decisions.html", _TABLE, rows, tabs=places(), prefix="rolecall"
    )  # fmt: skip


@page("order:read")
def of_app(request: Request, app_id: str) -> HttpResponseBase:
    """Those of one app."""
    app = app_for(request.actor, app_id, "order:read")
    return show(
        request,
        "orders/decisions.html",
        _TABLE,
        Decision.objects.filter(app=app),
        app=app,
        crumbs=app_crumbs(app),
        tabs=app_tabs(app),
        prefix=app.name,
    )
