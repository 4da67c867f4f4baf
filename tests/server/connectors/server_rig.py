"""Two workers and a web process of their own, killed and started again; and what must be true."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2

from rolecall.server.project.embedded.roles import Role

__all__ = ["Door", "Programs", "free_port", "until"]

HERE = Path(__file__).parent


def free_port() -> int:
    """One that nobody uses now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def until(true: Callable[[], Any], *, within_s: float = 60.0, what: str = "it") -> Any:
    """Wait for something to be so."""
    end = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < end, f"{what} does not happen"
        time.sleep(0.05)
    return found


@dataclass
class Programs:
    """The running processes, by name; a context manager.

    Args:
        environ: what they need in their environment, given a role.
        log: folder for what they say.
    """

    environ: Callable[..., dict[str, str]]
    log: Path
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.running):
            self.kill(name)

    def start(self, *names: str) -> None:
        """`worker…` or `web`."""
        for name in names:
            web = name == "web"
            words = ["web", f"127.0.0.1:{self.port}"] if web else ["worker"]
            with (self.log / f"{name}.log").open("ab") as said:
                self.running[name] = subprocess.Popen(
                    [sys.executable, str(HERE / "quick_process.py"), *words],
                    env=self.environ(Role.WEB if web else Role.WORKER),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """End one, and all that it has started."""
        process = self.running.pop(name)
        os.killpg(process.pid, number)
        return process.wait(30)

    def command_lines(self) -> str:
        """What everybody on this machine can read of them, and of the database."""
        folders = (one for one in Path("/proc").iterdir() if one.name.isdecimal())
        lines = []
        for folder in folders:
            with contextlib.suppress(OSError):
                lines.append((folder / "cmdline").read_bytes().decode(errors="replace"))
        return "\n".join(lines)

    def said(self) -> str:
        """Everything that they logged."""
        return "\n".join(one.read_text("utf-8", "replace") for one in self.log.glob("*.log"))


@dataclass
class Door:
    """The API of the web process, for who holds a key."""

    port: int
    key: str
    done: list[tuple[str, Any]] = field(default_factory=list)
    """What was answered with success: verb, and what it said."""

    def ask(self, verb: str, path: str, **body: Any) -> Any:
        """The answer, or None if the process died on the way; refusals are answers."""
        try:
            answer = httpx2.request(
                verb,
                f"http://127.0.0.1:{self.port}/api{path}",
                headers={"Authorization": f"Bearer {self.key}", "Host": "localhost:8010"},
                json=body or None,
                timeout=20,
            )
        except httpx2.HTTPError:
            return None
        if answer.is_success:
            self.done.append((f"{verb} {path}", answer.json()))
        return answer
