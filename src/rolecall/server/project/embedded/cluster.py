"""A PostgreSQL of our own in a data folder: made, started, stopped, and found again after a crash.

It listens on one socket in a closed folder and on no network address, asks everybody for a
password, runs as an unprivileged user under root, and ends with the process that started it.
What survived a crash of that process is stopped before anything else is started.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from rolecall.errors import BadConfig, Conflict, Fatal
from rolecall.server.project.embedded import roles
from rolecall.server.project.embedded.binaries import NEWEST, Binaries
from rolecall.server.project.embedded.folder import DataFolder
from rolecall.server.project.embedded.initdb import initialise
from rolecall.server.project.embedded.postmaster import FAST, end_survivor, is_ready
from rolecall.server.project.embedded.roles import DATABASE, Role
from rolecall.server.project.processes import SystemUser, spawn

__all__ = ["Cluster"]

_ENFORCED: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_file_mode": "0600",
    # A statement and its details hold people's names and addresses; the error itself is enough.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
}
_PATIENCE_S: Final = 10.0
"""How often somebody who waits for the start is told that it goes on."""


class Cluster:
    """One PostgreSQL cluster.

    Args:
        data: the data folder; made if it is not there.
        user: whom to run it as; None is whoever we are, and not allowed for root.
        settings: PostgreSQL's settings for this run, over everything else.
        say: is told in one line what takes long or is worth knowing.
    """

    def __init__(
        self,
        data: Path,
        *,
        user: SystemUser | None,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = DataFolder(path=data, user=user)
        self.process: subprocess.Popen[bytes] | None = None
        self._user = user
        self._settings = dict(settings or {})
        self._say = say
        self._wanted: int | None = None

    def of_major(self, major: int) -> Self:
        """This cluster, started with the programs of an older major version than our own."""
        self._wanted = major
        return self

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def url(self, role: Role, database: str = DATABASE) -> str:
        """The address for a role; holds its password, so never print it.

        Raises:
            BadConfig: nothing was ever started here.
        """
        folder = str(self.folder.socket())
        return roles.address(role, self.folder.password(role), folder, database)

    def start(self, purpose: str = "rolecall") -> None:
        """Start it, and wait until it answers; makes it first if there is none.

        Args:
            purpose: what somebody who finds the folder locked is told.

        Raises:
            Conflict: somebody is using the data folder.
            BadConfig: the folder is not ours, not reachable, or of an older major version.
            Fatal: PostgreSQL does not start; the error holds its last words.
        """
        with self._locked(purpose):
            self._start()

    def start_again(self) -> None:
        """Start it once more after it ended by itself; the folder is ours all the time.

        Raises:
            Fatal: PostgreSQL does not start; the error holds its last words.
        """
        if self.process is not None:
            self.process.wait()
        self._start()

    def _start(self) -> None:
        major = self._major()
        programs = Binaries(major=major, user=self._user)
        programs.insist()
        place = self.folder.cluster(major)
        if not place.exists():
            self._make(programs, place)
        try:
            self._run_alone(programs, place)
        except Fatal:
            if not (place / "postmaster.pid").exists():
                raise
            # Whoever was killed had just started one, which had not said yet that it is there.
            self._run_alone(programs, place)
        roles.settle(
            self.url(Role.ADMIN, "postgres"),
            {role: self.folder.password(role) for role in Role if role is not Role.ADMIN},
        )

    def _run_alone(self, programs: Binaries, place: Path) -> None:
        """Run it once nobody else is there; wait until it answers."""
        end_survivor(place, self._say)
        self._run(programs, place)
        self._wait(place)

    @contextmanager
    def _locked(self, purpose: str) -> Iterator[None]:
        """Lock the folder; let go, and leave nothing running, if what is done then fails."""
        if self._user is None and os.geteuid() == 0:
            raise BadConfig("PostgreSQL refuses to run as root.", hint="Name another user.")
        self.folder.prepare()
        self.folder.lock(purpose)
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def stop(self, *, within_s: float = 10.0) -> None:
        """Stop it, and let the next one in; whoever is connected is cut off.

        Args:
            within_s: seconds after which it is stopped at once; the next start then recovers.
        """
        if self.process is not None:
            self.process.send_signal(FAST)
            try:
                self.process.wait(within_s)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
            self.process = None
        self.folder.unlock()

    @contextmanager
    def reached(self, purpose: str) -> Iterator[Self]:
        """Use it while it runs, or start it for as long as it is used.

        Args:
            purpose: what somebody who finds the folder locked is told.
        """
        try:
            self.start(purpose)
        except Conflict:
            if not is_ready(self._place()):
                raise
        try:
            yield self
        finally:
            self.stop()

    def _place(self) -> Path:
        return self.folder.cluster(self._major())

    def _major(self) -> int:
        """The major version of the cluster that is there, or of a new one."""
        if self._wanted is not None:
            return self._wanted
        majors = self.folder.majors()
        if majors and majors[-1] < NEWEST:
            raise BadConfig(
                f"The database in {self.folder.path} is of PostgreSQL {majors[-1]}; "
                f"this version of Rolecall brings {NEWEST}.",
                hint=f"Run: rolecall upgrade --data {self.folder.path}",
            )
        return majors[-1] if majors else NEWEST

    def _make(self, programs: Binaries, place: Path) -> None:
        """Make a new cluster beside its place, then put it there: half of one is never started."""
        self._say("Making a new database.")
        draft = place.with_name(f"{place.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        durable = self._settings.get("fsync") != "off"
        initialise(programs, draft, self.folder.password(Role.ADMIN), durable=durable)
        draft.rename(place)

    def _run(self, programs: Binaries, place: Path) -> None:
        settings = {
            **_ENFORCED,
            "unix_socket_directories": str(self.folder.make_socket()),
            "log_directory": str(self.folder.log),
            **self._settings,
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with _closed_file(self.folder.path / "start.log") as output:
            self.process = spawn(
                [programs["postgres"], "-D", place, *arguments],
                self._user,
                ends_by=FAST,
                environ={"LC_ALL": "C", "TZ": "UTC"},
                output=output,
            )

    def _wait(self, place: Path) -> None:
        """Wait until it answers, however long it repairs what a crash left."""
        if self.process is None:
            raise RuntimeError("started before it is waited for")
        waited_s = 0.0
        while not is_ready(place, self.process.pid):
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                waited_s += 0.05
                if waited_s >= _PATIENCE_S:
                    self._say("The database is repairing what a crash left; still waiting.")
                    waited_s = 0.0
            else:
                self.process = None
                raise Fatal(f"PostgreSQL does not start: {self._last_words()}")

    def _last_words(self) -> str:
        logs = [one for one in self.folder.log.glob("*.log") if not one.is_symlink()]
        logs.sort(key=lambda one: one.stat().st_mtime)
        logs.append(self.folder.path / "start.log")
        lines = "\n".join(one.read_text(errors="replace") for one in logs).splitlines()
        words = [line for line in lines if "FATAL" in line or "PANIC" in line] or lines
        return f"{' / '.join(words[-3:])} (more in {self.folder.log})"


def _closed_file(path: Path) -> IO[bytes]:
    """An empty file that nobody else can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
