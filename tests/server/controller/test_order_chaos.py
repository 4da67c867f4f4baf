"""Decisions at random through a hosted and a self-hosted connector, whatever is killed or lost."""

import os
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from gate_rig import Gate
from order_company import Company, Parts, Workspace
from order_judge import verdict
from quick_pace import QUICK
from scenes import person
from server_rig import Door, Programs
from session_database import SessionDatabase
from wire_rig import Wire

from notion_sim import Options, Simulator
from rolecall.server import clock
from rolecall.server.access.models import Account
from rolecall.server.connectors.controller.serving import Ports
from rolecall.server.connectors.models import Task
from rolecall.server.orders.models import Order
from rolecall.server.people import apikeys
from rolecall.server.project.authority import prepare
from rolecall.server.project.embedded.roles import Role

RUNS = int(os.environ.get("RUNS") or 2)
"""Scenes, one after the other in the same two workspaces."""
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
HOUR_S = float(os.environ.get("HOUR_S") or 12)
PROMOTED = 3
HERE = Path(__file__).parent
PLACES = (HERE, HERE.parent / "connectors")


@pytest.fixture
def sims() -> Iterator[list[Simulator]]:
    """Two workspaces, slow enough that somebody can be killed in the middle of a change."""
    with (
        Simulator(Options(users=40, groups=8, latency_ms=15)) as one,
        Simulator(Options(users=40, groups=8, latency_ms=15, seed=2)) as other,
    ):
        yield [one, other]


@pytest.fixture
def hosted(
    transactional_db: None,
    sims: list[Simulator],
    reach: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Workspace:
    """A workspace that is read from here."""
    del transactional_db
    monkeypatch.setattr(settings, "ROLECALL_PACE", QUICK, raising=False)
    reach(f"127.0.0.1:{sims[0].port}")
    made = Workspace(sim=sims[0], admin=person("Ada", "super_administrator"))
    made.connect()
    made.name_maker()
    return made


@pytest.fixture
def parts(hosted: Workspace, database: SessionDatabase, tmp_path: Path) -> Iterator[Parts]:
    """Every process, not yet at work."""
    lose = tmp_path / "line" / "lose"
    lose.parent.mkdir()

    def environ(role: Role) -> dict[str, str]:
        return database.environ(
            role,
            DJANGO_SETTINGS_MODULE="wire_settings",
            ROLECALL_NOTION_ALLOWED_HOSTS=f"127.0.0.1:{hosted.sim.port}",
            LOSE=str(lose),
            PYTHONPATH=os.pathsep.join((*map(str, PLACES), *filter(None, sys.path))),
        )

    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
    found = prepare(tmp_path / "tls", ["localhost"], None, clock.now())
    certificate = (str(found.certificate), str(found.key))
    with (
        Wire(environ(Role.WORKER), tmp_path, port, certificate, hosted.sim) as wire,
        Programs(environ=environ, log=tmp_path) as programs,
    ):
        yield Parts(programs, wire, lose)
        connection.close()


@pytest.fixture
def company(hosted: Workspace, parts: Parts, sims: list[Simulator], tmp_path: Path) -> Company:
    """Both are connected and were read once; every part runs."""
    wire, own = parts.wire, Workspace(sim=sims[1], admin=hosted.admin)
    wire.sim = own.sim
    gate = Gate(scene=own, root=tmp_path / "tls" / "ca.pem", ports=Ports(front=wire.port))
    own.connector = gate.add(app="Elsewhere")
    own.app = own.connector.app
    wire.connector = gate.environ(gate.issue(own.connector)) | {
        "BATON_C1_API_HOST": gate.address,
        "BATON_RETRY_SECONDS": "2",
        "BATON_YES_REALLY": "100000",
    }
    parts.start()
    _, key = apikeys.make(hosted.admin, name="chaos", scopes=["*"], now=clock.now())
    made = Company([hosted, own], parts, Door(parts.programs.port, key), random.Random(SEED))
    made.begin()
    return made


@pytest.mark.slow
def test_whatever_dies_every_order_says_what_notion_holds(
    company: Company, record_property: Callable[[str, object], None], tmp_path: Path
) -> None:
    """Each effect once, each verified order so, each failed one not done."""
    states: Counter[str] = Counter()
    for number in range(RUNS):
        print(f"scene {number} of SEED={SEED}")
        try:
            company.play()
            states = sum((verdict(one) for one in company.workspaces), Counter[str]())
        except AssertionError:
            print(_logs(tmp_path))
            raise
    record_property("told", _told(company, states))


@pytest.mark.slow
def test_while_notion_is_down_orders_wait_and_are_carried_out_once_afterwards(
    company: Company, record_property: Callable[[str, object], None]
) -> None:
    """A minute of a put-off is a second here, so that an hour is one minute, or HOUR_S seconds."""
    decisions = [_promotions(one) for one in company.workspaces]
    for one in company.workspaces:
        one.sim.set_faults([{"fault": "503_html", "times": 0}])
    before = [len(one.sim.history()) for one in company.workspaces]
    for where, wishes in decisions:
        company.order(where, wishes)
    orders = Order.objects.filter(state=Order.State.ORDERED)
    sent = [orders.filter(app=one.app).count() for one in company.workspaces]
    ordered, end = sum(sent), time.monotonic() + HOUR_S
    while time.monotonic() < end:
        assert orders.count() == ordered > 0, "one says something else than that it waits"
        time.sleep(0.5)
    assert [len(one.sim.history()) for one in company.workspaces] == before
    company.settle()

    for one, number, count in zip(company.workspaces, before, sent, strict=True):
        kinds = [event["kind"] for event in one.sim.history()[number:]]
        assert kinds == ["role"] * count
        assert verdict(one)["verified"] == count
    tried = list(Task.objects.filter(trigger="order").values_list("attempt", flat=True))
    record_property("told", f"{HOUR_S:g} s; tries of each order: {sorted(tried)}")


def _promotions(where: Workspace) -> tuple[Workspace, list[dict[str, Any]]]:
    """A few people get another role."""
    role = where.role("membership_admin").public_id
    rows = Account.objects.filter(app=where.app, role=where.role("member")).order_by("id")
    return where, [
        {"operation": "grant", "account": one.public_id, "entitlement": role}
        for one in rows[:PROMOTED]
    ]


def _told(company: Company, states: Counter[str]) -> str:
    attempts = list(Task.objects.filter(trigger="order").values_list("attempt", flat=True))
    again = sum(one > 1 for one in attempts)
    return (
        f"seed {SEED}: {RUNS} scenes; orders {dict(states)}; {len(attempts)} tasks, {again} begun "
        f"again; kills {dict(company.parts.killed)}; lost ends {dict(company.parts.lost())}; "
        f"faults {dict(company.fired)}; {dict(company.told)}"
    )


def _logs(folder: Path) -> str:
    """The end of what each process said."""
    return "\n".join(
        f"=== {one.name}\n{one.read_text('utf-8', 'replace')[-6000:]}"
        for one in sorted(folder.glob("*.log"))
    )
