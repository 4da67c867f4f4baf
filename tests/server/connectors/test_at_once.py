"""Everybody at once: people, the clock, the sweep and workers; nobody waits for ever."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from scenes import Scene

from rolecall.errors import Error
from rolecall.server.access.models import Sync
from rolecall.server.audit import sealing
from rolecall.server.connectors import due, tasks, work
from rolecall.server.connectors.labels import label
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.schedule import Schedule
from rolecall.server.connectors.services import credential, edit, holds, running

SECONDS = float(os.environ.get("SECONDS_AT_ONCE") or 5)
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))


class Crowd:
    """Threads that do things to one connector until the time is over."""

    def __init__(self, scene: Scene, connector: Connector) -> None:
        self.scene, self.id = scene, connector.public_id
        self.over = threading.Event()
        self.bugs: list[BaseException] = []
        self.done: Counter[str] = Counter()

    def run(self, *deeds: Callable[[random.Random], object]) -> None:
        """Each deed in a thread of its own, again and again."""
        threads = [
            threading.Thread(target=self._repeat, args=(deed, random.Random(SEED + number)))
            for number, deed in enumerate(deeds)
        ]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        self.over.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "somebody waits for ever"

    def _repeat(self, deed: Callable[[random.Random], object], dice: random.Random) -> None:
        try:
            while not self.over.is_set():
                try:
                    deed(dice)
                    self.done[deed.__name__] += 1
                except Error as refused:
                    self.done[f"{deed.__name__}: {type(refused).__name__}"] += 1
        except BaseException as bug:  # noqa: BLE001 - the test looks at it
            self.bugs.append(bug)
        finally:
            connection.close()

    def person(self, dice: random.Random) -> None:
        """Somebody presses buttons."""
        admin, now = self.scene.admin, self.scene.now()
        newest = Task.objects.filter(kind="sync").order_by("-created_at").first()
        dice.choice([
            lambda: running.sync_now(admin, self.id, now=now),
            lambda: running.cancel(admin, self.id, newest.pk if newest else "", now=now),
            lambda: running.pause(admin, self.id, now=now),
            lambda: running.resume(admin, self.id, now=now),
            lambda: edit.rename(admin, self.id, f"Notion {dice.random()}", now=now),
            lambda: edit.set_schedule(admin, self.id, Schedule(interval_s=900), now=now),
            lambda: edit.set_shrink_percent(admin, self.id, dice.choice([1, 100]), now=now),
            lambda: credential.test(admin, self.id, now=now),
            lambda: credential.give(
                admin, self.id, {"scim_token": self.scene.sim.scim_token}, save=True, now=now
            ),
            lambda: credential.give(
                admin, self.id, {"api_key": self.scene.sim.api_key}, save=True, now=now
            ),
        ])()  # fmt: skip

    def decider(self, dice: random.Random) -> None:
        """Whatever waits for a yes gets an answer."""
        hold = holds.waiting(Connector.objects.get(public_id=self.id))
        if hold is not None:
            decide = dice.choice([holds.confirm, holds.reject])
            decide(self.scene.admin, self.id, hold.public_id, now=self.scene.now())

    def clock(self, dice: random.Random) -> None:
        """Schedules and the sweep."""
        del dice
        due.start_syncs(self.scene.now() + timedelta(hours=1))
        tasks.sweep(self.scene.now())

    def worker(self, dice: random.Random) -> None:
        """Carries out what it finds."""
        queued = list(Task.objects.filter(state="queued").values_list("id", flat=True))
        if queued:
            work.carry_out(dice.choice(queued), worker="here", clock=self.scene.now)

    def notion(self, dice: random.Random) -> None:
        """People come and go there, too."""
        self.scene.sim.move(dice.randrange(3))
        time.sleep(0.1)


@pytest.mark.slow
def test_everybody_at_once(scene: Scene, record_property):
    """No deadlock, no error that is a bug, and everything adds up afterwards."""
    connector = scene.connected()
    crowd = Crowd(scene, connector)
    crowd.run(
        crowd.person, crowd.person, crowd.decider, crowd.clock, crowd.worker, crowd.worker,
        crowd.notion,
    )  # fmt: skip
    assert crowd.bugs == []
    scene.work()

    connector.refresh_from_db()
    assert connector.state == label(connector)
    applied = Counter(Sync.objects.values_list("task_id", flat=True))
    done = Task.objects.filter(kind="sync", state="done").values_list("id", flat=True)
    assert applied == Counter(done)
    assert not Task.objects.filter(state__in=("queued", "running")).exists()
    sealing.seal(scene.now())
    sealing.verify()
    record_property("told", f"seed {SEED}, {SECONDS:.0f} s: {dict(crowd.done.most_common(6))}")
