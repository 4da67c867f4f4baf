"""`rolecall up` ended at any moment of its start, politely or not: nothing stays behind."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from programs import Running, wait_until

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("RUNS") or 4)
SEED = int(os.environ.get("SEED") or random.randrange(10**6))


def with_this(data: Path) -> list[int]:
    """Every living process that has something to do with the folder."""
    needle, found = str(data).encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            there = (folder / "cwd").readlink().is_relative_to(data)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if needle in told or there:
            found.append(int(folder.name))
    return found


def test_an_end_at_any_moment(place, record_property):
    """After SIGTERM within 15 seconds, after kill -9 within 30; and then it starts as usual."""
    dice = random.Random(SEED)
    record_property("told", f"RUNS={RUNS} SEED={SEED}")
    running = Running(place / "data")
    for _ in range(RUNS):
        ending = dice.choice([signal.SIGTERM, signal.SIGKILL])
        with running.said.open("wb") as output:
            process = subprocess.Popen(
                [*running.program, "up"], env=running.environ, stdout=output, stderr=output
            )
        time.sleep(dice.uniform(0.0, 12.0))
        process.send_signal(ending)
        assert process.wait(15) in {0, -ending, 1}, running.output
        wait_until(lambda: not with_this(running.data), within_s=30)
    running.start()
    status = running.status("/ready")
    running.stop()

    assert status == 200
    assert with_this(running.data) == []
