"""Decisions: planned, looked over row by row, applied, or cancelled.

A plan is rows and changes nothing. Applying plans every row once more, by what is known by then,
and turns those that still make sense into orders, in one transaction with the reasons for them and
the audit row. `carrying` does the rest.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import Account, App
from rolecall.server.audit.trail import Actor, record
from rolecall.server.orders import carrying, manual, reasons, sending
from rolecall.server.orders.guards import needs_agreement
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.planned import MOST_ROWS, planned
from rolecall.server.orders.planning import row
from rolecall.server.orders.rows import (
    authority,
    decision_locked,
    one_at_a_time,
    order_locked,
)
from rolecall.server.orders.wishes import Wish, wish_of

__all__ = [
    "MOST_ROWS",
    "MOVES",
    "agreement",
    "apply",
    "cancel",
    "exclude",
    "hold",
    "include",
    "plan",
    "retry",
]

_HOUR: Final = timedelta(hours=1)
_State = Order.State
_AGAIN: Final = frozenset({_State.FAILED, _State.STILL_PRESENT, _State.UNKNOWN, _State.CANCELLED})
MOVES: Final = MappingProxyType({
    "hold": (frozenset({_State.PLANNED}), _State.HELD),
    "exclude": (frozenset({_State.PLANNED, _State.HELD}), _State.EXCLUDED),
    "include": (frozenset({_State.HELD, _State.EXCLUDED}), _State.PLANNED),
})  # fmt: skip
"""What is done with a row before it is applied: in which states it may be, and in which it is then.
"""
_PLANNED_FIELDS: Final = (
    "wish", "effect", "before", "meaning", "undo", "by_hand", "why", "error", "state", "repeats",
)  # fmt: skip


@transaction.atomic
def plan(
    actor: Actor,
    app_id: str,
    wishes: Sequence[Wish],
    *,
    title: str,
    reason: str = "",
    now: datetime,
) -> Decision:
    """Write down what some wishes would come to; changes nothing in the app.

    Args:
        actor: who wants it.
        app_id: public id.
        wishes: one per row.
        title: what it is about, in a line.
        reason: why, in the actor's words.
        now: when.

    Returns:
        The decision; each of its orders is planned (`by_hand` says that a person will get it) or
        refused, with the reason and, of a repeat, the order that is on its way.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such app.
        Invalid: no title, no wishes or too many, or an operation that there is not.
    """
    app = app_for(actor, app_id, "order:plan")
    return planned(
        actor, app, wishes, title=title, reason=reason,
        authority=authority(actor, "order:plan", app), now=now,
    )  # fmt: skip


@transaction.atomic
def apply(
    actor: Actor,
    decision_id: str,
    *,
    now: datetime,
    only: Collection[str] | None = None,
    agreed: int = 0,
) -> Decision:
    """Order the planned rows of a decision; those that make no sense any more are refused.

    Args:
        actor: who says yes.
        decision_id: public id.
        now: when.
        only: public ids of the orders to apply; None is: all that are planned.
        agreed: the number that `agreement` asks for.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such decision.
        Conflict: it was cancelled, nothing is left to apply, or so much needs a second look: the
            number of orders within the hour must be confirmed.
    """
    decision = decision_locked(actor, "order:apply", decision_id)
    if decision.state == Decision.State.CANCELLED:
        raise Conflict("This decision was cancelled.", hint="Plan it again.")
    one_at_a_time(decision.app)
    orders = _ready(decision, only)
    if not orders:
        raise Conflict("Nothing is left to apply.", hint="Include rows that were held back.")
    needed = _agreement(decision.app, orders, now)
    if needed and agreed != needed:
        raise Conflict(
            f"This makes {needed} changes within an hour, or reaches many of the accounts.",
            hint=f"If that is meant, confirm the number {needed}.",
        )
    ordered = _order(actor, decision, orders, now)
    decision.state, decision.applied_at = Decision.State.APPLIED, decision.applied_at or now
    decision.applied_by = decision.applied_by or actor.name
    decision.save()
    record(
        actor, "decision:apply", decision, now=now, scope=decision.app.public_id,
        reason=decision.reason, agreed=agreed, orders=[one.public_id for one in ordered],
    )  # fmt: skip
    return decision


def agreement(decision: Decision, *, now: datetime, only: Collection[str] | None = None) -> int:
    """The number that `apply` wants to hear; 0 if it wants none."""
    return _agreement(decision.app, _ready(decision, only), now)


def hold(actor: Actor, order_id: str, *, now: datetime) -> Order:
    """Keep a planned row back for now.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such order.
        Conflict: it is not planned.
    """
    return _move(actor, order_id, "hold", now)


def exclude(actor: Actor, order_id: str, *, now: datetime) -> Order:
    """Leave a planned or held row out.

    Raises:
        NotAllowed, Gone, Conflict: as `hold`.
    """
    return _move(actor, order_id, "exclude", now)


def include(actor: Actor, order_id: str, *, now: datetime) -> Order:
    """Take a row back into the plan that was held or left out.

    Raises:
        NotAllowed, Gone, Conflict: as `hold`.
    """
    return _move(actor, order_id, "include", now)


@transaction.atomic
def cancel(actor: Actor, decision_id: str, *, now: datetime) -> Decision:
    """End a plan, or of an applied decision whatever no connector has begun.

    A plan of which nothing can be done ends too: it would wait for somebody for ever.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such decision.
        Conflict: nothing is left that could be cancelled.
    """
    tasks = carrying.lock_tasks(decision_id)
    decision = decision_locked(actor, "order:apply", decision_id)
    open_rows = decision.orders.filter(state__in=(_State.PLANNED, _State.HELD))
    cancelled = open_rows.update(state=_State.CANCELLED)
    cancelled += carrying.cancel(tasks, by=actor.name, now=now)
    if not cancelled and decision.state != Decision.State.PLANNED:
        raise Conflict("Nothing of this can be cancelled any more.", hint="Undo what was done.")
    if decision.state == Decision.State.PLANNED:
        decision.state = Decision.State.CANCELLED
        decision.save(update_fields=["state"])
    record(actor, "decision:cancel", decision, now=now, scope=decision.app.public_id,
           orders=cancelled)  # fmt: skip
    return decision


@transaction.atomic
def retry(actor: Actor, order_id: str, *, now: datetime) -> Order:
    """Have an order carried out again that failed, was cancelled, or whose answer was lost.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such order.
        Conflict: it is in another state, or something else about the same is on its way.
        Refused: as things are now, it makes no sense.
    """
    order = order_locked(actor, "order:apply", order_id)
    if order.state not in _AGAIN or order.decision.state == Decision.State.CANCELLED:
        raise Conflict(f"This order is: {order.get_state_display()}.", hint="Look at it again.")
    one_at_a_time(order.app)
    cancelled = order.state == _State.CANCELLED
    sending.again(order, by=actor.name, now=now)
    if cancelled:
        reasons.settle(order, now=now)
    record(actor, "order:retry", order, now=now, scope=order.app.public_id, tries=order.tries)
    return order


def _ready(decision: Decision, only: Collection[str] | None) -> list[Order]:
    rows = decision.orders.filter(state=_State.PLANNED)
    if only is not None:
        rows = rows.filter(public_id__in=only)
    return list(
        rows.select_related("app", "decision", "account", "entitlement__resource").order_by("id")
    )


def _agreement(app: App, orders: Collection[Order], now: datetime) -> int:
    recent = Order.objects.filter(app=app, ordered_at__gt=now - _HOUR)
    before = set(recent.exclude(state=_State.REFUSED).values_list("effect", flat=True))
    accounts = Account.objects.filter(app=app, present=True).count()
    return needs_agreement({one.effect for one in orders}, before, accounts)


def _order(actor: Actor, decision: Decision, orders: list[Order], now: datetime) -> list[Order]:
    """Plan each row once more, and order what still makes sense; those that were ordered."""
    facts = sending.prepare(decision.app, [wish_of(one) for one in orders])
    for order in orders:
        fresh = row(wish_of(order), facts)
        for name in _PLANNED_FIELDS:
            setattr(order, name, getattr(fresh, name))
        if order.state == _State.REFUSED:
            order.save()
    sent = [one for one in orders if one.state != _State.REFUSED]
    sending.begin([one for one in sent if not one.by_hand], facts, by=actor.name, now=now)
    for order in sent:
        if order.by_hand:
            order.ordered_at = now
            manual.hand_over(order, now=now)
        if order.operation != Order.Operation.CREATE_ACCOUNT:  # its reason waits for the account
            reasons.settle(order, now=now)
    return sent


@transaction.atomic
def _move(actor: Actor, order_id: str, verb: str, now: datetime) -> Order:
    before, after = MOVES[verb]
    order = order_locked(actor, "order:plan", order_id)
    if order.state not in before or order.decision.state == Decision.State.CANCELLED:
        raise Conflict(f"This order is: {order.get_state_display()}.", hint="Look at it again.")
    order.state = after
    order.save(update_fields=["state"])
    record(actor, f"order:{verb}", order, now=now, scope=order.app.public_id)
    return order
