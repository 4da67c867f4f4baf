"""Whoever works keeps the task, however long it takes; whom the database leaves hands it on."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from quick_pace import QUICK
from scenes import Scene
from server_rig import until

from rolecall.server.connectors import syncing, tasks
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.models import Task
from rolecall.server.connectors.services.running import sync_now

LEASE = timedelta(seconds=QUICK.lease_s)


def test_a_lease_holds_as_long_as_the_work(scene: Scene):
    """A beat extends it, so that nobody sweeps what is alive."""
    connector = scene.connected()
    queued = sync_now(scene.admin, connector.public_id, now=scene.now())
    task = tasks.take(queued.pk, worker="a", now=scene.now())
    first = task.lease_until

    with Beat(task, clock=lambda: scene.now() + 3 * LEASE, stopping=lambda: False):
        until(lambda: Task.objects.get(pk=task.pk).lease_until > first + LEASE)
    assert tasks.sweep(first + LEASE) == 0
    assert Task.objects.get(pk=task.pk).worker == "a"


def test_a_connection_that_is_lost_fails_nothing(scene: Scene, database, monkeypatch):
    """Whatever the driver says then, the task is not over: it begins again."""
    connector = scene.connected()
    queued = sync_now(scene.admin, connector.public_id, now=scene.now())

    def lose(*_, **__):
        with psycopg.connect(database.url(), autocommit=True) as other, connection.cursor() as ours:
            ours.execute("SELECT pg_backend_pid()")
            other.execute("SELECT pg_terminate_backend(%s, 5000)", ours.fetchone())
            with ours.copy("COPY (SELECT 1) TO STDOUT") as copied:
                copied.read()

    with monkeypatch.context() as patched:
        patched.setattr(syncing, "take_in", lose)
        with pytest.raises(psycopg.OperationalError):
            scene.carry_out(queued)
    connection.close()

    assert Task.objects.get(pk=queued.pk).state == Task.State.RUNNING
    assert tasks.sweep(scene.now() + 2 * LEASE) == 1
    assert scene.carry_out(queued).state == Task.State.DONE
