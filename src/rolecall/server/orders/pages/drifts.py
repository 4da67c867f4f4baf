"""Drift: what somebody outside undid, and the two ways to answer it."""

from typing import Final

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.access.models import Entitlement
from rolecall.server.orders import drifting
from rolecall.server.orders.finding import drift_for, seen_by
from rolecall.server.orders.models import Drift, Order
from rolecall.server.orders.pages.looks import (
    crumbs,
    drift_look,
    from_to,
    operation_words,
    places,
    who_cell,
    who_words,
)
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["accept", "drift", "drifts", "restore"]


def _found_words(one: Drift) -> str:
    """What is there instead."""
    order, what = one.order, str(one.order.entitlement or "")
    if one.found.get("present") is False:
        return "the account is not there"
    if order.account and order.operation == Order.Operation.REMOVE_ACCOUNT:
        return "the account is there again"
    if order.entitlement and order.entitlement.kind == Entitlement.Kind.ROLE:
        return f"the role {one.found.get('role', 'is not known')}"
    granted = order.operation == Order.Operation.GRANT
    if granted or order.operation == Order.Operation.REVOKE:
        return f"not in {what}" if granted else f"in {what} again"
    return "as before our change"


_COLUMNS: Final[tuple[Column[Drift], ...]] = (
    Column(
        name="who", label="Who", value=lambda d: who_words(d.order),
        show=lambda d: who_cell(d.order),
    ),
    Column(
        name="what",
        label="What we had done",
        value=lambda d: f"{operation_words(d.order)}: {from_to(d.order)}",
        show=lambda d: link(
            operation_words(d.order),
            reverse("orders:drift", args=(d.public_id,)),
            from_to(d.order),
        ),
    ),
    Column(name="found", label="What is there now", value=_found_words),
    Column(name="app", label="App", value=lambda d: d.app.name, sort=("app__name", "pk")),
    Column(
        name="at", label="Found", value=lambda d: d.found_at, show=lambda d: moment(d.found_at),
        sort=("found_at", "pk"),
    ),
    Column(
        name="state", label="State", value=lambda d: d.get_state_display(),
        show=lambda d: status(drift_look(d)), sort=("state", "pk"),
    ),
    Column(name="by", label="Decided by", value=lambda d: d.decided_by, usual=False),
    Column(name="reason", label="Why", value=lambda d: d.reason, usual=False),
    Column(name="id", label="Id", value=lambda d: d.public_id, usual=False),
)  # fmt: skip
_TABLE: Final[Table[Drift]] = Table(
    noun="drifts",
    columns=_COLUMNS,
    order="-at",
    filters=(
        Filter(
            name="state", label="State", narrow=one_of("state"),
            choices=tuple(Choice(value=v, label=label) for v, label in Drift.State.choices),
        ),
    ),
    fetch=lambda rows: rows.select_related("app", "order__account", "order__entitlement"),
)  # fmt: skip


@page("order:read")
def drifts(request: Request) -> HttpResponseBase:
    """All of them; the open ones have to be answered."""
    rows = seen_by(request.actor, Drift.objects.all())
    return show(request, "orders/drifts.html", _TABLE, rows, tabs=places(), prefix="rolecall")


@page("order:read")
def drift(request: Request, drift_id: str) -> HttpResponse:
    """One of them, with two buttons."""
    one = drift_for(request.actor, drift_id)
    context = {
        "drift": one,
        "order": one.order,
        "look": drift_look(one),
        "what": operation_words(one.order),
        "who": who_cell(one.order),
        "change": from_to(one.order),
        "found": _found_words(one),
        "may_decide": bool(may(request.actor, "order:decide", one.app.public_id)),
        "crumbs": crumbs(one.app, ("Drift", reverse("orders:drifts"))),
    }
    return render(request, "orders/drift.html", context)


@require_POST
@page("order:decide")
def restore(request: Request, drift_id: str) -> HttpResponse:
    """Plan to do again what was undone."""
    reason = request.POST.get("reason", "")
    made = drifting.restore(request.actor, drift_id, reason=reason, now=clock.now())
    return HttpResponseRedirect(reverse("orders:decision", args=(made.public_id,)))


@require_POST
@page("order:decide")
def accept(request: Request, drift_id: str) -> HttpResponse:
    """Let it be as it is now."""
    drift_for(request.actor, drift_id)
    reason = request.POST.get("reason", "")
    return done(
        request,
        lambda: drifting.accept(request.actor, drift_id, reason=reason, now=clock.now()),
        "Accepted: it stays as it is now, and our reason for it has ended.",
        back=reverse("orders:drift", args=(drift_id,)),
    )
