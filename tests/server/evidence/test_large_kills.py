"""A worker process that is killed while it makes a large file: the next one makes it, once."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cast import Role, a_user, acting
from django.db import connection, transaction

sys.path.insert(0, str(Path(__file__).parents[1] / "connectors"))

from server_rig import Programs, until

from rolecall.server import clock
from rolecall.server.audit.models import Event
from rolecall.server.evidence import asking
from rolecall.server.evidence.export import Asked, installation_key
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.sending import kept
from rolecall.server.evidence.signature import verify
from rolecall.server.files.models import File
from rolecall.server.notifications.models import Notice

PATIENCE_S = 300.0
"""How long a process may take to start, and the sweep to notice a death, on a busy machine."""


@pytest.fixture
def workers(database, tmp_path):
    """Worker processes of the worker's database role, whose minutes are seconds."""
    folder = Path(__file__).parents[1] / "connectors"

    def environ(role) -> dict[str, str]:
        return database.environ(
            role,
            DJANGO_SETTINGS_MODULE="quick_settings",
            PYTHONPATH=os.pathsep.join((str(folder), *filter(None, sys.path))),
        )

    with Programs(environ=environ, log=tmp_path) as made:
        yield made


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("three")
def test_a_killed_worker_leaves_it_to_the_next(app, workers, tmp_path, monkeypatch):
    """Killed when all is written and nothing committed: made again, noted once, told once."""
    monkeypatch.setattr(asking, "AT_ONCE", {"csv": 0})
    actor = acting(a_user("rae@acme.example", Role.AUDITOR))
    now = clock.now()
    asked = Asked(app=app.public_id, until=now - timedelta(minutes=1), form="csv")
    file = asking.ask(actor, asked, now=now)
    with transaction.atomic():
        with connection.cursor() as cursor:  # nobody can keep a file now
            cursor.execute("lock table files_file in exclusive mode")
        workers.start("worker-1")
        until(someone_waits, within_s=PATIENCE_S, what="a worker that keeps the file")
        workers.kill("worker-1")
    workers.start("worker-2")
    until(lambda: state() == "ready", within_s=PATIENCE_S, what="the file")

    assert EvidenceFile.objects.get().attempt == 2
    assert Event.objects.filter(action="evidence:access:export").count() == 1
    assert (File.objects.count(), Notice.objects.count()) == (1, 1)
    path = tmp_path / "file"
    path.write_bytes(kept(actor, file.public_id, now=clock.now()).getvalue())
    assert verify(path, (installation_key(),))


def state() -> str:
    """Of the one file."""
    return str(EvidenceFile.objects.get().state)


def someone_waits() -> bool:
    """Whether another process waits for the table of files."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists(select from pg_locks"
            " where relation = 'files_file'::regclass and not granted)"
        )
        (waits,) = cursor.fetchone()
    return bool(waits)
