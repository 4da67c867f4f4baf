"""Kill -9 of controller, worker and connector at random moments, while orders are carried out."""

import os
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from gate_rig import Gate, until
from scenes import Scene
from session_database import SessionDatabase
from wire_rig import Wire

from notion_sim import Options
from rolecall.server import clock
from rolecall.server.access.models import Account, Entitlement, Grant
from rolecall.server.connectors.controller.serving import Ports
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.wishes import Wish
from rolecall.server.project.authority import prepare
from rolecall.server.project.embedded.roles import Role

RUNS = int(os.environ.get("RUNS") or 2)
"""Kills of each process."""
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
VICTIMS = ("controller", "worker", "connector")


@pytest.fixture
def wire(scene: Scene, database: SessionDatabase, tmp_path: Path):
    """A self-hosted connector that has synced once, and everything that it takes."""
    scene.sim.reset(Options(users=60, groups=6, latency_ms=20))
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
    found = prepare(tmp_path / "tls", ["localhost"], None, clock.now())
    places = (Path(__file__).parent, Path(__file__).parents[1] / "connectors")
    environ = database.environ(
        Role.WORKER,
        DJANGO_SETTINGS_MODULE="wire_settings",
        PYTHONPATH=os.pathsep.join((*map(str, places), *filter(None, sys.path))),
    )
    certificate = (str(found.certificate), str(found.key))
    with Wire(environ, tmp_path, port, certificate, scene.sim) as made:
        gate = Gate(scene=scene, root=found.root, ports=Ports(front=port))
        made.connector = gate.environ(gate.issue(gate.add()))
        made.connector["BATON_C1_API_HOST"] = gate.address
        for name in VICTIMS:
            made.start(name)
        until(
            lambda: Connector.objects.get().last_success_at,
            what=f"the first sync {made.said('controller')} {made.said('connector')}",
        )
        yield made
        connection.close()


def chosen(dice: random.Random, sim_groups: list[Entitlement]) -> list[Wish]:
    """A few people, each into a group that they are not in, or out of one that they are in."""
    wishes = []
    rows = Account.objects.filter(present=True, role__resource__external_id="member")
    for account in dice.sample(list(rows.order_by("id")[:8]), 3):  # the connector's cap is 10
        group = dice.choice(sim_groups)
        held = Grant.objects.filter(account=account, entitlement=group, until_at=None).exists()
        wishes.append(
            Wish(
                operation="revoke" if held else "grant",
                account=account.public_id,
                entitlement=group.public_id,
            )
        )
    return wishes


def open_orders() -> bool:
    """Whether anything is still on its way."""
    return Order.objects.filter(state__in=("ordered", "applied", "unknown")).exists()


def judge(scene: Scene, before: int) -> None:
    """Every order is verified, and Notion's own history has each of them once."""
    groups = {one["id"]: set(one["members"]) for one in scene.sim.state()["groups"]}
    last: dict[tuple[str, str], bool] = {}
    wanted: Counter[tuple[str, str]] = Counter()
    for order in Order.objects.order_by("id").exclude(state="refused"):
        key = (order.entitlement.resource.external_id, order.account.external_id)
        assert order.state == Order.State.VERIFIED, (order.state, order.error, order.why)
        last[key] = order.operation == "grant"
        wanted[key] += 1
    for (group, account), there in last.items():
        assert (account in groups[group]) is there
    happened: Counter[tuple[str, str]] = Counter()
    for event in scene.sim.history()[before:]:
        if event["group"] and event["user"]:
            happened[event["group"], event["user"]] += 1
    assert happened == wanted, "an effect happened twice, or not, or one that nobody ordered"


@pytest.mark.slow
def test_whoever_dies_every_order_is_what_notion_shows(
    scene: Scene, wire: Wire, record_property: Callable[[str, object], None]
):
    """Whenever: what was ordered is done once, and said to be done."""
    dice, before = random.Random(SEED), len(scene.sim.history())
    groups = list(Entitlement.objects.filter(kind="group").select_related("resource"))
    app = Connector.objects.get().app
    kills = Counter[str]()
    for number in range(RUNS * len(VICTIMS)):
        wishes = chosen(dice, groups)
        decision: Decision = deciding.plan(
            scene.admin, app.public_id, wishes, title=f"{number}", now=clock.now()
        )
        agreed = deciding.agreement(decision, now=clock.now())
        deciding.apply(scene.admin, decision.public_id, now=clock.now(), agreed=agreed)
        time.sleep(dice.uniform(0.0, 2.5))
        wire.kill(victim := VICTIMS[number % len(VICTIMS)])
        kills[victim] += 1
        wire.start(victim)
        if dice.random() < 0.7:
            until(lambda: not open_orders(), within_s=240, what=f"an end {states(wire)}")
    until(lambda: not open_orders(), within_s=240, what=f"an end {states(wire)}")
    judge(scene, before)
    again = sum(one > 1 for one in Task.objects.values_list("attempt", flat=True))
    record_property(
        "told", f"seed {SEED}: {dict(kills)}; {Order.objects.count()} orders, {again} tasks again"
    )


def states(wire: Wire) -> str:
    """For whoever looks why it does not end."""
    orders = Counter(Order.objects.values_list("state", flat=True))
    tasks = list(Task.objects.values_list("kind", "state", "attempt", "message")[:10])
    return f"{orders} {tasks} {wire.said('controller')} {wire.said('connector')}"
