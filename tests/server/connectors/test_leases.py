"""Whoever works keeps the task, however long it takes."""

from datetime import timedelta

from quick_pace import QUICK
from scenes import Scene
from server_rig import until

from rolecall.server.connectors import tasks
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
