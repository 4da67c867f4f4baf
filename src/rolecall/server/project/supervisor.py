"""Everything on one machine, under one process: the database, the web, a worker, a controller.

    up ──▶ settings and keys ──▶ database ──▶ schema ──▶ web, worker, controller ──▶ watch

Whoever ends by itself is started again, later each time. On SIGTERM these three end first, the
database last, all in less than 15 seconds; on `kill -9` the kernel ends what is left (`leash`).
This process opens no page and no job, needs no Django, and is the only one that may be root.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.request import ProxyHandler, Request, build_opener

import structlog

from rolecall.errors import Fatal, Interrupted
from rolecall.server import clock
from rolecall.server.project import authority, keys_file
from rolecall.server.project.config import Config
from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.installation import Installation
from rolecall.server.project.processes import SystemUser, give, run, spawn

__all__ = ["Supervisor"]

_PROGRAM: Final = "rolecall.server.project.cli"
_GRACE_S: Final = 9.0
"""All but the database get this long together; each gives its own work one second less."""
_DATABASE_GRACE_S: Final = 4.0
_LOOK_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_WELL_S: Final = 60.0
"""Whoever ran this long is started again at once."""
_FIRST_ANSWER_S: Final = 60.0
"""After this long without an answer of the web somebody should know that we still wait."""

log = structlog.stdlib.get_logger(__name__)


@dataclass(kw_only=True)
class _Child:
    """A program that shall always run."""

    name: str
    words: tuple[str, ...]
    """After `rolecall`."""
    environ: dict[str, str]
    user: SystemUser | None
    ends_by: signal.Signals
    """What it gets when we are killed."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)
    _pause_s: float = field(default=0.0, init=False)
    _not_before: float = field(default=0.0, init=False)

    def keep(self, moment: float) -> None:
        """Start it if it does not run and its pause is over; notice if it has ended.

        Args:
            moment: seconds on a clock that only goes forward.
        """
        if self.process is not None and (status := self.process.poll()) is not None:
            self.end_group()
            well = moment - self._since >= _WELL_S
            self._pause_s = 0.0 if well else min(max(1.0, 2 * self._pause_s), _LONGEST_PAUSE_S)
            self._not_before = moment + self._pause_s
            self.process = None
            log.error("ended", what=self.name, status=status, again_in_s=self._pause_s)
        if self.process is None and moment >= self._not_before:
            self._since = moment
            self.process = spawn(
                ["-m", _PROGRAM, *self.words],
                self.user,
                ends_by=self.ends_by,
                environ=self.environ,
            )

    def ask_to_end(self) -> None:
        """Send SIGTERM."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def end(self, within_s: float) -> None:
        """Wait for its end, and make one if it takes longer than that."""
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(max(0.0, within_s))
            self.end_group()
            self.process = None

    def end_group(self) -> None:
        """Leave nothing of it behind."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Runs an installation.

    Args:
        here: the installation; it has a data folder.
        say: prints a line for the person who started it.
    """

    def __init__(self, here: Installation, say: Callable[[str], None]) -> None:
        self._here = here
        self._say = say
        self._user = here.user()
        self._cluster: Cluster = here.cluster()
        self._children: list[_Child] = []
        self._shown: dict[str, str] = {}
        """What web and controller are told of the certificate, if it is one of ours."""
        self._kept: authority.Kept | None = None
        self._pause = threading.Event()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        Raises:
            Interrupted: one of them came, and everything is stopped.
            BadConfig: a setting, the data folder or the keys file is unusable.
            Conflict: somebody is using the data folder.
            Fatal: the database does not start, or cannot be brought up to this version.
        """
        settings = self._here.settings()
        with _heard():
            try:
                self._cluster.start("rolecall up")
                self._prepare()
                self._certify(settings)
                settings.read_keys()
                self._migrate()
                self._start()
                self._wait_for_the_web(settings)
                self._watch()
            finally:
                self._stop()

    def _prepare(self) -> None:
        """The keys of a new installation, and a place for what the worker notes outside."""
        folder = self._cluster.folder
        if not folder.keys_file.exists():
            keys_file.write(folder.keys_file, keys_file.fresh(), self._user)
            self._say(
                f"New keys are in {folder.keys_file}. Without them nobody can read the secrets in "
                "a backup: keep a copy, and not beside the backup."
            )
        give(folder.keys_file, self._user, 0o600)
        folder.audit.mkdir(mode=0o700, exist_ok=True)
        give(folder.audit, self._user, 0o700)

    def _certify(self, settings: Config) -> None:
        """A certificate for the controller, unless it has one or a proxy has it."""
        own = settings.controller
        if own.certificate or own.token_bind:
            return
        host = settings.controller_address.partition(":")[0]
        names = dict.fromkeys([host, "localhost", "127.0.0.1", "::1"])
        folder = self._cluster.folder.path / "controller"
        found = authority.prepare(folder, list(names), self._user, clock.now())
        self._kept = authority.Kept(folder, list(names), self._user)
        self._shown = {
            "ROLECALL_CONTROLLER_CERTIFICATE": str(found.certificate),
            "ROLECALL_CONTROLLER_KEY": str(found.key),
        }
        self._say(
            f"Self-hosted connectors call {settings.controller_address}; its certificate is of an "
            f"authority of our own: run rolecall-notion with BATON_CA_FILE={found.root}, and "
            f"connectors in Go with SSL_CERT_FILE={found.root}, or a copy of it."
        )

    def _environ(self, role: Role) -> dict[str, str]:
        return self._here.surroundings(DATABASE_URL=self._cluster.url(role))

    def _migrate(self) -> None:
        """Bring the schema up to this version, in a process of its own; print what it says."""
        done = run(
            ["-m", _PROGRAM, "migrate", "--first-administrator"],
            self._user,
            environ=self._environ(Role.OWNER),
        )
        if done.returncode != 0:
            log.error("the schema could not be brought up to date", said=done.stderr)
            reason = (done.stderr.strip().splitlines() or ["it was stopped"])[-1]
            raise Fatal(f"The database cannot be brought up to this version: {reason}")
        for line in done.stdout.splitlines():
            self._say(line)

    def _start(self) -> None:
        web = _Child(
            name="web",
            words=("web",),
            environ={**self._environ(Role.WEB), **self._shown},
            user=self._user,
            ends_by=signal.SIGTERM,
        )
        worker = _Child(
            name="worker",
            words=("worker",),
            environ=self._environ(Role.WORKER),
            user=self._user,
            ends_by=signal.SIGKILL,
        )
        controller = _Child(
            name="controller",
            words=("controller",),
            environ={**self._environ(Role.WEB), **self._shown},
            user=self._user,
            ends_by=signal.SIGTERM,
        )
        self._children = [web, worker, controller]
        self._keep()

    def _wait_for_the_web(self, settings: Config) -> None:
        """Say where the pages are once they can be read, however long that takes."""
        told = time.monotonic()
        while not _answers(settings):
            self._keep()
            self._pause.wait(0.1)
            if time.monotonic() - told > _FIRST_ANSWER_S:
                self._say("The web process does not answer yet; see what it says. Still waiting.")
                told = time.monotonic()
        self._say(f"Rolecall is at {settings.public_url}  (Ctrl-C stops it)")

    def _watch(self) -> None:
        while True:
            self._pause.wait(_LOOK_S)
            self._keep()
            self._renew()

    def _keep(self) -> None:
        """Start again whatever has ended; without the database, that comes first."""
        database = self._cluster.process
        if database is not None and database.poll() is not None:
            log.error("ended", what="database", status=database.returncode)
            self._cluster.start_again()
        for child in self._children:
            child.keep(time.monotonic())

    def _renew(self) -> None:
        """A certificate of ours is made anew while everything runs; the controller reads it."""
        try:
            if self._kept is not None:
                self._kept.look_after(clock.now())
        except (OSError, ValueError) as error:
            log.warning("certificate_not_renewed", error=str(error), again="in an hour")

    def _stop(self) -> None:
        until = time.monotonic() + _GRACE_S
        for child in self._children:
            child.ask_to_end()
        for child in self._children:
            child.end(until - time.monotonic())
        self._cluster.stop(within_s=_DATABASE_GRACE_S)


def _answers(settings: Config) -> bool:
    """Whether the pages can be read, asked past any proxy."""
    if settings.web.bind.startswith("unix:"):
        return Path(settings.web.bind.removeprefix("unix:")).is_socket()
    request = Request(f"http://{settings.web.bind}/ready", headers={"Host": settings.host})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=5):
            return True
    except (OSError, HTTPException):
        return False


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """Turn the first SIGTERM or SIGINT into `Interrupted`; while we stop, more change nothing."""

    def stop(number: int, _: FrameType | None) -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_IGN)
        raise Interrupted(f"Stopped by {signal.Signals(number).name}.")

    before = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
