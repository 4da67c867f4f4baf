"""A task is queued once, taken by one, ended under the number it was taken with, or swept."""

from datetime import timedelta

import pytest
from django.db import transaction
from procrastinate.contrib.django import app as queue
from procrastinate.contrib.django.models import ProcrastinateJob
from quick_pace import QUICK
from scenes import Scene, jobs_of

from rolecall.errors import Conflict
from rolecall.server.access.models import Sync
from rolecall.server.connectors import tasks, work
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.models import Connector, LogLine, Task
from rolecall.server.connectors.services.running import cancel, sync_now

LEASE = timedelta(seconds=QUICK.lease_s)


class Undone(Exception):
    """Rolls a transaction back."""


@pytest.fixture
def connector(scene: Scene) -> Connector:
    """Connected."""
    return scene.connected()


@pytest.fixture
def queued(scene: Scene, connector: Connector) -> Task:
    """A sync that nobody has taken yet."""
    return sync_now(scene.admin, connector.public_id, now=scene.now())


def test_one_sync_at_a_time(scene: Scene, connector: Connector, queued: Task):
    """Whoever asks meanwhile is told so."""
    with pytest.raises(Conflict, match="under way"):
        sync_now(scene.admin, connector.public_id, now=scene.now())

    assert jobs_of(queued) == 1


def test_a_job_commits_with_its_task_or_not_at_all(scene: Scene, connector: Connector):
    """In a worker too, whose app has a connection of its own."""

    @transaction.atomic
    def begin_and_give_up() -> None:
        sync_now(scene.admin, connector.public_id, now=scene.now())
        raise Undone

    with queue.replace_connector(queue.connector.get_worker_connector()), pytest.raises(Undone):
        begin_and_give_up()

    assert not ProcrastinateJob.objects.filter(task_name=tasks.JOB, status="todo").exists()
    assert not Task.objects.filter(state=Task.State.QUEUED).exists()


def test_only_one_takes_it(scene: Scene, queued: Task):
    """The second finds it taken, and a third after the end finds it over."""
    first = tasks.take(queued.pk, worker="a", now=scene.now())

    assert first is not None
    assert first.attempt == 1
    assert tasks.take(queued.pk, worker="b", now=scene.now()) is None
    with tasks.ending(first) as row:
        tasks.end(row, Task.State.DONE, scene.now())
    assert tasks.take(queued.pk, worker="b", now=scene.now()) is None
    assert tasks.take("nothing", worker="b", now=scene.now()) is None


def test_a_lapsed_lease_is_taken_over_and_the_late_one_cannot_finish(scene: Scene, queued: Task):
    """Whatever the first worker has read is void."""
    now = scene.now()
    first = tasks.take(queued.pk, worker="a", now=now)
    assert tasks.sweep(now + LEASE / 2) == 0
    later = now + LEASE * 1.1
    assert tasks.sweep(later) == 1
    second = tasks.take(queued.pk, worker="b", now=later)

    assert (first.attempt, second.attempt) == (1, 2)
    with pytest.raises(tasks.Lost), tasks.ending(first):
        pytest.fail("it was ended by one who had lost it")
    with pytest.raises(tasks.Lost):
        tasks.give_back(first, later)
    with tasks.ending(second) as row:
        tasks.end(row, Task.State.DONE, later)
    assert "fell silent" in LogLine.objects.get(task=queued, level="warn").text


def test_a_worker_that_slept_too_long_applies_nothing(scene: Scene, queued: Task, monkeypatch):
    """It wakes up with a whole file in its hands, and another one has begun."""
    read = tasks.ending
    swept: list[int] = []

    def slow(task: Task):
        if not swept:
            while not tasks.sweep(scene.now() + LEASE * 2):
                """The beat holds the row for a moment."""
            swept.append(1)
            assert tasks.take(queued.pk, worker="other", now=scene.now())
        return read(task)

    before = Sync.objects.count()
    monkeypatch.setattr(tasks, "ending", slow)
    ended = scene.carry_out(queued)

    assert swept == [1]
    assert (ended.state, ended.worker, ended.attempt) == (Task.State.RUNNING, "other", 2)
    assert Sync.objects.count() == before


