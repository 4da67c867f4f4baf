"""Two owners, and two people or workers who each take one of them away at the same moment."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from ordering import Ordering
from server_rig import until

from rolecall.server.access.models import Account
from rolecall.server.connectors import changing
from rolecall.server.connectors.models import Task
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.wishes import Wish

_State = Order.State


@pytest.fixture
def owners(ordering: Ordering) -> list[Account]:
    """The only two; the token that we use is not theirs."""
    sim = ordering.sim
    first, *others = sim.world.owners()
    for one in others:
        sim.set_role(one, "member")
    maker = ordering.account("member").external_id
    task = ordering.give(ordering.connector, save=True, scim_token=sim.mint_token(maker))
    assert task.state == Task.State.DONE, task.message
    second = next(uid for uid in sim.world.order if uid not in {first, maker})
    sim.set_role(second, "owner")
    ordering.work()
    ordering.sync(ordering.connector)
    found = list(Account.objects.filter(role=ordering.role("owner"), present=True))
    assert {one.external_id for one in found} == {first, second} == set(sim.world.owners())
    return found


def _demotion(ordering: Ordering, account: Account) -> Decision:
    role = ordering.role("member")
    return ordering.plan(
        Wish(operation="grant", account=account.public_id, entitlement=role.public_id)
    )


def _at_once(deeds: list[Callable[[], object]]) -> None:
    together, went_wrong = threading.Barrier(len(deeds)), list[BaseException]()

    def run(deed: Callable[[], object]) -> None:
        try:
            together.wait(60)
            deed()
        except BaseException as error:  # noqa: BLE001 - told to the test
            went_wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert went_wrong == []


def test_two_people_who_each_take_one_of_them_away(
    ordering: Ordering, owners: list[Account]
) -> None:
    """Both plans were good when they were made; of the second a person hears."""
    plans = [_demotion(ordering, one) for one in owners]
    assert [ordering.orders(one)[0].by_hand for one in plans] == [False, False]

    def yes(decision: Decision) -> Callable[[], object]:
        agreed = deciding.agreement(decision, now=ordering.now())
        return lambda: deciding.apply(
            ordering.admin, decision.public_id, now=ordering.now(), agreed=agreed
        )

    _at_once([yes(one) for one in plans])
    orders = [order for one in plans for order in ordering.orders(one)]
    assert sorted(one.state for one in orders) == [_State.HANDED, _State.ORDERED]
    assert "last workspace owner" in next(one.why for one in orders if one.state == _State.HANDED)
    ordering.work()

    assert len(ordering.sim.world.owners()) == 1
    orders = [order for one in plans for order in ordering.orders(one)]
    assert sorted(one.state for one in orders) == [_State.HANDED, _State.VERIFIED]


def test_two_workers_who_each_take_one_of_them_away(
    ordering: Ordering, owners: list[Account]
) -> None:
    """There were three when it was ordered; the third one went meanwhile, past us."""
    third = Account.objects.filter(role=ordering.role("member"), present=True).latest("id")
    ordering.sim.set_role(third.external_id, "owner")
    ordering.sync(ordering.connector)
    plans = [_demotion(ordering, one) for one in owners]
    for one in plans:
        assert [order.state for order in ordering.apply(one)] == [_State.ORDERED]
    ordering.sim.set_role(third.external_id, "member")
    tasks = list(Task.objects.filter(trigger="order").order_by("id"))

    _at_once([lambda task=task: ordering.carry_out(task) for task in tasks])  # type: ignore[misc]

    assert len(ordering.sim.world.owners()) == 1
    orders = [order for one in plans for order in ordering.orders(one)]
    assert sorted(one.state for one in orders) == [_State.FAILED, _State.VERIFIED]
    (failed,) = [one for one in orders if one.state == _State.FAILED]
    assert failed.error == "Refused"
    assert "owner" in failed.why


def test_a_change_of_an_owner_waits_until_another_one_is_over(
    ordering: Ordering, owners: list[Account]
) -> None:
    """Two who looked at once would each see the other's owner: so the second has not looked yet."""
    (order,) = ordering.apply(_demotion(ordering, owners[0]))
    task = Task.objects.get(order=order)
    worker = threading.Thread(target=_at_once, args=([lambda: ordering.carry_out(task)],))
    key = [changing._OWNERS, ordering.app.pk]
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, %s)", key)
        ordering.sim.clear_requests()
        worker.start()
        until(lambda: _somebody_waits(key) or not worker.is_alive(), within_s=120)
        waited, asked = worker.is_alive(), len(ordering.sim.requests())
        cursor.execute("select pg_advisory_unlock(%s, %s)", key)
    worker.join(120)

    assert (waited, asked) == (True, 0)
    assert ordering.orders(order.decision)[0].state == _State.VERIFIED
    assert ordering.role_in_notion(owners[0]) == "member"


def _somebody_waits(key: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_locks where locktype = 'advisory' and not granted"
            " and classid = %s and objid = %s",
            key,
        )
        return cursor.fetchone() is not None
