"""Seats of all apps in one table, and what they cost together."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Q
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rolecall.server.access.models import App
from rolecall.server.people.door import Request, page
from rolecall.server.seats.counting import Bill, apps_of, bill_of, billed, money
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import NOTHING, Look, link, moment, status
from rolecall.server.tables.table import Column, Table

__all__ = ["MONTHLY", "overview"]

_OVER = Look(word="More than bought", tone="warn", icon="alert")


def _free(app: App) -> SafeString | str:
    free = bill_of(app).free
    if free is None:
        return NOTHING
    return status(_OVER) if free < 0 else f"{free:,}"


def _price(app: App) -> str | None:
    plan = bill_of(app).plan
    return money(plan.price, plan.currency) if plan else None


def _monthly(app: App) -> str | None:
    bill = bill_of(app)
    return money(bill.monthly, bill.plan.currency) if bill.plan else None


def _monthly_cell(app: App) -> SafeString | str:
    """The amount; where nobody has said a price, the way to where one can."""
    hint = link("No price yet", reverse("seats:app", args=(app.public_id,)))
    return _monthly(app) or format_html("{} {}", NOTHING, hint)


MONTHLY: Column[App] = Column(
    name="cost",
    label="Monthly cost",
    value=_monthly,
    show=_monthly_cell,
    sort=("currency", "monthly", "name"),
    number=True,
)
"""What the seats of an app cost; of rows of `billed`."""


_COLUMNS: tuple[Column[App], ...] = (
    Column(
        name="app",
        label="App",
        value=lambda a: a.name,
        show=lambda a: link(a.name, reverse("seats:app", args=(a.public_id,))),
        sort=("name",),
    ),
    Column(
        name="taken",
        label="Seats taken",
        value=lambda a: bill_of(a).taken,
        sort=("taken",),
        number=True,
    ),
    Column(name="purchased", label="Purchased", value=lambda a: bill_of(a).purchased, number=True),
    Column(name="free", label="Free", value=lambda a: bill_of(a).free, show=_free, number=True),
    Column(name="price", label="A seat and month", value=_price, number=True),
    MONTHLY,
    Column(
        name="sync",
        label="As of",
        value=lambda a: a.last_sync.started_at if a.last_sync else None,
        show=lambda a: moment(a.last_sync.started_at if a.last_sync else None),
    ),
)
_TABLE: Table[App] = Table(
    noun="seats",
    columns=_COLUMNS,
    order="app",
    search=lambda text: Q(name__icontains=text),
    search_label="Search apps",
    fetch=lambda rows: billed(rows).select_related("last_sync"),
)


@page("app:read")
def overview(request: Request) -> HttpResponseBase:
    """Each app with its seats, and the sums."""
    apps = billed(apps_of(request.actor))
    bills = [bill_of(one) for one in apps]
    return show(
        request,
        "seats/overview.html",
        _TABLE,
        apps,
        taken=sum(one.taken for one in bills),
        unpriced=sum(one.plan is None for one in bills),
        figures=_sums(bills),
        prefix="rolecall",
    )


def _sums(bills: Iterable[Bill]) -> list[tuple[str, str]]:
    """Cost a month, and how much of it nobody takes; for each currency."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for bill in bills:
        if bill.plan is not None:
            cost, idle = sums.get(bill.plan.currency, (Decimal(), Decimal()))
            more = (bill.monthly or Decimal(), bill.idle or Decimal())
            sums[bill.plan.currency] = (cost + more[0], idle + more[1])
    return [
        (money(cost, code), money(idle, code) if idle else "")
        for code, (cost, idle) in sorted(sums.items())
    ]
