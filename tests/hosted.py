"""`rolecall-notion` in service mode, as a process of its own, between a simulator and a controller.

Use it as a context manager; what it logs is read while it runs.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.service import Controller
from notion_sim import Simulator

__all__ = ["Hosted", "hosted"]

PROGRAM = str(Path(sys.executable).parent / "rolecall-notion")


@dataclass(kw_only=True)
class Hosted:
    """The running process."""

    process: subprocess.Popen[str]
    state: Path
    """Its state folder."""

    text: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """All that it has written."""
        return "".join(self.text)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its log lines."""
        return [json.loads(line) for line in self.text if line.startswith("{")]

    def end(self, number: int = signal.SIGTERM, timeout: float = 30) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def left(self) -> list[str]:
        """What lies in the state folder, the journal aside."""
        return sorted(one.name for one in self.state.iterdir() if one.name != "journal")


@contextmanager
def hosted(
    sim: Simulator, other: Controller, state: Path, *flags: str, **environ: str
) -> Iterator[Hosted]:
    """The command with the flags given; it changes Notion if `-p` is among them."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("BATON_")}
    whole = {
        **own,
        **other.environ,
        "BATON_SCIM_TOKEN": sim.scim_token,
        "BATON_BASE_URL": sim.scim_url,
        "BATON_HOST_ID": "here",
        "BATON_REQUESTS_PER_SECOND": "0",
        "BATON_STATE_DIR": str(state),
        **environ,
    }
    process = subprocess.Popen(
        [PROGRAM, *flags],
        env={key: value for key, value in whole.items() if value},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Hosted(process=process, state=state)
    reader = threading.Thread(target=lambda: running.text.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        yield running
    finally:
        process.kill()
        process.wait()
        reader.join(10)
        if process.stderr:
            process.stderr.close()
