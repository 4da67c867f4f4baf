"""A sync is asked for in the moment in which another one ends: nobody waits for the other."""

import threading

import pytest
from django.db import connection, transaction
from scenes import Scene

from rolecall.errors import Conflict
from rolecall.server.connectors import tasks
from rolecall.server.connectors.locks import connector_row
from rolecall.server.connectors.models import Task
from rolecall.server.connectors.services.running import sync_now


class _Ender(threading.Thread):
    """Ends a task, and wants its connector when it is told to."""

    def __init__(self, task: Task, scene: Scene) -> None:
        super().__init__()
        self.task, self.scene = task, scene
        self.ended, self.go_on = threading.Event(), threading.Event()
        self.went_wrong: list[BaseException] = []

    def run(self) -> None:
        """In a transaction of its own."""
        try:
            with tasks.ending(self.task) as row:
                tasks.end(row, Task.State.DONE, self.scene.now())
                self.ended.set()
                self.go_on.wait(60)
                connector_row(row.connector_id)
        except BaseException as error:  # noqa: BLE001 - told to the test
            self.went_wrong.append(error)
        finally:
            connection.close()


def test_no_deadlock(scene: Scene):
    """The end has its task and wants the connector; who asks has the connector."""
    connector = scene.connected()
    task = sync_now(scene.admin, connector.public_id, now=scene.now())
    ender = _Ender(tasks.take(task.pk, worker="here", now=scene.now()), scene)
    ender.start()
    assert ender.ended.wait(60)
    with transaction.atomic():
        connector_row(connector.pk)
        threading.Timer(0.2, ender.go_on.set).start()
        with pytest.raises(Conflict, match="under way"):
            sync_now(scene.admin, connector.public_id, now=scene.now())
    ender.join(60)

    assert ender.went_wrong == []
    assert sync_now(scene.admin, connector.public_id, now=scene.now()).state == Task.State.QUEUED
