"""From one major version of PostgreSQL to the next, really: the wheel brings both."""

import os
from pathlib import Path

import psycopg
import pytest
from programs import Running

from rolecall.server.project import keys_file
from rolecall.server.project.embedded.binaries import NEWEST, Binaries
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.initdb import initialise
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.processes import unprivileged

pytestmark = pytest.mark.slow

OLD = 16


@pytest.fixture
def old(cluster: Cluster) -> Cluster:
    """A running cluster of the older version."""
    cluster.folder.prepare()
    programs = Binaries(major=OLD, user=unprivileged())
    password = cluster.folder.password(Role.ADMIN)
    initialise(programs, cluster.folder.cluster(OLD), password, locale=("--locale=C",))
    cluster.of_major(OLD).start()
    return cluster


def migrated(old: Cluster, place: Path) -> Running:
    """The same with our schema; by `rolecall migrate`, as with a server of one's own."""
    keys = place / "keys.json"
    keys_file.write(keys, keys_file.fresh(), None)
    elsewhere = Running(Path())
    environ = {"DATABASE_URL": old.url(Role.OWNER), "ROLECALL_KEYS_FILE": str(keys)}
    done = elsewhere.run("migrate", ROLECALL_DATA="", **environ)
    assert done.returncode == 0, done.stderr
    return Running(old.folder.path)


def test_everything_is_there_afterwards(old, place):
    """Rows, roles, rights and passwords; the old cluster is kept."""
    running = migrated(old, place)
    with psycopg.connect(old.url(Role.OWNER)) as connection:
        before = connection.execute("SELECT * FROM django_migrations ORDER BY id").fetchall()
    old.stop()
    refused = running.run("migrate", ROLECALL_PUBLIC_URL="http://localhost")
    done = running.run("upgrade")

    assert refused.returncode == 3
    assert "rolecall upgrade" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert old.folder.majors() == [NEWEST]
    assert (old.folder.path / "postgres" / f"{OLD}.old").is_dir()
    with Cluster(old.folder.path, user=unprivileged()) as new:
        with psycopg.connect(new.url(Role.OWNER)) as connection:
            after = connection.execute("SELECT * FROM django_migrations ORDER BY id").fetchall()
        with (
            psycopg.connect(new.url(Role.WEB)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("DELETE FROM audit_event")
    assert after == before != []
    assert running.run("upgrade").returncode == 10


def test_an_upgrade_that_fails_leaves_the_old_one_as_it_was(old):
    """A column that pg_upgrade refuses; what it says is passed on, and the old one still starts."""
    with psycopg.connect(old.url(Role.OWNER)) as connection:
        connection.execute("CREATE TABLE refused AS SELECT 'now'::regproc AS what")
    old.stop()
    done = Running(old.folder.path).run("upgrade")

    assert done.returncode == 9
    assert "pg_upgrade failed" in done.stderr
    assert old.folder.majors() == [OLD]
    with old.of_major(OLD), psycopg.connect(old.url(Role.OWNER)) as connection:
        assert connection.execute("SELECT count(*) FROM refused").fetchone() == (1,)


def test_an_upgrade_after_a_crash_of_the_old_one(old):
    """What PostgreSQL had no time to write down is repaired first."""
    with psycopg.connect(old.url(Role.OWNER)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(old.process.pid, 9)
    old.stop()
    half = old.folder.path / "postgres" / f"{NEWEST}.new"
    half.mkdir()
    done = Running(old.folder.path).run("upgrade")

    assert done.returncode == 0, done.stderr
    with (
        Cluster(old.folder.path, user=unprivileged()) as new,
        psycopg.connect(new.url(Role.OWNER)) as connection,
    ):
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
