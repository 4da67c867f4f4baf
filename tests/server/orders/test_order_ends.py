"""The end of a task reaches its order, whatever goes wrong while it is written down."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from ordering import Ordering
from test_outcomes import Foreign

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.server.access.models import Account, Change, Grant
from rolecall.server.connectors import tasks
from rolecall.server.connectors.finishing import finish_for
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.orders import verified
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.wishes import Wish

_State = Order.State


@contextmanager
def _older_schema() -> Iterator[None]:
    """The database as it is before a column may be empty that this program leaves empty.

    So it was in the one run of kills in which orders stayed as they were: processes that were
    started again had a newer program than their database.
    """
    _alter("SET NOT NULL")
    try:
        yield
    finally:
        _alter("DROP NOT NULL")


def _alter(how: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE access_change ALTER COLUMN sync_id {how}")


def _promotion(ordering: Ordering) -> tuple[Decision, Account]:
    account, role = ordering.account("member"), ordering.role("membership_admin")
    wish = Wish(operation="grant", account=account.public_id, entitlement=role.public_id)
    decision = ordering.plan(wish)
    ordering.apply(decision)
    return decision, account


def test_an_end_that_cannot_be_written_down_leaves_the_order_unknown_and_says_why(
    ordering: Ordering,
) -> None:
    """Not ordered for ever: the task has ended, the cause is told, and the next sync settles it."""
    decision, account = _promotion(ordering)
    with _older_schema():
        ordering.work()
    (order,) = ordering.orders(decision)
    assert order.task is not None
    assert (order.task.state, order.task.attempt) == (Task.State.DONE, 1)
    assert (order.state, order.error, order.retry_at) == (_State.UNKNOWN, "Unverified", None)
    assert "IntegrityError" in order.why
    assert not Change.objects.filter(account=account).exists(), "half of it was written down"
    assert ordering.role_in_notion(account) == "membership_admin"
    due = Connector.objects.get(pk=ordering.connector.pk).due_at
    assert due is not None
    assert due <= ordering.now(), "the sync that tells need not wait for its hour"

    ordering.step += timedelta(minutes=1)
    task = ordering.sync(ordering.connector)
    assert task.state == Task.State.DONE, task.message

    (order,) = ordering.orders(decision)
    assert (order.state, order.why) == (_State.VERIFIED, "")
    assert ordering.rows() == ordering.notion()


def test_an_order_that_a_sync_cannot_settle_keeps_no_other_from_being_settled(
    ordering: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor the sync from being applied; a later one tries again."""
    foreign = Foreign(ordering)
    one, other = Account.objects.filter(role=ordering.role("member")).order_by("id")[:2]
    role = ordering.role("membership_admin").public_id
    decision = ordering.plan(
        *(
            Wish(operation="grant", account=account.public_id, entitlement=role)
            for account in (one, other)
        )
    )
    ordering.apply(decision)
    for account in (one, other):
        ordering.sim.set_role(account.external_id, "membership_admin")
        foreign.succeed()
    mark = verified.mark

    def stumble(order: Order, *args: object, **named: object) -> None:
        mark(order, *args, **named)  # type: ignore[arg-type]
        if order.account_id == one.pk:
            raise KeyError("a defect")

    ordering.step += timedelta(minutes=1)
    with monkeypatch.context() as patched:
        patched.setattr(verified, "mark", stumble)
        foreign.sync()
    first, second = ordering.orders(decision)
    assert (first.state, second.state) == (_State.APPLIED, _State.VERIFIED)
    assert "KeyError" in first.why

    ordering.step += timedelta(minutes=1)
    foreign.sync()

    first, second = ordering.orders(decision)
    assert (first.state, second.state) == (_State.VERIFIED, _State.VERIFIED)


def _given_up(ordering: Ordering, foreign: Foreign) -> Task:
    """The task of the one order: taken again and again, never ended, and its order failed."""
    task = Task.objects.get(trigger="order")
    task.attempt, task.worker = tasks.MOST_ATTEMPTS, "go@localhost/x go-host"
    with transaction.atomic():
        tasks.give_up(task, ordering.now())
    ordering.step += timedelta(minutes=1)
    foreign.sync()
    return task


def _late(task: Task) -> api.BatonServiceFinishTaskRequest:
    """It went well, after all."""
    request = api.BatonServiceFinishTaskRequest(host_id="go-host", task_id=task.pk)
    request.success.SetInParent()
    return request


def test_an_old_success_that_comes_after_a_newer_order_is_left_to_the_next_sync(
    ordering: Ordering,
) -> None:
    """Given up, found undone, ordered anew: then the first connector calls at last."""
    decision, account = _promotion(ordering)
    foreign = Foreign(ordering)
    old = _given_up(ordering, foreign)
    (first,) = ordering.orders(decision)
    assert first.state == _State.FAILED, first.why
    (second,) = ordering.orders(_promotion(ordering)[0])
    assert second.state == _State.ORDERED

    finish_for(foreign.client, _late(old), ordering.now())

    old.refresh_from_db()
    first.refresh_from_db()
    second.refresh_from_db()
    assert old.state == Task.State.DONE
    assert (first.state, second.state) == (_State.FAILED, _State.ORDERED)
    assert "after a newer order" in first.why
    foreign.succeed()
    ordering.sim.set_role(account.external_id, "membership_admin")
    ordering.step += timedelta(minutes=1)
    foreign.sync()
    second.refresh_from_db()
    assert second.state == _State.VERIFIED


def test_an_end_that_two_controllers_hear_at_once_is_written_down_once(
    ordering: Ordering,
) -> None:
    """The task's row is the lock, and who comes second finds the end there."""
    decision, account = _promotion(ordering)
    foreign = Foreign(ordering)
    foreign.say("rolecall 0.1")
    task = Task.objects.get(trigger="order")
    tasks.begin(task, "go@localhost/x go-host", ordering.now(), lease_s=3600)
    together = threading.Barrier(4)
    went_wrong: list[BaseException] = []

    def hear() -> None:
        together.wait(60)
        finish_for(foreign.client, _late(task), ordering.now())

    _all_at_once([hear] * 4, went_wrong)

    assert went_wrong == []
    (order,) = ordering.orders(decision)
    assert order.state == _State.VERIFIED
    assert Change.objects.filter(account=account).count() == 1
    held = Grant.objects.filter(account=account, until_at=None, entitlement__kind="role")
    assert held.count() == 1


def _all_at_once(deeds: list[Callable[[], None]], went_wrong: list[BaseException]) -> None:
    def run(deed: Callable[[], None]) -> None:
        try:
            deed()
        except BaseException as error:  # noqa: BLE001 - told to the test
            went_wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
        assert not one.is_alive()
