"""One embedded PostgreSQL for a run of the tests, a migrated database for each of its processes.

The first process that needs it starts it and makes the template; the others copy that. It lives as
long as the process that started it, which waits for the others at its end; a run that is killed
takes it along. Its folder is in /tmp by a name that nobody can guess.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg

from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import DATABASE, Role
from rolecall.server.project.processes import unprivileged

UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class SessionDatabase:
    """The database of this process; as long as `shared` holds."""

    def __init__(self, run: str, process: str) -> None:
        self.root = Path(tempfile.gettempdir()) / f"rolecall-tests-{run}"
        self.root.mkdir(mode=0o711, exist_ok=True)
        self.name = f"test_{process}"
        self.keys_file = self.root / f"{process}.keys.json"
        self.cluster = Cluster(
            self.root / "data", user=unprivileged(), settings=dict(UNSAFE_BUT_FAST)
        )
        self._attendance = self._file("attendance.lock")
        fcntl.flock(self._attendance, fcntl.LOCK_SH)

    def url(self, role: Role = Role.OWNER) -> str:
        """The address of this process's database for a role."""
        return self.cluster.url(role, self.name)

    def environ(self, role: Role = Role.OWNER, **more: str) -> dict[str, str]:
        """What a program of ours needs in its environment to work with this database."""
        return {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": self.url(role),
            "ROLECALL_PUBLIC_URL": "http://localhost:8010",
            "ROLECALL_KEYS_FILE": str(self.keys_file),
            **more,
        }

    @contextmanager
    def shared(self, migrate: Callable[[str], None]) -> Iterator[None]:
        """Start the cluster, or join it; copy the template.

        Args:
            migrate: makes the tables, given the owner's address of an empty database.
        """
        with self._file("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if first := not (self.root / "ready").exists():
                self.cluster.start("tests")
                migrate(self.cluster.url(Role.OWNER))
                (self.root / "ready").touch()
            self._copy()
        try:
            yield
        finally:
            if first:
                fcntl.flock(self._attendance, fcntl.LOCK_EX)  # when everybody else is gone
                self.cluster.stop()

    def _copy(self) -> None:
        with psycopg.connect(self.cluster.url(Role.ADMIN, "postgres"), autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{self.name}" TEMPLATE {DATABASE} OWNER {Role.OWNER}')
            for role in (Role.WEB, Role.WORKER):
                admin.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{self.name}" TO {role}')

    def leave(self) -> None:
        """Say that this process is done; the last one to say so clears up."""
        try:
            fcntl.flock(self._attendance, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            shutil.rmtree(self.root, ignore_errors=True)
        self._attendance.close()

    def _file(self, name: str) -> IO[str]:
        return (self.root / name).open("a", encoding="ascii")


def run_of_xdist() -> tuple[str, str]:
    """This run of the tests, and this process of it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(16)
    return run, os.environ.get("PYTEST_XDIST_WORKER", "main")
