"""What can be ordered only once something was made: groups of a new account, members of a group.

The wishes are kept with the order that makes the account or group, and become orders of the same
decision in the transaction that verifies it.
"""

from datetime import datetime

from rolecall.server.orders import reasons, sending
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning import row
from rolecall.server.orders.rows import one_at_a_time
from rolecall.server.orders.wishes import Wish

__all__ = ["follow"]

_Operation = Order.Operation


def follow(order: Order, now: datetime) -> list[Order]:
    """Order what was waiting for this one; rows that make no sense by now are kept as refused."""
    wishes = _wishes(order)
    if not wishes:
        return []
    one_at_a_time(order.app)
    facts = sending.prepare(order.app, wishes)
    found = [row(wish, facts) for wish in wishes]
    for made in found:
        made.decision_id, made.after, made.created_at = order.decision_id, order, now
        made.save()
    ready = [one for one in found if one.state == Order.State.PLANNED and not one.by_hand]
    sending.begin(ready, facts, by=order.decision.applied_by, now=now)
    for made in ready:
        reasons.settle(made, now=now)
    return found


def _wishes(order: Order) -> list[Wish]:
    account = order.account.public_id if order.account else ""
    entitlement = order.entitlement.public_id if order.entitlement else ""
    if order.operation == _Operation.CREATE_ACCOUNT and account:
        return [
            Wish(operation=_Operation.GRANT, account=account, entitlement=one)
            for one in order.wish.get("groups", "").split()
        ]
    if order.operation == _Operation.CREATE_GROUP and entitlement:
        return [
            Wish(operation=_Operation.GRANT, account=one, entitlement=entitlement)
            for one in order.wish.get("members", "").split()
        ]
    return []
