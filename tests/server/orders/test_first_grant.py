"""One grant, from a wish to what Notion shows and what our own rows say."""

from ordering import Ordering

from rolecall.server.access.models import Grant, Reason
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import Wish


def test_a_membership_is_planned_applied_carried_out_verified_and_written_down(
    ordering: Ordering,
) -> None:
    """Nothing changes before the yes; after it Notion, the order, and our rows agree."""
    account = ordering.account()
    group = ordering.group(without=account)
    wish = Wish(operation="grant", account=account.public_id, entitlement=group.public_id)

    decision = ordering.plan(wish)
    (planned,) = ordering.orders(decision)
    assert planned.state == Order.State.PLANNED, planned.why
    ordering.work()
    assert not Grant.objects.filter(account=account, entitlement=group, until_at=None).exists()

    ordering.apply(decision)
    ordering.work()

    (order,) = ordering.orders(decision)
    assert order.state == Order.State.VERIFIED, (order.why, order.error)
    held = Grant.objects.get(account=account, entitlement=group, until_at=None)
    assert held.first_sync is None
    assert held.from_at == order.verified_at
    assert Reason.objects.get(account=account, entitlement=group).source == decision.public_id
    assert group.resource is not None
    assert account.external_id in ordering.members_in_notion(group)
