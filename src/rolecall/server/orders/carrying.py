"""What the end of a task says about the order that it carries.

    ordered ── success of a connector that reads again ──▶ verified
       │  └─── success of another one ──▶ applied ── a full sync shows it ──▶ verified
       │                                     └────── a full sync does not ──▶ still present
       ├────── nobody can say ──▶ unknown ── it is looked at again, or a full sync tells ──▶ ...
       ├────── cancelled before anybody began ──▶ cancelled
       └────── refused ──▶ failed

It is told in the transaction in which the task ends, so that neither is true without the other. A
task that carries the order no more says nothing; one that ends twice, because its end came late,
is believed the second time, unless something newer was ordered about the same meanwhile.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from rolecall.errors import Refused
from rolecall.server.connectors import tasks
from rolecall.server.connectors.abilities import reads_again
from rolecall.server.connectors.locks import app_row, task_rows
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.pace import pace
from rolecall.server.orders import reasons, sending, verified
from rolecall.server.orders.facts import connector_of
from rolecall.server.orders.mishap import confined
from rolecall.server.orders.models import LIVE, Order
from rolecall.server.orders.planning import above

__all__ = ["cancel", "ended", "lock_tasks", "look_again"]

_State = Order.State
_Operation = Order.Operation
_GONE: Final = "Gone"
_OPEN: Final = frozenset({_State.ORDERED, _State.UNKNOWN, _State.FAILED})
_UNSURE: Final = frozenset({"Unverified", "Interrupted", "Unreachable"})
"""Errors of a task after which nobody knows what it did."""
_ENDS: Final = frozenset({_Operation.REMOVE_ACCOUNT, _Operation.DELETE_GROUP})
_MAKES: Final = frozenset({_Operation.CREATE_ACCOUNT, _Operation.CREATE_GROUP})


def ended(task: Task, now: datetime) -> None:
    """Say of an order what became of it, within the end of its task.

    Args:
        task: in its last state, locked.
        now: the moment.
    """
    if task.trigger != "order":
        return
    if task.state == Task.State.DONE or task.error == _GONE:
        app_row(task.connector.app_id)  # what is observed is written under its lock
    rows = Order.objects.select_for_update(of=("self",), no_key=True)
    order = rows.select_related("app", "decision", "account", "entitlement__resource").filter(
        task=task, state__in=_OPEN
    ).first()  # fmt: skip
    if order is None:
        return
    if not confined(order, lambda: _tell(order, task, now)):
        _sync_soon(task.connector, now)


def _tell(order: Order, task: Task, now: datetime) -> None:
    if task.state == Task.State.CANCELLED and not task.attempt:
        order.state, order.why = _State.CANCELLED, task.message
        order.save()
        reasons.withdraw(order, now=now)
    elif order.state == _State.FAILED and _overtaken(order):
        order.why = "It was reported as done after a newer order about the same. A sync tells."
        order.save()
        _sync_soon(task.connector, now)
    elif task.state == Task.State.DONE or _gone_anyway(order, task):
        _succeeded(order, task, now)
    else:
        _failed(order, task, now)


def lock_tasks(decision_id: str) -> list[Task]:
    """The tasks of a decision that nobody has begun, locked: whoever locks orders locks them first.

    Args:
        decision_id: public id.
    """
    waiting = task_rows().filter(
        order__decision__public_id=decision_id, state=Task.State.QUEUED, attempt=0
    )
    return list(waiting.select_related("connector").order_by("id"))


def cancel(waiting: Collection[Task], *, by: str, now: datetime) -> int:
    """End tasks that nobody has begun, and so their orders; how many."""
    for task in waiting:
        tasks.end(task, Task.State.CANCELLED, now, message=f"{by} cancelled the order.")
    return len(waiting)


def look_again(now: datetime) -> int:
    """Have orders of unknown outcome carried again whose pause is over; how many."""
    due = Order.objects.filter(state=_State.UNKNOWN, retry_at__lte=now).order_by("id")
    return sum(_look_again(pk, now) for pk in due.values_list("pk", flat=True)[:1000])


@transaction.atomic
def _look_again(pk: int, now: datetime) -> bool:
    rows = Order.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    found = rows.select_related("app", "account", "entitlement__resource", "decision")
    order = found.filter(pk=pk, state=_State.UNKNOWN, retry_at__lte=now).first()
    if order is None:
        return False
    order.retry_at = None
    order.save(update_fields=["retry_at"])
    if connector_of(order.app) is None:
        return False
    try:
        sending.again(order, by="Rolecall", now=now)
    except Refused:  # the next sync tells
        return False
    return True


def _overtaken(order: Order) -> bool:
    """Whether something else was ordered since about the same, or about what it belongs to."""
    since = Q(ordered_at__gt=order.ordered_at) | Q(state__in=LIVE)
    others = Order.objects.filter(since, app=order.app_id).exclude(pk=order.pk)
    return others.filter(effect__in=(order.effect, *above(order))).exists()


def _gone_anyway(order: Order, task: Task) -> bool:
    """Whether what should end was not there any more, which is what was wanted."""
    left_group = order.operation == _Operation.REVOKE and order.effect.startswith("member ")
    return task.error == _GONE and (order.operation in _ENDS or left_group)


def _succeeded(order: Order, task: Task, now: datetime) -> None:
    order.applied_at = now
    left = verified.unfinished(task)
    if not left and reads_again(task) and verified.observe(order, task, now):
        verified.mark(order, now)
        return
    order.state, order.why, order.error, order.retry_at = _State.APPLIED, left, "", None
    order.save()


def _failed(order: Order, task: Task, now: datetime) -> None:
    order.why, order.error = task.message, task.error
    stopped = task.state == Task.State.CANCELLED  # after it had begun
    if stopped or task.error in _UNSURE or _perhaps_ours(order, task):
        order.state, order.retry_at = _State.UNKNOWN, _next_look(order, task, now)
        if order.retry_at is None:
            _sync_soon(task.connector, now)
    else:
        order.state, order.retry_at = _State.FAILED, None
    order.save()


def _perhaps_ours(order: Order, task: Task) -> bool:
    """Whether what is in the way of making something may be what we made when nobody heard it."""
    repeated = task.attempt > 1 or order.tries > 1
    return task.error == "Conflict" and repeated and order.operation in _MAKES


def _next_look(order: Order, task: Task, now: datetime) -> datetime | None:
    """When to carry it again; None leaves it to the next sync.

    Only a connector that looks before it sends may be asked twice.
    """
    if task.error not in _UNSURE or not reads_again(task):
        return None
    pauses = pace().again_s
    if order.tries > len(pauses):
        return None
    return now + timedelta(seconds=pauses[order.tries - 1])


def _sync_soon(connector: Connector, now: datetime) -> None:
    """The next sync tells, and need not wait for its hour; a paused one stays paused."""
    Connector.objects.filter(pk=connector.pk, paused_at=None, due_at__gt=now).update(due_at=now)
