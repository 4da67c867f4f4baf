"""Two controllers behind one address, a worker, and a connector: four processes to be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from notion_sim import Simulator

__all__ = ["Wire"]

HERE = Path(__file__).parent
CONNECTORS = HERE.parent / "connectors"


@dataclass
class Wire:
    """The running processes, by name; a context manager.

    Args:
        environ: what programs of the server need in their environment.
        log: folder for what they say, and for the connector's state.
        port: where the controller listens.
        certificate: of the controller, and its key.
    """

    environ: dict[str, str]
    log: Path
    port: int
    certificate: tuple[str, str]
    sim: Simulator
    connector: dict[str, str] = field(default_factory=dict)
    """Who the connector is: its variables."""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.running):
            self.kill(name)

    def start(self, name: str) -> None:
        """`controller`, `worker` or `connector`."""
        ways: dict[str, Callable[[], tuple[list[str], dict[str, str]]]] = {
            "controller": self._controller,
            "worker": self._worker,
            "connector": self._connector,
        }
        words, environ = ways[name]()
        with (self.log / f"{name}.log").open("ab") as said:
            self.running[name] = subprocess.Popen(
                words, env=environ, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                start_new_session=True,
            )  # fmt: skip

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End one, and all that it has started."""
        process = self.running.pop(name)
        os.killpg(process.pid, number)
        process.wait(60)

    def said(self, name: str) -> str:
        """The end of what it logged."""
        return (self.log / f"{name}.log").read_text("utf-8", "replace")[-3000:]

    def _controller(self) -> tuple[list[str], dict[str, str]]:
        words = [str(HERE / "wire_process.py"), str(self.port), *self.certificate]
        return [sys.executable, *words], self.environ

    def _worker(self) -> tuple[list[str], dict[str, str]]:
        return [sys.executable, str(CONNECTORS / "quick_process.py"), "worker"], self.environ

    def _connector(self) -> tuple[list[str], dict[str, str]]:
        program = str(Path(sys.executable).parent / "rolecall-notion")
        own = {key: value for key, value in os.environ.items() if not key.startswith("BATON_")}
        environ = {
            **own,
            **self.connector,
            "BATON_SCIM_TOKEN": self.sim.scim_token,
            "BATON_BASE_URL": self.sim.scim_url,
            "BATON_HOST_ID": "wire",
            "BATON_REQUESTS_PER_SECOND": "0",
            "BATON_STATE_DIR": str(self.log / "state"),
        }
        return [program, "-p"], environ
