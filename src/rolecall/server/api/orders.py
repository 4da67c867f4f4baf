"""Decisions and the orders they come to: planned, looked over, applied, cancelled, undone."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Line, Note
from rolecall.server.orders import deciding, undoing
from rolecall.server.orders.finding import decision_for, decisions, order_for, orders, seen_by
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.stuck import Waits, wanted
from rolecall.server.orders.wishes import Wish

__all__ = [
    "ApplyIn",
    "DecisionOut",
    "FindAnyOrders",
    "FindDecisions",
    "FindOrders",
    "OrderOut",
    "PlanIn",
    "Reason",
    "WishIn",
    "apply_decision",
    "cancel_decision",
    "exclude_order",
    "find_orders",
    "get_decision",
    "get_order",
    "hold_order",
    "include_order",
    "list_decisions",
    "list_orders",
    "of_apps",
    "of_orders",
    "plan_decision",
    "retry_order",
    "router",
    "undo_decision",
    "undo_order",
]

router = Router(tags=["decisions"])
of_apps = Router(tags=["decisions"])
of_orders = Router(tags=["orders"])


class DecisionOut(Schema):
    """What somebody wanted changed, why, and by what authority."""

    id: str
    app: str
    title: str
    reason: str
    decided_by: str
    authority: str
    state: str
    undoes: str | None
    created_at: datetime
    applied_at: datetime | None
    applied_by: str
    agreement: int
    """The number that `apply` wants to hear as `agreed`; 0 if it wants none."""

    @staticmethod
    def resolve_id(row: Decision) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_app(row: Decision) -> str:
        """The public one."""
        return row.app.public_id

    @staticmethod
    def resolve_undoes(row: Decision) -> str | None:
        """The public one."""
        return row.undoes.public_id if row.undoes else None

    @staticmethod
    def resolve_agreement(row: Decision) -> int:
        """Only of a plan: it is nothing to be agreed to afterwards."""
        planned = row.state == Decision.State.PLANNED
        return deciding.agreement(row, now=clock.now()) if planned else 0


class OrderOut(Schema):
    """One change of one thing, from plan to proof."""

    id: str
    decision: str
    operation: str
    account: str | None
    entitlement: str | None
    wish: dict[str, Any]
    before: dict[str, Any]
    meaning: list[str]
    undo: str
    by_hand: bool
    state: str
    why: str
    error: str
    repeats: str | None
    """The order that is on its way already, of one that was refused for it."""
    task: str | None
    step: str | None
    tries: int
    created_at: datetime
    ordered_at: datetime | None
    applied_at: datetime | None
    verified_at: datetime | None
    verified_by: str | None
    """The sync that showed it; null where the connector itself read again."""

    @staticmethod
    def resolve_id(row: Order) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_decision(row: Order) -> str:
        """The public one."""
        return row.decision.public_id

    @staticmethod
    def resolve_account(row: Order) -> str | None:
        """The public one."""
        return row.account.public_id if row.account else None

    @staticmethod
    def resolve_entitlement(row: Order) -> str | None:
        """The public one."""
        return row.entitlement.public_id if row.entitlement else None

    @staticmethod
    def resolve_repeats(row: Order) -> str | None:
        """The public one."""
        return row.repeats.public_id if row.repeats else None

    @staticmethod
    def resolve_task(row: Order) -> str | None:
        """The last one."""
        return row.task_id

    @staticmethod
    def resolve_step(row: Order) -> str | None:
        """The public one."""
        step = getattr(row, "manual_step", None)
        return step.public_id if step else None

    @staticmethod
    def resolve_verified_by(row: Order) -> str | None:
        """The public one."""
        return row.verified_by.public_id if row.verified_by else None


class WishIn(Schema):
    """One change that is wanted.

    grant and revoke need account and entitlement; update_account and remove_account an account;
    rename_group and delete_group an entitlement; `values` holds what is to be written.
    """

    operation: Order.Operation
    account: Id | None = None
    entitlement: Id | None = None
    values: dict[Line, Note] = Field(default_factory=dict)


class PlanIn(Schema):
    """What is wanted, and why."""

    title: Line
    reason: Note = ""
    wishes: list[WishIn]


class ApplyIn(Schema):
    """Which orders, and the number that a large change asks for."""

    only: list[Id] | None = None
    agreed: int = 0


class Reason(Schema):
    """Why."""

    reason: Note = ""


class FindDecisions(Window):
    """Which decisions."""

    app: Id | None = None
    state: Decision.State | None = None


class FindOrders(Window):
    """Which orders."""

    state: Order.State | None = None
    waits: Waits | None = None
    """Only those that wait for somebody: failed, lost, or unverified for a day."""


class FindAnyOrders(FindOrders):
    """Which orders, of which app."""

    app: Id | None = None


@router.get("", response=answers(Page[DecisionOut]))
def list_decisions(request: HttpRequest, find: Asked[FindDecisions]) -> Cut[Decision]:
    """The decisions that one may see, the newest first."""
    rows = seen_by(actor_of(request), decisions())
    wanted = {"app__public_id": find.app, "state": find.state}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return cut(rows, find, newest_first=True)


@router.get("/{decision}", response=answers(DecisionOut))
def get_decision(request: HttpRequest, decision: Id) -> Decision:
    """One decision."""
    return decision_for(actor_of(request), decision)


@of_apps.post("/{app}/decisions", response=answers(DecisionOut, 201))
def plan_decision(request: HttpRequest, app: Id, said: PlanIn) -> Status[Decision]:
    """Plan what some wishes would come to; changes nothing."""
    actor = actor_of(request)
    wishes = [
        Wish(
            operation=one.operation,
            account=one.account or "",
            entitlement=one.entitlement or "",
            values=one.values,
        )
        for one in said.wishes
    ]
    made = deciding.plan(
        actor, app, wishes, title=said.title, reason=said.reason, now=clock.now()
    )  # fmt: skip
    return Status(201, decision_for(actor, made.public_id))


@router.get("/{decision}/orders", response=answers(Page[OrderOut]))
def list_orders(request: HttpRequest, decision: Id, find: Asked[FindOrders]) -> Cut[Order]:
    """The rows of a plan, and what came of them."""
    rows = orders().filter(decision=decision_for(actor_of(request), decision))
    return cut(_found(rows, find), find)


@router.post("/{decision}/apply", response=answers(DecisionOut))
def apply_decision(request: HttpRequest, decision: Id, said: ApplyIn) -> Decision:
    """Carry out what is planned, or only some of it."""
    actor = actor_of(request)
    deciding.apply(actor, decision, only=said.only, agreed=said.agreed, now=clock.now())
    return decision_for(actor, decision)


@router.post("/{decision}/cancel", response=answers(DecisionOut))
def cancel_decision(request: HttpRequest, decision: Id) -> Decision:
    """Do nothing of what has not begun."""
    deciding.cancel(actor_of(request), decision, now=clock.now())
    return decision_for(actor_of(request), decision)


@router.post("/{decision}/undo", response=answers(DecisionOut, 201))
def undo_decision(request: HttpRequest, decision: Id, why: Reason) -> Status[Decision]:
    """Plan the way back: a new decision, which is applied like any other."""
    return _undone(request, decision, why.reason)


@of_orders.get("", response=answers(Page[OrderOut]))
def find_orders(request: HttpRequest, find: Asked[FindAnyOrders]) -> Cut[Order]:
    """The orders that one may see, of all decisions, the newest first."""
    rows = _found(seen_by(actor_of(request), orders()), find)
    if find.app:
        rows = rows.filter(app__public_id=find.app)
    return cut(rows, find, newest_first=True)


@of_orders.get("/{order}", response=answers(OrderOut))
def get_order(request: HttpRequest, order: Id) -> Order:
    """One order."""
    return order_for(actor_of(request), order)


@of_orders.post("/{order}/hold", response=answers(OrderOut))
def hold_order(request: HttpRequest, order: Id) -> Order:
    """Keep a planned one back for now."""
    return _moved(request, order, deciding.hold)


@of_orders.post("/{order}/exclude", response=answers(OrderOut))
def exclude_order(request: HttpRequest, order: Id) -> Order:
    """Leave it out of the plan."""
    return _moved(request, order, deciding.exclude)


@of_orders.post("/{order}/include", response=answers(OrderOut))
def include_order(request: HttpRequest, order: Id) -> Order:
    """Take it back into the plan."""
    return _moved(request, order, deciding.include)


@of_orders.post("/{order}/retry", response=answers(OrderOut))
def retry_order(request: HttpRequest, order: Id) -> Order:
    """Carry it out again, after it failed or its answer was lost."""
    return _moved(request, order, deciding.retry)


@of_orders.post("/{order}/undo", response=answers(DecisionOut, 201))
def undo_order(request: HttpRequest, order: Id, why: Reason) -> Status[Decision]:
    """Plan the way back of this one."""
    return _undone(request, order, why.reason)


def _found(rows: QuerySet[Order], find: FindOrders) -> QuerySet[Order]:
    if find.state:
        rows = rows.filter(state=find.state)
    return rows.filter(wanted(find.waits, now=clock.now())) if find.waits else rows


def _moved(request: HttpRequest, order: str, deed: Callable[..., object]) -> Order:
    deed(actor_of(request), order, now=clock.now())
    return order_for(actor_of(request), order)


def _undone(request: HttpRequest, target: str, reason: str) -> Status[Decision]:
    made = undoing.undo(actor_of(request), target, reason=reason, now=clock.now())
    return Status(201, decision_for(actor_of(request), made.public_id))
