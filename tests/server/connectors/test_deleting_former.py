"""Deleting the former connector in the very moment of a takeover: one waits for the other, once."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from scenes import Scene

from rolecall.errors import Gone
from rolecall.server.connectors import work
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.services import credential
from rolecall.server.connectors.services.delete import delete
from rolecall.server.people.models import RoleAssignment

_PATIENCE_S = 60


def waiting_for_locks() -> int:
    """How many connections of this database wait for a row that another one has."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_clear_snapshot()")  # else a transaction sees one moment
        cursor.execute(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and wait_event_type = 'Lock'"
        )
        row = cursor.fetchone()
    return int(row[0])


def until(number: int) -> None:
    """Go on when so many wait."""
    end = time.monotonic() + _PATIENCE_S
    while waiting_for_locks() < number:
        assert time.monotonic() < end, f"{number} were to wait for a row"
        time.sleep(0.01)


class Beside(threading.Thread):
    """A deed in a thread, with a connection of its own; what it raised is kept."""

    def __init__(self, deed: Callable[[], object]) -> None:
        super().__init__()
        self.deed = deed
        self.raised: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do it."""
        try:
            self.deed()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.raised = error
        finally:
            connection.close()


def taking_over(scene: Scene, former: Connector) -> Task:
    """The sync with which a new connector will take over."""
    new = scene.add(name="New", take_over=True)
    token = {"scim_token": scene.sim.scim_token}
    test = credential.give(scene.admin, new.public_id, token, save=True, now=scene.now())
    scene.carry_out(test)
    assert new.succeeds == former
    return Task.objects.get(connector=new, kind=Task.Kind.SYNC)


def test_deleting_waits_for_nobody_who_waits_for_it(scene: Scene):
    """A deletion that has begun ends, and then the takeover does; neither is a deadlock's victim.

    The deletion is held up in its middle, by the lock on a row that it is about to write.
    """
    former = scene.connected()
    sync = taking_over(scene, former)
    with transaction.atomic():
        list(RoleAssignment.objects.select_for_update().filter(scope=former.public_id))
        deletes = Beside(
            lambda: delete(scene.admin, former.public_id, former.name, now=scene.now())
        )
        until(1)
        syncs = Beside(lambda: work.carry_out(sync.pk, worker="there", clock=scene.now))
        until(2)
    deletes.join(_PATIENCE_S)
    syncs.join(_PATIENCE_S)

    assert (deletes.raised, syncs.raised) == (None, None)
    sync.refresh_from_db()
    assert (sync.state, sync.error) == (Task.State.DONE, "")
    assert scene.state(former) == Connector.State.ARCHIVED
    assert scene.state(sync.connector) == Connector.State.CONNECTED


@pytest.mark.slow
def test_deleting_at_any_moment(scene: Scene):
    """Whoever comes first, nobody is a deadlock's victim, and the takeover is complete."""
    former = scene.connected()
    for number in range(10):
        sync = taking_over(scene, former)
        syncs = Beside(lambda task=sync: work.carry_out(task.pk, worker="x", clock=scene.now))
        end = time.monotonic() + number / 20
        while syncs.is_alive() and time.monotonic() < end:
            time.sleep(0.001)
        deletes = Beside(
            lambda one=former: delete(scene.admin, one.public_id, one.name, now=scene.now())
        )
        deletes.join(_PATIENCE_S)
        syncs.join(_PATIENCE_S)

        assert syncs.raised is None
        assert deletes.raised is None or isinstance(deletes.raised, Gone)
        sync.refresh_from_db()
        assert (sync.state, sync.error) == (Task.State.DONE, "")
        assert scene.state(former) == Connector.State.ARCHIVED
        former = sync.connector
        former.refresh_from_db()
