"""What an applied sync says about orders: done as was reported, or not done.

Only a sync that began after an order's end can tell, and only one that proved the types in
question complete.
"""

from datetime import datetime
from functools import partial
from typing import Final

from rolecall.server.access.models import Sync
from rolecall.server.connectors.models import Task
from rolecall.server.orders import drifting, verified
from rolecall.server.orders.holds import Seen, look, types_of
from rolecall.server.orders.mishap import confined
from rolecall.server.orders.models import ManualStep, Order

__all__ = ["applied"]

_State = Order.State
_WAITING: Final = (_State.APPLIED, _State.UNKNOWN, _State.STILL_PRESENT, _State.HANDED)


def applied(sync: Sync, task: Task, now: datetime) -> None:
    """Settle the orders that this sync can tell about; in the transaction that applied it."""
    del task
    rows = Order.objects.select_for_update(of=("self",), no_key=True)
    waiting = list(
        rows.filter(app=sync.app_id, state__in=_WAITING)
        .select_related("app", "decision", "account", "entitlement__resource", "task")
        .order_by("id")
    )
    seen = Seen(waiting)
    for order in waiting:
        if _since(order) < sync.started_at and types_of(order) <= set(sync.complete_types):
            done = look(order, seen)
            confined(order, partial(_settle, order, done, sync, now))
    drifting.compare(sync, now)


def _since(order: Order) -> datetime:
    """From when on it may be so: a sync that began before tells nothing."""
    if order.state == _State.UNKNOWN and order.task is not None:
        return order.task.ended_at or order.created_at
    return order.applied_at or order.ordered_at or order.created_at


def _settle(order: Order, done: bool | None, sync: Sync, now: datetime) -> None:  # noqa: FBT001
    if done:
        _close_step(order, sync, now)
        verified.mark(order, sync.ended_at, sync=sync)
    elif done is None or order.state == _State.HANDED:
        return  # nobody can see it, or nobody has done it yet
    elif order.state == _State.UNKNOWN:
        if order.retry_at is None:  # otherwise it is about to be carried again
            order.state = _State.FAILED
            order.why = f"{order.why} Sync {sync.number} shows that it was not done.".strip()
            order.save()
    else:
        order.state = _State.STILL_PRESENT
        order.why = f"It was reported as done, and sync {sync.number} shows that it is not."
        order.save()


def _close_step(order: Order, sync: Sync, now: datetime) -> None:
    """Somebody did it by hand and did not say so; the sync says it."""
    ManualStep.objects.filter(order=order, state=ManualStep.State.OPEN).update(
        state=ManualStep.State.DONE, proof=f"Seen by sync {sync.number}.", ended_at=now,
        ended_by="Rolecall",
    )  # fmt: skip
