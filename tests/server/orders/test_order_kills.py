"""Two workers carry orders out and are killed with -9 in the middle; Notion says what it holds."""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import order_oracle as oracle
import pytest
from django.db import connection
from ordering import Ordering
from server_rig import Programs, until
from session_database import SessionDatabase

from notion_sim import Options, Simulator
from rolecall.server.access.models import Account, Entitlement
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.models import Task
from rolecall.server.orders.models import Order
from rolecall.server.orders.wishes import Wish
from rolecall.server.project.embedded.roles import Role

RUNS = int(os.environ.get("RUNS") or 4)
"""Kills."""
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
_State = Order.State
_WORKERS = ("worker-1", "worker-2")
_PATIENCE_S = 180.0
_HELPERS = Path(__file__).parents[1] / "connectors"


@pytest.fixture
def options() -> Options:
    """Large enough for many changes, and slow enough to be killed in the middle of one."""
    return Options(users=40, groups=8, latency_ms=30)


@pytest.fixture
def workers(
    database: SessionDatabase, tmp_path: Path, ordering: Ordering
) -> Iterator[Callable[[], Programs]]:
    """Two of them, once they are wanted."""
    hosts = f"127.0.0.1:{ordering.sim.port}"

    def environ(role: Role) -> dict[str, str]:
        return database.environ(
            role,
            DJANGO_SETTINGS_MODULE="quick_settings",
            ROLECALL_NOTION_ALLOWED_HOSTS=hosts,
            PYTHONPATH=os.pathsep.join((str(_HELPERS), *filter(None, sys.path))),
        )

    with Programs(environ=environ, log=tmp_path) as made:

        def start() -> Programs:
            for name in _WORKERS:
                made.start(name)
            return made

        yield start
        connection.close()


def _quiet() -> bool:
    """Nothing is on its way."""
    orders = Order.objects.filter(state__in=(_State.ORDERED, _State.UNKNOWN))
    return not orders.exists() and not Task.objects.filter(state__in=OPEN).exists()


def _wishes(ordering: Ordering, dice: random.Random) -> list[Wish]:
    """A few things that make sense by what we know, of all kinds."""
    accounts = list(Account.objects.filter(app=ordering.app, present=True).order_by("id"))
    groups = list(Entitlement.objects.filter(app=ordering.app, kind="group", present=True))
    roles = [ordering.role(one) for one in ("membership_admin", "member", "restricted_member")]
    dice.shuffle(accounts)
    found = [
        Wish(operation="grant", account=one.public_id, entitlement=dice.choice(things).public_id)
        for one, things in zip(accounts[:8], [groups, groups, roles] * 3, strict=False)
    ]
    found += [
        Wish(operation="revoke", account=one.public_id, entitlement=dice.choice(groups).public_id)
        for one in accounts[8:12]
    ]
    name = f"{dice.randrange(1 << 30)}"
    found += [
        Wish(operation="create_account", values={"email": f"n{name}@larkspur.example"}),
        Wish(operation="create_group", values={"name": f"Group {name}"}),
        Wish(operation="remove_account", account=accounts[12].public_id),
    ]
    if dice.random() < 0.5:
        gone = dice.choice(groups)
        found.append(Wish(operation="delete_group", entitlement=gone.public_id))
    return found


def _effects_in_notion(sim: Simulator, first: int) -> Counter[tuple[str, str, str]]:
    """What was done, by the simulator's history; not what merely follows from a removal."""
    events = sim.history()[first:]
    ends = {one["request"] for one in events if one["kind"] in {"left", "group_deleted"}}
    return Counter(
        (one["kind"], one["user"], one["group"])
        for one in events
        if one["kind"] != "profile"  # Notion's own note on a new account
        and (one["kind"] != "group_left" or one["request"] not in ends)
    )


def _effects_of_orders() -> Counter[tuple[str, str, str]]:
    """What should have been done: one effect of each verified order."""
    kinds: dict[str, str] = {
        "create_account": "joined", "remove_account": "left", "create_group": "group_created",
        "delete_group": "group_deleted",
    }  # fmt: skip
    found: Counter[tuple[str, str, str]] = Counter()
    for order in Order.objects.filter(state=_State.VERIFIED):
        user = order.account.external_id if order.account else ""
        resource = order.entitlement.resource if order.entitlement else None
        thing = resource.external_id if resource else ""
        if order.operation in kinds:
            found[kinds[order.operation], user, thing] += 1
        elif resource and resource.kind == "role":
            found["role", user, ""] += 1
        else:
            kind = "group_joined" if order.operation == "grant" else "group_left"
            found[kind, user, thing] += 1
    return found


@pytest.mark.slow
def test_whoever_is_killed_every_order_ends_once_and_says_what_is_so(
    ordering: Ordering,
    workers: Callable[[], Programs],
    record_property: Callable[[str, Any], None],
) -> None:
    """Each order's state equals what the simulator holds, and no effect happens twice."""
    dice = random.Random(SEED)
    ordering.name_maker()
    first, programs = len(ordering.sim.history()), workers()

    for number in range(RUNS):
        ordering.apply(ordering.plan(*_wishes(ordering, dice), title=f"Round {number}"))
        time.sleep(dice.uniform(0.0, 2.0))
        programs.kill(victim := _WORKERS[number % len(_WORKERS)])
        programs.start(victim)
        if dice.random() < 0.5:
            until(_quiet, within_s=_PATIENCE_S, what="an end of all orders")

    until(_quiet, within_s=_PATIENCE_S, what="an end of all orders")
    _judge(ordering)
    assert _effects_in_notion(ordering.sim, first) == _effects_of_orders()
    for name in _WORKERS:
        programs.kill(name)
    task = ordering.sync(ordering.connector)
    assert task.state == Task.State.DONE, task.message
    assert ordering.rows() == ordering.notion()
    record_property("told", _told())


def _judge(ordering: Ordering) -> None:
    """Verified is so and failed is not, of each fact's last order."""
    seen = oracle.look(ordering.sim)
    rows = Order.objects.select_related("account", "entitlement__resource").order_by("id")
    states = Counter(rows.values_list("state", flat=True))
    ends = {one.value for one in (_State.VERIFIED, _State.REFUSED, _State.HANDED, _State.FAILED)}
    assert set(states) <= ends, states
    assert states[_State.VERIFIED]
    for order in rows.filter(state=_State.FAILED):
        what = (order.operation, order.error, order.why)
        # A group that alone has access to a page stays; one that ended meanwhile takes nobody in.
        assert order.error in {"NotAllowed", "Gone"}, what
        assert not oracle.true_of(order, seen), what
    for order in oracle.last_words(rows):
        assert oracle.true_of(order, seen), (order.operation, order.effect, order.wish)


def _told() -> str:
    """What was tried."""
    attempts = list(Task.objects.filter(trigger="order").values_list("attempt", flat=True))
    again = sum(one > 1 for one in attempts)
    return (
        f"seed {SEED}: {RUNS} kills of workers; {len(attempts)} tasks of orders, {again} of them "
        "begun again"
    )
