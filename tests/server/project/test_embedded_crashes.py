"""The embedded PostgreSQL after whatever can be killed was killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from rolecall.errors import Fatal
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.postmaster import end_survivor
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import unprivileged

STARTER = """
import sys, time
from pathlib import Path
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.processes import unprivileged
cluster = Cluster(Path(sys.argv[1]), user=unprivileged())
cluster.start()
print(cluster.process.pid, flush=True)
time.sleep(600)
"""


def remember(cluster: Cluster) -> None:
    """Commit one row."""
    with psycopg.connect(cluster.url(Role.OWNER)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")


def remembered(cluster: Cluster) -> int:
    """The row that was committed."""
    with psycopg.connect(cluster.url(Role.OWNER)) as connection:
        return connection.execute("SELECT n FROM kept").fetchone()[0]


def wait_until_gone(pid: int, within_s: float) -> None:
    """Wait for the end of a process that is nobody's child here."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        try:
            if state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there after {within_s} s")


def test_a_killed_server_is_repaired(cluster):
    """A kill -9 of PostgreSQL loses nothing that was committed."""
    cluster.start()
    remember(cluster)
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.start_again()

    assert remembered(cluster) == 7


def test_the_server_ends_with_whoever_started_it(place):
    """A kill -9 of the process that started it stops it, and the next start finds everything."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, place / "data"], stdout=subprocess.PIPE, text=True
    ) as starter:
        pid = int(starter.stdout.readline())
        again = Cluster(place / "data", user=unprivileged())
        remember(again)
        starter.kill()
    wait_until_gone(pid, within_s=10)
    with again:
        assert remembered(again) == 7


def test_a_survivor_is_stopped_first(cluster, place):
    """A server that outlived its starter all the same is stopped before another is started."""
    cluster.start()
    remember(cluster)
    survivor, cluster.process = cluster.process, None
    cluster.stop()  # lets go of the folder, and of nothing else
    said = []
    with Cluster(place / "data", user=unprivileged(), say=said.append) as again:
        assert remembered(again) == 7
    survivor.wait(5)

    assert said == ["Stopping a database that outlived a crash."]


class Overtaken(Cluster):
    """Another one was being started by somebody who died, and is seen too late."""

    rivals = ()

    def _run(self, programs, place):
        if not self.rivals:
            super()._run(programs, place)
            self._wait(place)
            self.rivals = (self.process,)
        super()._run(programs, place)


def test_a_survivor_that_comes_late_is_stopped_too(place):
    """Who was killed had started one that had not said yet that it is there."""
    said = []
    with Overtaken(place / "data", user=unprivileged(), say=said.append) as cluster:
        remember(cluster)
        (rival,) = cluster.rivals
        rival.wait(10)
        assert remembered(cluster) == 7

    assert said == ["Making a new database.", "Stopping a database that outlived a crash."]


def test_a_survivor_that_goes_while_it_is_looked_at(place):
    """It takes its file away between our reading of it and ours taking it away."""
    file = place / "postmaster.pid"
    os.mkfifo(file)

    def go() -> None:
        with file.open("w", encoding="ascii") as pipe:
            file.unlink()
            pipe.write(f"{os.getpid()}\n")

    other = threading.Thread(target=go)
    other.start()
    end_survivor(place, print)
    other.join()

    assert not file.exists()


def test_a_survivor_that_goes_before_it_is_told_to(place):
    """It is gone when the signal is sent."""
    with subprocess.Popen(["/bin/cat"], cwd=place, stdin=subprocess.PIPE) as survivor:
        (place / "postmaster.pid").write_text(f"{survivor.pid}\n")
        end_survivor(place, lambda _: survivor.communicate())

    assert survivor.returncode == 0


def test_a_connection_that_works_on_without_its_server(cluster):
    """It would keep the next one out for as long as its statement takes."""
    cluster.start()
    remember(cluster)
    connection = psycopg.connect(cluster.url(Role.OWNER), autocommit=True)
    orphan = connection.info.backend_pid
    connection.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
    with psycopg.connect(cluster.url(Role.OWNER), autocommit=True) as other:
        state = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        while other.execute(state, [orphan]).fetchone() != ("active",):
            time.sleep(0.05)
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.start_again()
    connection.close()
    wait_until_gone(orphan, within_s=10)

    assert remembered(cluster) == 7


def test_an_empty_pid_file_keeps_nobody_out(cluster):
    """It was killed between making the file and writing its number."""
    cluster.start()
    remember(cluster)
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    (cluster.folder.cluster(18) / "postmaster.pid").write_text("")
    cluster.start_again()

    assert remembered(cluster) == 7


@pytest.mark.parametrize("pid", ["1", "self", "4194303"])
def test_a_stale_pid_file_keeps_nobody_out(cluster, pid):
    """The number of a process that is somebody else's by now, or nobody's."""
    cluster.start()
    remember(cluster)
    file = cluster.folder.cluster(18) / "postmaster.pid"
    lines = file.read_text().splitlines(keepends=True)
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()
    lines[0] = f"{os.getpid() if pid == 'self' else pid}\n"
    file.write_text("".join(lines))
    cluster.start_again()

    assert remembered(cluster) == 7


def test_half_a_cluster_is_made_anew(cluster):
    """A kill while the cluster was being made leaves nothing that would be started."""
    cluster.folder.prepare()
    half = cluster.folder.path / "postgres" / "18.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    cluster.start()

    assert not half.exists()


def test_a_server_that_does_not_start_says_why(place):
    """The error holds PostgreSQL's own words, and nothing is left running or locked."""
    broken = Cluster(place / "data", user=unprivileged(), settings={"shared_buffers": "a little"})
    with pytest.raises(Fatal, match="shared_buffers"):
        broken.start()
    with Cluster(place / "data", user=unprivileged()) as whole:
        assert whole.process.poll() is None
