"""Give an order a task: the first one, or another one when the last brought nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime

from rolecall.errors import Conflict, Refused
from rolecall.server.access.models import App
from rolecall.server.connectors import tasks
from rolecall.server.connectors.locks import connector_row
from rolecall.server.orders.errands import errand
from rolecall.server.orders.facts import Facts, gather
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning import row
from rolecall.server.orders.wishes import Wish, wish_of

__all__ = ["again", "begin", "prepare"]

_State = Order.State


def prepare(app: App, wishes: Collection[Wish]) -> Facts:
    """Everything that ordering these wishes needs, its connector locked."""
    facts = gather(app, wishes)
    if facts.connector is not None:
        locked = connector_row(facts.connector.pk)
        facts.connector = None if locked.archived_at else locked
    return facts


def begin(orders: Sequence[Order], facts: Facts, *, by: str, now: datetime) -> None:
    """Give planned orders their tasks, in the caller's transaction, which has prepared the facts.

    Raises:
        Conflict: the app has no connector.
        Gone: the role that somebody is to have is not there any more.
    """
    if not orders:
        return
    if facts.connector is None:
        raise Conflict("No connector is connected.", hint="Connect one, and plan it again.")
    works = [errand(order, facts.roles) for order in orders]
    wanted = [(work.kind, work.parameters) for work in works]
    made = tasks.ask_changes(facts.connector, wanted, trigger="order", asked_by=by, now=now)
    for order, task in zip(orders, made, strict=True):
        order.task, order.state = task, _State.ORDERED
        order.tries, order.retry_at = order.tries + 1, None
        order.why, order.error, order.ordered_at = "", "", order.ordered_at or now
        order.save()


def again(order: Order, *, by: str, now: datetime) -> None:
    """Another task for an order whose last one is over.

    If its answer was lost it is carried again as it is, whatever was observed meanwhile: the
    connector looks before it sends. Otherwise it must still make sense.

    Raises:
        Conflict: something else about the same is on its way, or the app has no connector.
        Refused: as things are now, it makes no sense, or only a person can do it.
    """
    facts = prepare(order.app, [wish_of(order)])
    if order.state != _State.UNKNOWN:
        fresh = row(wish_of(order), facts)
        if fresh.repeats is not None:
            raise Conflict(fresh.why)
        if fresh.state == _State.REFUSED or fresh.by_hand:
            raise Refused(fresh.why, hint="Plan it anew.")
        order.wish, order.before, order.meaning = fresh.wish, fresh.before, fresh.meaning
    begin([order], facts, by=by, now=now)
