"""`rolecall` as a person runs it: processes of their own, real ports, a data folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

ROLECALL = (sys.executable, "-m", "rolecall.server.project.cli")
LONG_S = 120.0
"""For what takes seconds on a machine with nothing else to do."""


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_until(seen: Callable[[], object], within_s: float = LONG_S) -> None:
    """Wait until it is so, and fail if it does not come."""
    until = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


@dataclass
class Running:
    """A data folder, and `rolecall up` on it.

    Attributes:
        data: the folder.
        port: where the pages are.
        calls: where self-hosted connectors call.
        program: how `rolecall` is run.
        as_user: whom to run it as, if not as ourselves.
    """

    data: Path
    port: int = field(default_factory=a_free_port)
    calls: int = field(default_factory=a_free_port)
    program: tuple[str, ...] = ROLECALL
    as_user: int | None = None
    process: subprocess.Popen | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The settings."""
        return {
            "PATH": os.environ["PATH"],
            "ROLECALL_DATA": str(self.data),
            "ROLECALL_PUBLIC_URL": f"http://localhost:{self.port}",
            "ROLECALL_BIND": f"127.0.0.1:{self.port}",
            "ROLECALL_CONTROLLER_BIND": f"127.0.0.1:{self.calls}",
        }

    @property
    def said(self) -> Path:
        """Where it writes to."""
        return self.data.with_suffix(".out")

    @property
    def output(self) -> str:
        """What `up` has said so far."""
        return self.said.read_text()

    def start(self) -> None:
        """Start it, and wait until it says that it answers."""
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.program, "up"],
                env=self.environ,
                stdout=output,
                stderr=output,
                user=self.as_user,
                cwd="/",
            )
        try:
            wait_until(lambda: "Rolecall is at" in self.output or self.process.poll() is not None)
        except AssertionError:
            found = "\n".join(self.processes().values())
            self.process.kill()
            raise AssertionError(f"it does not start:\n{self.output}\n{found}") from None
        assert self.process.poll() is None, self.output

    def stop(self) -> float:
        """Stop it as Ctrl-C does; seconds that it took."""
        before = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        return time.monotonic() - before

    def run(self, *words: str | Path, **environ: str) -> subprocess.CompletedProcess:
        """Run another command on the same installation."""
        return subprocess.run(
            [*self.program, *words], env={**self.environ, **environ}, user=self.as_user, cwd="/",
            capture_output=True, text=True, check=False, timeout=LONG_S,
        )  # fmt: skip

    def status(self, path: str) -> int:
        """The HTTP status of a page; 0 if nobody answers."""
        try:
            with urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
                return answer.status
        except HTTPError as error:
            return error.code
        except OSError:
            return 0

    def processes(self, having: str = "") -> dict[int, str]:
        """Pid → command line of every process below `up` that has this in it."""
        below, found = [self.process.pid], {}
        while below:
            folder = Path("/proc", str(below.pop()))
            try:
                for task in (folder / "task").iterdir():
                    below += [int(pid) for pid in (task / "children").read_text().split()]
                line = (folder / "cmdline").read_text().replace("\0", " ")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if having in line:
                found[int(folder.name)] = line
        found.pop(self.process.pid, None)
        return found
