"""The demo's last act: the connector in service mode, working for a controller.

The controller is the tests' own: it speaks the real protocol over real TLS and stands in for
ConductorOne, and for Rolecall's server to come.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["serve"]

BIN = Path(sys.executable).parent
TESTS = Path(__file__).resolve().parent.parent / "tests"
LAST = "SSL_CERT_FILE"
"""The last variable that the controller prints."""


def serve(
    folder: Path,
    environ: dict[str, str],
    tasks: Sequence[dict[str, Any]],
    *,
    seconds: float,
    tell: Callable[[str], None],
) -> list[str]:
    """Run controller and connector side by side.

    Args:
        folder: for the connector's state and its log, `service.log`.
        environ: leads to the simulator.
        tasks: for the controller to hand out, as protobuf JSON; it adds syncs of its own.
        seconds: how long.
        tell: told, as it happens, what the controller says of each task that ended.

    Returns:
        All that was told.
    """
    with controller(seconds, tell) as (settings, said, hand_out):
        command = [str(BIN / "rolecall-notion"), "-p", "--state-dir", str(folder / "state")]
        connector = subprocess.Popen(
            command,
            env={**environ, **settings, "BATON_REQUESTS_PER_SECOND": "0"},
            stdout=subprocess.DEVNULL,
            stderr=(folder / "service.log").open("wb"),
        )
        try:
            for task in tasks:
                hand_out(task)
            time.sleep(seconds)
            _wait_for(said, len(tasks) + 1)  # and a sync
        finally:
            connector.terminate()
            status = connector.wait(timeout=30)
    tell(f"the connector was told to stop, and ended with status {status}")
    return said


@contextmanager
def controller(
    seconds: float, tell: Callable[[str], None]
) -> Iterator[tuple[dict[str, str], list[str], Callable[[dict[str, Any]], None]]]:
    """A controller: its settings for a connector, what it says, and how to hand out a task."""
    command = [sys.executable, "-m", "controller", "--sync-every", str(max(5.0, seconds / 3))]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    settings: dict[str, str] = {}
    said: list[str] = []
    for line in process.stdout or ():
        if match := re.fullmatch(r"export (\w+)=(.*)", line.strip()):
            settings[match[1]] = shlex.split(match[2])[0]
        if LAST in settings:
            break
    reader = threading.Thread(target=_listen, args=(process, said, tell), daemon=True)
    reader.start()

    def hand_out(task: dict[str, Any]) -> None:
        if process.stdin:
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()

    try:
        yield settings, said, hand_out
    finally:
        process.terminate()
        process.wait(timeout=10)
        reader.join(timeout=5)


def _wait_for(said: Sequence[str], many: int) -> None:
    """Give a slow machine another minute for so many ends of tasks."""
    last = time.monotonic() + 60
    while len(said) < many and time.monotonic() < last:
        time.sleep(0.1)


def _listen(process: "subprocess.Popen[str]", said: list[str], tell: Callable[[str], None]) -> None:
    begun = time.monotonic()
    for line in process.stdout or ():
        said.append(line.strip())
        tell(f"{time.monotonic() - begun:4.1f} s  {said[-1]}")
