"""`rolecall up` and its parts ended at any moment, politely or not: nothing stays, it starts again.

Half of the ends come while it starts, the others while it runs. Half of the next starts come at
once, beside what the last one has left dying; the others find nothing of it.
"""

import os
import random
import signal
import stat
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from programs import Running, wait_until

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("RUNS") or 6)
SEED = int(os.environ.get("SEED") or random.randrange(10**6))
SLOW_S = 90
"""An end takes 15 seconds at most (`test_up.py`); on a machine that is busy, longer."""
PARTS = ("postgres -D", "cli web", "cli worker", "cli migrate", "initdb")
WAYS = ("SIGTERM", "SIGINT", "SIGKILL", *PARTS)


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


def left_over(data: Path) -> Iterator[str]:
    """What should not lie in the folder of an installation that was stopped."""
    if (data / "lock").read_text():
        yield "lock"
    for one in data.rglob("*"):
        name = str(one.relative_to(data))
        if stat.S_ISSOCK(one.lstat().st_mode) or name.startswith("socket/"):
            yield name
        if one.name == "postmaster.pid" or ".new" in one.name or one.name.startswith(("tmp", ".")):
            yield name


@contextmanager
def begun(running: Running) -> Iterator[None]:
    """Start it, and do not wait; whatever goes wrong, it is not left running."""
    with running.said.open("wb") as output:
        running.process = subprocess.Popen(
            [*running.program, "up"], env=running.environ, stdout=output, stderr=output, cwd="/"
        )
    try:
        yield
    except (AssertionError, subprocess.TimeoutExpired):
        print(running.output, *running.processes().values(), sep="\n")
        raise
    finally:
        running.process.kill()
        running.process.wait()


def is_up(running: Running) -> bool:
    """Whether it has said that it answers."""
    return "Rolecall is at" in running.output


def wait_until_up(running: Running) -> None:
    """However much else the machine has to do."""
    wait_until(lambda: is_up(running) or running.process.poll() is not None, within_s=600)
    assert running.process.poll() is None, running.output


def end(running: Running, way: str) -> None:
    """In this way; a part that is killed is not the end of the whole, so that comes after it."""
    if way not in PARTS:
        number = signal.Signals[way]
        running.process.send_signal(number)
        assert running.process.wait(SLOW_S) in {0, 1, -number}, running.output
        return
    killed = list(running.processes(way))
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    if is_up(running):
        wait_until(lambda: running.status("/ready") == 200 or running.process.poll() is not None)
        assert running.process.poll() is None, running.output
    running.process.terminate()
    assert running.process.wait(SLOW_S) in ({0, 1, 9, -15} if killed else {0, -15}), running.output


def test_an_end_at_any_moment(place, record_property):
    """It ends, and the next one starts as usual; at the end nothing is left."""
    dice, done = random.Random(SEED), Counter()
    running = Running(place / "data")
    for _ in range(RUNS):
        way, wait_s, at_once = dice.choice(WAYS), dice.uniform(0.0, 8.0), dice.random() < 0.5
        with begun(running):
            if dice.random() < 0.5:
                wait_until_up(running)
                wait_s /= 8
            time.sleep(wait_s)
            done[f"{way}, {'running' if is_up(running) else 'starting'}"] += 1
            print(done.total(), way, wait_s, at_once)
            end(running, way)
        if not at_once:
            wait_until(lambda: not with_this(running.data), within_s=SLOW_S)
    running.start()
    status = running.status("/ready")
    running.stop()

    assert status == 200
    assert with_this(running.data) == []
    assert list(left_over(running.data)) == []
    record_property("told", f"RUNS={RUNS} SEED={SEED}: {dict(sorted(done.items()))}")
