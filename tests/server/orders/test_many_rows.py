"""What a large plan costs: applying it asks little of the database for each row."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from ordering import Ordering

from rolecall.server.access.models import Account
from rolecall.server.audit.models import Event
from rolecall.server.connectors.models import Task
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.wishes import Wish

MOST_A_ROW = 3


def _plan(ordering: Ordering, rows: int) -> Decision:
    group = ordering.group_list()[0]
    outside = Account.objects.filter(app=ordering.app, present=True).exclude(
        grants__in=group.grants.filter(until_at=None)
    )
    chosen = list(outside.order_by("id")[:rows])
    assert len(chosen) == rows
    return ordering.plan(
        *(
            Wish(operation="grant", account=one.public_id, entitlement=group.public_id)
            for one in chosen
        )
    )


def _asked(ordering: Ordering, decision: Decision) -> int:
    agreed = deciding.agreement(decision, now=ordering.now())
    with CaptureQueriesContext(connection) as seen:
        deciding.apply(ordering.admin, decision.public_id, now=ordering.now(), agreed=agreed)
    return len(seen)


def test_applying_asks_at_most_three_times_a_row(ordering: Ordering) -> None:
    """Beside what it asks once; and each order has its task, and the decision its one audit row."""
    few, many = _plan(ordering, 2), _plan(ordering, 12)
    of_few = _asked(ordering, few)
    deciding.cancel(ordering.admin, few.public_id, now=ordering.now())
    of_many = _asked(ordering, many)

    assert (of_many - of_few) / 10 <= MOST_A_ROW, (of_few, of_many)
    orders = Order.objects.filter(decision=many).select_related("task")
    assert {one.state for one in orders} == {Order.State.ORDERED}
    assert len({one.task_id for one in orders}) == len(orders) == 12
    assert {one.task.state for one in orders if one.task} == {Task.State.QUEUED}
    noted = Event.objects.filter(action="decision:apply", target_id=many.public_id)
    assert [len(one.detail["orders"]) for one in noted] == [12]
