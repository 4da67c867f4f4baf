"""`rolecall web` and `rolecall worker` by themselves, on a database server of one's own."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from programs import ROLECALL, Running, wait_until

from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import give, unprivileged

pytestmark = pytest.mark.slow


@contextmanager
def started(command: str, environ: dict[str, str], said: Path) -> Iterator[subprocess.Popen]:
    """The process, until the end of the block; asked to end then, and ended well."""
    with said.open("wb") as output:
        process = subprocess.Popen([*ROLECALL, command], env=environ, stdout=output, stderr=output)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, said.read_text()
    finally:
        process.kill()


@pytest.fixture
def keys(database, place) -> str:
    """The keys, for whoever web and worker run as."""
    copy = place / "keys.json"
    shutil.copy(database.keys_file, copy)
    give(copy, unprivileged(), 0o600)
    return str(copy)


def who_runs(pid: int) -> int:
    """The user of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("Uid:")[2].split()[0])


def test_a_web_process_by_itself(database, place, keys):
    """It answers, as an unprivileged user and as its role, and ends when it is asked to."""
    here = Running(place / "unused")
    environ = database.environ(
        Role.WEB, ROLECALL_KEYS_FILE=keys, ROLECALL_BIND=f"127.0.0.1:{here.port}",
        ROLECALL_PUBLIC_URL=f"http://localhost:{here.port}",
    )  # fmt: skip
    with started("web", environ, place / "said") as process:
        wait_until(lambda: here.status("/ready") == 200)
        user = who_runs(process.pid)

    assert user == (unprivileged().uid if unprivileged() else os.geteuid())


def test_two_workers_by_themselves(database, place, keys):
    """Both say that they are there, as unprivileged users, and end when they are asked to."""
    environ = database.environ(Role.WORKER, ROLECALL_KEYS_FILE=keys)
    alive = (
        "SELECT count(*) FROM procrastinate_workers"
        " WHERE last_heartbeat > now() - interval '20 seconds'"
    )
    with (
        psycopg.connect(database.url(), autocommit=True) as connection,
        started("worker", environ, place / "one") as one,
        started("worker", environ, place / "other") as other,
    ):
        wait_until(lambda: connection.execute(alive).fetchone() == (2,))
        users = {who_runs(one.pid), who_runs(other.pid)}

    assert users == {unprivileged().uid if unprivileged() else os.geteuid()}
