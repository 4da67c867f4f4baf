"""The orders there are, of all decisions: how far each is, and which of them wait for somebody."""

from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Q
from django.http import HttpResponseBase
from django.urls import reverse

from rolecall.server import clock
from rolecall.server.access.pages.looks import account_peek
from rolecall.server.orders.finding import seen_by
from rolecall.server.orders.models import Order
from rolecall.server.orders.pages.looks import (
    from_to,
    operation_words,
    order_look,
    order_status,
    places,
    who_cell,
    who_words,
)
from rolecall.server.orders.stuck import Waits, wanted
from rolecall.server.people.door import Request, page
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["orders"]

_COLUMNS: Final[tuple[Column[Order], ...]] = (
    Column(
        name="what",
        label="What",
        value=operation_words,
        show=lambda o: link(operation_words(o), reverse("orders:order", args=(o.public_id,))),
        sort=("operation", "pk"),
    ),
    Column(name="who", label="Who", value=who_words, show=who_cell, sort=("account__name",)),
    Column(name="change", label="From → to", value=from_to),
    Column(
        name="state", label="Result", value=lambda o: order_look(o).word, show=order_status,
        sort=("state", "pk"),
    ),
    Column(name="app", label="App", value=lambda o: o.app.name, sort=("app__name", "pk")),
    Column(
        name="decision",
        label="Decision",
        value=lambda o: o.decision.title,
        show=lambda o: link(
            o.decision.title, reverse("orders:decision", args=(o.decision.public_id,))
        ),
    ),
    Column(
        name="at", label="Ordered", value=lambda o: o.ordered_at,
        show=lambda o: moment(o.ordered_at), sort=("ordered_at", "pk"),
    ),
    Column(
        name="verified", label="Verified", value=lambda o: o.verified_at,
        show=lambda o: moment(o.verified_at), sort=("verified_at",), usual=False,
    ),
    Column(name="why", label="Why not", value=lambda o: o.why, usual=False),
    Column(name="by", label="Decided by", value=lambda o: o.decision.decided_by, usual=False),
    Column(name="number", label="Number", value=lambda o: o.pk, sort=("pk",), usual=False),
    Column(name="id", label="Id", value=lambda o: o.public_id, usual=False),
)  # fmt: skip
_WAITS: Final = (
    Choice(value=Waits.FAILED, label="To be tried again"),
    Choice(value=Waits.LOST, label="An answer that was lost"),
    Choice(value=Waits.UNVERIFIED, label="Proof, for a day"),
)


def _narrow(values: tuple[str, ...]) -> Q:
    return reduce(or_, (wanted(Waits(one), now=clock.now()) for one in values))


_TABLE: Final[Table[Order]] = Table(
    noun="orders",
    columns=_COLUMNS,
    order="-number",
    filters=(
        Filter(
            name="state", label="Result", narrow=one_of("state"),
            choices=tuple(Choice(value=v, label=label) for v, label in Order.State.choices),
        ),
        Filter(name="waits", label="Waits for", narrow=_narrow, choices=_WAITS),
    ),
    search=lambda text: Q(account__name__icontains=text) | Q(account__email__icontains=text),
    search_label="Search accounts",
    fetch=lambda rows: rows.select_related(
        "app", "decision", "account", "entitlement", "repeats"
    ),
    peek=lambda o: account_peek(o.account),
)  # fmt: skip


@page("order:read")
def orders(request: Request) -> HttpResponseBase:
    """Those of every app that one may see, the newest first."""
    rows = seen_by(request.actor, Order.objects.all())
    return show(request, "orders/orders.html", _TABLE, rows, tabs=places(), prefix="rolecall")
