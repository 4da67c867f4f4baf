"""Orders and syncs side by side: who saw what last counts, and nobody loses what they saw."""

from datetime import timedelta

import pytest
from django.db import transaction
from ordering import Ordering

from rolecall.errors import Refused
from rolecall.server.access.models import Account, Reason
from rolecall.server.connectors import syncing, tasks
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.services.delete import delete
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Decision, Drift, Order
from rolecall.server.orders.wishes import Wish

_State = Order.State


def _everything(ordering: Ordering) -> Decision:
    """One order of each kind, of different people and groups."""
    one, two, three, four = Account.objects.filter(role=ordering.role("member")).order_by("-id")[:4]
    joined, left = ordering.group(without=one), ordering.group(having=two)
    groups = ordering.group_list()
    spare = [each for each in groups if each.pk not in {joined.pk, left.pk}]
    return ordering.plan(
        Wish(operation="grant", account=one.public_id, entitlement=joined.public_id),
        Wish(operation="revoke", account=two.public_id, entitlement=left.public_id),
        Wish(
            operation="grant",
            account=three.public_id,
            entitlement=ordering.role("membership_admin").public_id,
        ),
        Wish(operation="remove_account", account=four.public_id),
        Wish(operation="create_account", values={"email": "late@larkspur.example"}),
        Wish(operation="create_group", values={"name": "Latecomers"}),
        Wish(operation="rename_group", entitlement=spare[0].public_id, values={"name": "Renamed"}),
        Wish(operation="delete_group", entitlement=spare[1].public_id),
    )


def test_a_sync_that_began_before_a_change_leaves_it_alone(
    ordering: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read before, applied after: what we saw later stays, and is no drift."""
    decision = _everything(ordering)
    ordering.apply(decision)
    apply = syncing._apply

    def late(*args: object) -> None:
        for task in Task.objects.filter(trigger="order").order_by("id"):
            ordering.carry_out(task)
        apply(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(syncing, "_apply", late)
        ordering.sync(ordering.connector)
    orders = ordering.orders(decision)

    assert [one.state for one in orders] == [_State.VERIFIED] * len(orders), [
        (one.operation, one.why) for one in orders
    ]
    assert ordering.rows() == ordering.notion()
    assert not Drift.objects.exists()
    ordering.settle()


def test_a_change_that_was_stopped_when_it_had_begun_is_settled_by_the_next_sync(
    ordering: Ordering,
) -> None:
    """Nobody knows what it did; before it begins, it is simply cancelled, and can be retried."""
    decision = _everything(ordering)
    ordering.apply(decision)
    first, second, *_ = ordering.orders(decision)
    task = Task.objects.get(pk=first.task_id)
    tasks.begin(task, "here", ordering.now(), lease_s=60)
    with transaction.atomic():
        for stopped in Task.objects.filter(trigger="order"):
            tasks.end(stopped, Task.State.CANCELLED, ordering.now(), message="Stopped.")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (_State.UNKNOWN, _State.CANCELLED)
    assert not Reason.objects.filter(account=second.account, ended_at=None).exists()

    ordering.step += timedelta(seconds=1)
    ordering.sync(ordering.connector)
    first.refresh_from_db()
    assert first.state == _State.FAILED
    deciding.retry(ordering.admin, second.public_id, now=ordering.now())
    ordering.work()

    second.refresh_from_db()
    assert second.state == _State.VERIFIED, second.why


def test_orders_of_a_connector_that_is_deleted_are_cancelled(ordering: Ordering) -> None:
    """And nothing can be ordered without one, but by hand."""
    decision = _everything(ordering)
    ordering.apply(decision)
    delete(
        ordering.admin, ordering.connector.public_id, typed_name=ordering.connector.name,
        now=ordering.now(),
    )  # fmt: skip
    orders = ordering.orders(decision)

    assert {one.state for one in orders} == {_State.CANCELLED}
    assert Connector.objects.get(pk=ordering.connector.pk).archived_at
    again = ordering.plan(
        Wish(
            operation="grant",
            account=ordering.account().public_id,
            entitlement=ordering.role("membership_admin").public_id,
        )
    )
    assert ordering.orders(again)[0].by_hand
    with pytest.raises(Refused, match="No connector"):
        deciding.retry(ordering.admin, orders[0].public_id, now=ordering.now())
