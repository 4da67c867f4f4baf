"""Two workers and a web process; kill -9 of each at random moments, during syncs and edits."""

import os
import random
import signal
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from scenes import Scene, person
from server_rig import Door, Programs, until

from notion_sim import Options
from rolecall.server import clock
from rolecall.server.access.models import Account, Grant, Sync
from rolecall.server.audit import sealing
from rolecall.server.audit.models import Event
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.services.running import sync_now
from rolecall.server.people import apikeys

RUNS = int(os.environ.get("RUNS") or 2)
"""Kills of each process."""
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
VICTIMS = ("worker-1", "worker-2", "web")


@pytest.fixture
def programs(database, tmp_path, scene: Scene):
    """All three, not yet at work: what a test does itself first, nobody takes from it."""
    hosts = f"127.0.0.1:{scene.sim.port}"

    def environ(role) -> dict[str, str]:
        return database.environ(
            role,
            DJANGO_SETTINGS_MODULE="quick_settings",
            ROLECALL_NOTION_ALLOWED_HOSTS=hosts,
            PYTHONPATH=os.pathsep.join((str(Path(__file__).parent), *filter(None, sys.path))),
        )

    with Programs(environ=environ, log=tmp_path) as made:
        yield made
        connection.close()


def quiet() -> bool:
    """Nothing is queued or running."""
    return not Task.objects.filter(state__in=OPEN).exists()


def now_in_notion(scene: Scene) -> tuple[set[str], set[tuple[str, str]]]:
    """Who is there, and who is in which group, by what the simulator knows; nothing of ours."""
    state = scene.sim.state()
    members = {one["id"] for one in state["members"]}
    grants = {(uid, group["id"]) for group in state["groups"] for uid in group["members"]}
    return members, grants


def now_in_rolecall() -> tuple[set[str], set[tuple[str, str]]]:
    """The same, from what was taken in."""
    members = set(Account.objects.filter(present=True).values_list("external_id", flat=True))
    held = Grant.objects.filter(until_at=None, entitlement__kind="group")
    return members, set(
        held.values_list("account__external_id", "entitlement__resource__external_id")
    )


def judge_runs() -> None:
    """No run is lost or doubled: every task has its end, every applied sync one task."""
    assert quiet()
    ended = Counter(Task.objects.filter(kind="sync").values_list("state", flat=True))
    applied = Counter(Sync.objects.values_list("task_id", flat=True))
    done = set(Task.objects.filter(kind="sync", state="done").values_list("id", flat=True))

    told = Task.objects.exclude(state="done").values_list("state", "error", "message")
    assert set(ended) == {"done"}, list(told)
    assert set(applied) == done
    assert set(applied.values()) == {1}
    numbers = list(Sync.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def judge_edits(door: Door, connector: Connector) -> None:
    """Each edit that was answered is there with its audit row; each row follows the one before."""
    connector.refresh_from_db()
    events = Event.objects.filter(action="connector:name:change").order_by("id")
    steps = [(one.detail["before"]["name"], one.detail["after"]["name"]) for one in events]
    names = {after for _, after in steps}
    said = {body["name"] for verb, body in door.done if verb.startswith("PATCH")}

    assert said <= names
    assert all(one[1] == two[0] for one, two in pairwise(steps))
    assert connector.name == (steps[-1][1] if steps else connector.name)
    asked = {body["id"] for verb, body in door.done if verb.endswith("/sync")}
    tasks = Task.objects.filter(kind="sync", trigger="hand")
    assert asked <= set(tasks.values_list("id", flat=True))
    audited = Event.objects.filter(action="connector:sync:start").values_list("detail", flat=True)
    assert {one["task"] for one in audited} == set(tasks.values_list("id", flat=True))


def judge_audit() -> int:
    """The chain holds, and every event is in it."""
    while Event.objects.filter(seal=None).exists():
        sealing.seal(clock.now())
    sealing.verify()
    return Event.objects.count()


def judge_silence(scene: Scene, programs: Programs, key: str) -> None:
    """No secret is in what the processes say, nor in their command lines."""
    said = programs.said() + programs.command_lines()
    assert "quick_process.py" in said
    for secret in (scene.sim.scim_token, key, settings.KEYS.signing[0]):
        assert secret not in said


def edit_for(seconds: float, door: Door, path: str, name: str) -> None:
    """Rename the connector again and again."""
    deadline, step = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        step += 1
        door.ask("PATCH", path, name=f"{name}.{step}")


@pytest.mark.slow
def test_kills(scene: Scene, programs: Programs, record_property):
    """Whoever dies, whenever: what was begun ends once, and what is shown is what Notion says."""
    dice = random.Random(SEED)
    scene.sim.reset(Options(users=120, groups=12, latency_ms=25))
    connector = scene.connected()
    holder = person("Kay", "connector_administrator")
    _, key = apikeys.make(holder, name="kills", scopes=["connector:*"], now=clock.now())
    door, path = Door(programs.port, key), f"/connectors/{connector.public_id}"
    programs.start(*VICTIMS)

    for number in range(RUNS * len(VICTIMS)):
        scene.sim.move(3)
        door.ask("POST", f"{path}/sync")
        edit_for(dice.uniform(0.0, 1.6), door, path, f"Notion {number}")
        programs.kill(victim := VICTIMS[number % len(VICTIMS)])
        programs.start(victim)
        until(lambda: door.ask("GET", path), what="the web process")
        if dice.random() < 0.5:
            until(quiet, what="an end of all tasks")

    until(quiet, what="an end of all tasks")
    door.ask("POST", f"{path}/sync")
    until(quiet, what="an end of all tasks")
    judge_runs()
    judge_edits(door, connector)
    judge_silence(scene, programs, key)
    events = judge_audit()
    assert now_in_rolecall() == now_in_notion(scene)
    record_property("told", summary(events))


def summary(events: int) -> str:
    """What was tried."""
    attempts = list(Task.objects.filter(kind="sync").values_list("attempt", flat=True))
    again = sum(one > 1 for one in attempts)
    return (
        f"seed {SEED}: {RUNS} kills of each of {', '.join(VICTIMS)}; {len(attempts)} syncs, "
        f"{again} of them begun again; {events} audit rows"
    )


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_hands_its_sync_on(scene: Scene, programs: Programs):
    """In a few seconds, whatever Notion does; another worker goes on at once."""
    connector = scene.connected()
    programs.start("worker-1")
    scene.sim.set_faults([
        {"fault": "slow", "ms": 30_000, "times": 0, "when": {"path": "/Groups"}}
    ])  # fmt: skip
    task = sync_now(scene.admin, connector.public_id, now=clock.now())
    until(lambda: Task.objects.filter(pk=task.pk, progress__has_key="members").exists())
    begun = time.monotonic()
    programs.kill("worker-1", signal.SIGTERM)
    took = time.monotonic() - begun
    task.refresh_from_db()

    assert task.state == Task.State.QUEUED
    assert took < 8
    scene.sim.set_faults([])
    programs.start("worker-2")
    until(quiet, what="an end of all tasks")
    task.refresh_from_db()
    assert (task.state, task.attempt) == (Task.State.DONE, 2)
