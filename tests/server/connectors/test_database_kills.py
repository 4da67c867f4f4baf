"""PostgreSQL itself killed with SIGKILL, and single connections of it, during syncs and edits."""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection
from psycopg.conninfo import conninfo_to_dict
from scenes import Scene, person
from server_rig import Door, Programs, until
from test_server_kills import (
    VICTIMS,
    edit_for,
    judge_audit,
    judge_edits,
    judge_runs,
    now_in_notion,
    now_in_rolecall,
    quiet,
)

from notion_sim import Options
from rolecall.server import clock
from rolecall.server.connectors.models import Task
from rolecall.server.people import apikeys
from rolecall.server.project import backups, rights
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import unprivileged

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("RUNS") or 2)
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
BUSIEST = """
    SELECT pid, usename, CASE
        WHEN xact_start IS NULL THEN 'idle'
        WHEN usename = %s AND query ~ 'stage_|diff_|barred_' THEN 'taking in'
        ELSE 'in a transaction' END AS doing
    FROM pg_stat_activity WHERE usename = ANY(%s)
    ORDER BY xact_start IS NULL, 3 DESC LIMIT 1
"""
"""A connection of the web's or a worker's, one that is taking a sync in if there is one."""


@pytest.fixture
def cluster(transactional_db, database) -> Iterator[Cluster]:  # noqa: ARG001 - emptied after us
    """A PostgreSQL of this test's own that keeps what it commits, and Django on it."""
    folder = Path(tempfile.mkdtemp(prefix="rolecall-test-"))
    folder.chmod(0o711)
    before = dict(connection.settings_dict)
    try:
        with Cluster(folder / "data", user=unprivileged()) as made:
            backups.dump(database.url(), folder / "empty")
            backups.fill(made.url(Role.OWNER), folder / "empty")
            rights.grant(made.url(Role.OWNER))
            connection.close()
            parts = conninfo_to_dict(made.url(Role.OWNER))
            connection.settings_dict.update(
                NAME=parts["dbname"], PASSWORD=parts["password"], HOST=parts["host"]
            )
            yield made
    finally:
        connection.close()
        connection.settings_dict.update(before)
        shutil.rmtree(folder)


@pytest.fixture
def programs(cluster, database, tmp_path, scene: Scene) -> Iterator[Programs]:
    """A web process and two workers on it, not yet at work."""

    def environ(role) -> dict[str, str]:
        return database.environ(
            role,
            DATABASE_URL=cluster.url(role),
            DJANGO_SETTINGS_MODULE="quick_settings",
            ROLECALL_NOTION_ALLOWED_HOSTS=f"127.0.0.1:{scene.sim.port}",
            PYTHONPATH=os.pathsep.join((str(Path(__file__).parent), *filter(None, sys.path))),
        )

    with Programs(environ=environ, log=tmp_path) as made:
        yield made
        connection.close()


def kill_one(cluster: Cluster, *, whole: bool, within_s: float) -> str:
    """Kill PostgreSQL or one connection of it, while a sync is taken in if one is by then."""
    end = time.monotonic() + within_s
    with psycopg.connect(cluster.url(Role.ADMIN, "postgres"), autocommit=True) as admin:
        while True:
            asked = admin.execute(BUSIEST, [Role.WORKER, [Role.WORKER, Role.WEB]])
            pid, role, doing = asked.fetchone() or (cluster.process.pid, "nobody", "away")
            if doing == "taking in" or time.monotonic() > end:
                break
    os.kill(cluster.process.pid if whole else pid, signal.SIGKILL)
    connection.close()
    if whole:
        cluster.start_again()
    return f"{'server' if whole else 'connection'}, {role.removeprefix('rolecall_')} {doing}"


def answers() -> bool:
    """Whether the database can be asked again."""
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


@dataclass(kw_only=True)
class Tended:
    """An installation, with somebody who starts what has ended again, as `rolecall up` does."""

    cluster: Cluster
    programs: Programs
    door: Door
    path: str
    """The connector's, in the API."""
    restarts: int = 0

    def look_after(self) -> None:
        """Once."""
        for name, one in list(self.programs.running.items()):
            if one.poll() is not None:
                self.programs.running.pop(name)
                self.programs.start(name)
                self.restarts += 1

    def settled(self) -> bool:
        """Whether all tasks have ended."""
        self.look_after()
        try:
            return quiet()
        except OperationalError:  # the connection that was killed was ours
            connection.close()
            return False

    def reached(self) -> bool:
        """Whether the web process answers."""
        self.look_after()
        return self.door.ask("GET", self.path) is not None

    def play(self, scene: Scene) -> Counter[str]:
        """Syncs and edits, and a kill in each round; what was killed doing what."""
        dice, done = random.Random(SEED), Counter()
        for number in range(RUNS):
            scene.sim.move(3)
            self.door.ask("POST", f"{self.path}/sync")
            edit_for(dice.uniform(0.0, 0.5), self.door, self.path, f"Notion {number}")
            within_s = dice.choice((0.0, 0.5, 30.0, 30.0))
            done[kill_one(self.cluster, whole=number % 2 == 0, within_s=within_s)] += 1
            until(answers, what="an answer of the database")
            until(self.reached, what="the web process")
            if dice.random() < 0.5:
                until(self.settled, within_s=180, what="an end of all tasks")
        until(self.settled, within_s=180, what="an end of all tasks")
        self.door.ask("POST", f"{self.path}/sync")
        until(self.settled, within_s=180, what="an end of all tasks")
        return done


def test_a_killed_database_loses_nothing(
    cluster: Cluster, programs: Programs, scene: Scene, record_property
):
    """Every edit that was answered is there, every sync is applied once, and the trail holds."""
    scene.sim.reset(Options(users=1200, groups=40))
    connector = scene.connected()
    holder = person("Kay", "connector_administrator")
    _, key = apikeys.make(holder, name="kills", scopes=["connector:*"], now=clock.now())
    door, path = Door(programs.port, key), f"/connectors/{connector.public_id}"
    tended = Tended(cluster=cluster, programs=programs, door=door, path=path)
    programs.start(*VICTIMS)
    until(tended.reached, what="the web process")
    done = tended.play(scene)

    judge_runs()
    judge_edits(door, connector)
    events = judge_audit()
    assert now_in_rolecall() == now_in_notion(scene)
    again = Task.objects.filter(kind="sync", attempt__gt=1).count()
    record_property(
        "told",
        f"RUNS={RUNS} SEED={SEED}: {dict(sorted(done.items()))}; {Task.objects.count()} tasks, "
        f"{again} begun again; {events} audit rows; {tended.restarts} processes started again",
    )
