"""One decision: the plan before it is applied, and row by row what came of it."""

from types import MappingProxyType

from django.db.models import Count
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.access.pages.looks import account_peek
from rolecall.server.connectors.models import Task
from rolecall.server.orders import deciding, undoing
from rolecall.server.orders.elsewhere import beyond
from rolecall.server.orders.finding import decision_for
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.pages.looks import (
    authority_words,
    crumbs,
    decision_look,
    from_to,
    operation_words,
    order_look,
    order_status,
    undo_mark,
    who_cell,
    who_words,
)
from rolecall.server.orders.pages.saving import saving_of
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import NOTHING, link, moment
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["POSSIBLE", "apply", "cancel", "decision", "orders_table", "undo"]

_State = Order.State
_MOVING = (_State.ORDERED,)
"""What changes by itself within seconds: the page looks again."""
_DIGITS = 7
POSSIBLE = MappingProxyType({
    "hold": ("plan", (_State.PLANNED,)),
    "exclude": ("plan", (_State.PLANNED, _State.HELD)),
    "include": ("plan", (_State.HELD, _State.EXCLUDED)),
    "retry": ("apply", (_State.FAILED, _State.STILL_PRESENT, _State.UNKNOWN)),
})  # fmt: skip
"""Button → who may press it, and on rows in which states."""
_DONE = (_State.APPLIED, _State.VERIFIED)
_CANCELLABLE = (_State.PLANNED, _State.HELD, _State.ORDERED, _State.HANDED)


def _meaning(order: Order) -> SafeString:
    lines = format_html_join("", "<div>{}</div>", ((one,) for one in order.meaning))
    return format_html("{}{}", lines, undo_mark(order))


def _manual(order: Order) -> SafeString | str:
    """The way to the step that a person has to do."""
    step = getattr(order, "manual_step", None)
    if step is None:
        return order_status(order)
    return format_html(
        '{} <a href="{}">What to do</a>',
        order_status(order),
        reverse("orders:step", args=(step.public_id,)),
    )


def _task(task: Task | None) -> SafeString | str:
    return link("Log", reverse("connectors:run", args=(task.pk,))) if task else NOTHING


_COLUMNS: tuple[Column[Order], ...] = (
    Column(name="who", label="Who", value=who_words, show=who_cell, sort=("account__name",)),
    Column(
        name="what",
        label="What",
        value=operation_words,
        sort=("operation", "pk"),
        show=lambda o: link(operation_words(o), reverse("orders:order", args=(o.public_id,))),
    ),
    Column(name="change", label="From → to", value=from_to),
    Column(
        name="state",
        label="Result",
        value=lambda o: order_look(o).word,
        show=_manual,
        sort=("state", "pk"),
    ),
    Column(name="meaning", label="What it means", value=lambda o: o.meaning, show=_meaning),
    Column(name="why", label="Why not", value=lambda o: o.why, usual=False),
    Column(name="undo", label="Undo", value=lambda o: o.get_undo_display(), usual=False),
    Column(name="reason", label="Why", value=lambda o: o.decision.reason, usual=False),
    Column(name="approver", label="Applied by", value=lambda o: o.decision.applied_by, usual=False),
    Column(
        name="verified",
        label="Verified",
        value=lambda o: o.verified_at,
        show=lambda o: moment(o.verified_at),
        sort=("verified_at",),
    ),
    Column(
        name="task",
        label="Task",
        value=lambda o: o.task.pk if o.task else None,
        show=lambda o: _task(o.task),
        usual=False,
    ),
    Column(name="number", label="Number", value=lambda o: o.pk, sort=("pk",), usual=False),
    Column(name="id", label="Id", value=lambda o: o.public_id, usual=False),
)


def orders_table(*, pick: bool) -> Table[Order]:
    """The table of a decision's rows; with `pick`, they can be chosen."""
    choices = tuple(Choice(value=value, label=label) for value, label in _State.choices)
    return Table(
        noun="changes",
        columns=_COLUMNS,
        order="number",
        filters=(Filter(name="state", label="Result", narrow=one_of("state"), choices=choices),),
        fetch=lambda rows: rows.select_related(
            "account", "entitlement", "decision", "task", "manual_step", "repeats"
        ),
        pick=(lambda o: o.public_id) if pick else None,
        peek=lambda o: account_peek(o.account),
    )


@page("order:read")
def decision(request: Request, decision_id: str) -> HttpResponseBase:
    """What would be done, or what was; asked for again while something is under way."""
    one = decision_for(request.actor, decision_id)
    counts = dict(one.orders.order_by().values_list("state").annotate(Count("pk")))
    allowed = {
        name: bool(may(request.actor, f"order:{name}", one.app.public_id))
        for name in ("plan", "apply")
    }
    deeds = _deeds(counts, allowed)
    return show(
        request,
        "orders/decision.html",
        orders_table(pick=bool(deeds)),
        one.orders.all(),
        decision=one,
        app=one.app,
        look=decision_look(one),
        to_apply=counts.get(_State.PLANNED, 0),
        agreement=deciding.agreement(one, now=clock.now()),
        beyond=beyond(one, now=clock.now()),
        figures=_figures(counts),
        saving=saving_of(one),
        moving=any(counts.get(state) for state in _MOVING),
        cancellable=one.state == Decision.State.PLANNED
        or any(counts.get(state) for state in _CANCELLABLE),
        authority=authority_words(one),
        bulk="orders/bulk_orders.html" if deeds else "",
        deeds=deeds,
        undoable=any(counts.get(state) for state in _DONE),
        undone_by=one.undone_by.first(),
        may=allowed,
        crumbs=crumbs(one.app),
        prefix=one.app.name,
    )


def _figures(counts: dict[str, int]) -> list[tuple[object, int]]:
    """How many rows are in which state, in the order of the states."""
    looks = ((state, order_look(Order(state=state))) for state in _State)
    return [(look, counts[state]) for state, look in looks if counts.get(state)]


def _deeds(counts: dict[str, int], allowed: dict[str, bool]) -> set[str]:
    """What can be done with rows: as their states are, and as this person may."""
    return {
        deed
        for deed, (action, states) in POSSIBLE.items()
        if allowed[action] and any(counts.get(state) for state in states)
    }


@require_POST
@page("order:apply")
def apply(request: Request, decision_id: str) -> HttpResponse:
    """Carry out what is planned."""
    typed = request.POST.get("agreed", "").strip()
    agreed = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < _DIGITS else 0
    return done(
        request,
        lambda: deciding.apply(request.actor, decision_id, agreed=agreed, now=clock.now()),
        "Applied: the connector gets it now.",
        back=_address(decision_id),
    )


@require_POST
@page("order:apply")
def cancel(request: Request, decision_id: str) -> HttpResponse:
    """Do none of it."""
    return done(
        request,
        lambda: deciding.cancel(request.actor, decision_id, now=clock.now()),
        "Cancelled. What had been ordered already goes on to its end.",
        back=_address(decision_id),
    )


@require_POST
@page("order:plan")
def undo(request: Request, decision_id: str) -> HttpResponse:
    """Plan the way back, of all of it or of the rows with a tick."""
    reason = request.POST.get("reason", "")
    made = undoing.undo(request.actor, decision_id, reason=reason, now=clock.now())
    return HttpResponseRedirect(_address(made.public_id))


def _address(decision_id: str) -> str:
    return reverse("orders:decision", args=(decision_id,))