def test_a_task_without_a_job_gets_one(scene: Scene, queued: Task):
    """However its job got lost."""
    assert tasks.sweep(scene.now()) == 0
    ProcrastinateJob.objects.filter(args__task_id=queued.pk)._raw_delete("default")
    assert tasks.sweep(scene.now()) == 1

    assert jobs_of(queued) == 1


def test_a_task_that_kills_its_workers_is_given_up(scene: Scene, queued: Task):
    """After five, and the connector says so."""
    now = scene.now()
    for number in range(1, tasks.MOST_ATTEMPTS + 1):
        assert tasks.take(queued.pk, worker=f"w{number}", now=now).attempt == number
        now += LEASE * 1.1
        tasks.sweep(now)
    assert tasks.take(queued.pk, worker="w6", now=now) is None

    queued.refresh_from_db()
    assert queued.state == Task.State.FAILED
    assert "5 workers" in queued.message
    assert scene.state(queued.connector) == Connector.State.ERROR


def test_a_stopped_worker_gives_its_task_back(scene: Scene, queued: Task):
    """At once, not when its lease lapses."""
    scene.sim.set_faults([{"fault": "slow", "ms": 700}])
    work.carry_out(queued.pk, worker="here", clock=scene.now, stopping=lambda: True)

    queued.refresh_from_db()
    assert (queued.state, queued.lease_until) == (Task.State.QUEUED, None)
    assert jobs_of(queued) == 2  # the one that was not carried out by the queue here, and the new
    scene.sim.set_faults([])
    assert scene.carry_out(queued).state == Task.State.DONE


def test_a_cancelled_sync_applies_nothing(scene: Scene, connector: Connector, queued: Task):
    """Neither from the queue nor in the middle."""
    before = Sync.objects.count()
    cancel(scene.admin, connector.public_id, queued.pk, now=scene.now())
    assert scene.carry_out(queued).state == Task.State.CANCELLED
    assert scene.state(connector) == Connector.State.CONNECTED

    running = sync_now(scene.admin, connector.public_id, now=scene.now())
    taken = tasks.take(running.pk, worker="here", now=scene.now())
    cancel(scene.admin, connector.public_id, running.pk, now=scene.now())
    heard: list[str] = []
    with Beat(taken, clock=scene.now, stopping=lambda: False) as beat:
        beat.interrupt_with(lambda: heard.append("lost"))
        for _ in range(200):
            if beat.lost:
                break
            beat._over.wait(0.02)
    assert heard == ["lost"]
    assert Sync.objects.count() == before
    with pytest.raises(Conflict, match="is over"):
        cancel(scene.admin, connector.public_id, running.pk, now=scene.now())


def test_a_cancelled_task_cannot_be_ended(scene: Scene, connector: Connector, queued: Task):
    """Not by its worker either, who has read everything and has not heard of it yet."""
    taken = tasks.take(queued.pk, worker="here", now=scene.now())
    cancel(scene.admin, connector.public_id, queued.pk, now=scene.now())

    with pytest.raises(tasks.Lost), tasks.ending(taken):
        pytest.fail("it was ended though somebody had stopped it")
    queued.refresh_from_db()
    assert queued.state == Task.State.CANCELLED


def test_the_log_holds_no_secret_and_has_an_end(scene: Scene, queued: Task):
    """Whoever says it."""
    taken = tasks.take(queued.pk, worker="here", now=scene.now())
    with Beat(taken, clock=scene.now, stopping=lambda: False) as beat:
        beat.hide(["s3cret-token"])
        beat.info("the s3cret-token came", where="s3cret-token")
        for number in range(3000):
            beat.info(f"line {number}")
    texts = list(LogLine.objects.filter(task=queued).values_list("text", flat=True))

    assert texts[0] == "the [secret] came where=[secret]"
    assert len(texts) == 2000
    assert "ends here" in texts[-1]
