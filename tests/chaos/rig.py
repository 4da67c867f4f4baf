"""How the randomised suites run: one sync in this process, its end, and the share that is tried.

Owns RUNS and SEED: RUNS=all is the full figure, RUNS=N so many, nothing a small share. Without SEED
each run of the suite has a new one, the same in all of its processes.
"""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import oracle

from notion_sim import Options, Simulator
from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import ksuid
from rolecall.connector.job import Access, Job, Outcome, Travel, run
from rolecall.connector.source import Reporter
from rolecall.errors import Error
from rolecall.notion.client import Patience

T = TypeVar("T")

RUNS = os.environ.get("RUNS", "")
SEED = int(
    os.environ.get("SEED")
    or int(os.environ.get("PYTEST_XDIST_TESTRUNUID", "") or f"{random.getrandbits(64):x}", 16)
    % 10**8
)
AGAIN = f"RUNS={RUNS} SEED={SEED}"
"""What to put before the command to see the same again."""

PATIENCE = Patience(attempts=5, total_s=20, first_wait_s=0.002, longest_wait_s=0.01)


def dice(name: str) -> random.Random:
    """Dice of one test's own, so that tests do not depend on their order."""
    return random.Random(f"{SEED} {name}")


def share(everything: Sequence[T], few: int, thrown: random.Random) -> list[T]:
    """All of it, as many as RUNS says, or a few."""
    if RUNS == "all":
        return list(everything)
    return thrown.sample(list(everything), min(int(RUNS or few), len(everything)))


def amount(full: int, few: int) -> int:
    """How many random cases to try."""
    return full if RUNS == "all" else int(RUNS or few)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A workspace and how we travel through it."""

    options: Options
    page_size: int = 100
    workers: int = 4
    wanted: frozenset[str] = frozenset({"user", "group", "role"})


@dataclass(kw_only=True)
class Ended:
    """How one sync ended."""

    outcome: Outcome | None = None
    error: Error | None = None
    since: int
    """Number of the last event before it."""

    warnings: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """What it asked of Notion, retries included."""
        assert self.outcome, self.error
        return self.outcome.counters.requests


def _now() -> datetime:
    return datetime.now(UTC)


def _log(message: str, /, **facts: object) -> None:
    """Nobody listens."""


def _tick(what: str, rows: int, total: int) -> None:
    """Nobody looks."""


def sync(
    sim: Simulator, target: Path, shape: Shape, *, log: Callable[..., None] = _log, **more: Any
) -> Ended:
    """One sync, in this process; errors of ours are an end like any other.

    `more` are fields of the job, or `token`, or `now` for another clock.
    """
    now = more.pop("now", _now)
    ended = Ended(since=len(sim.history()))

    def warn(message: str, /, **_facts: object) -> None:
        ended.warnings.append(message)

    job = Job(
        target=target,
        scim=Access(url=sim.scim_url, token=more.pop("token", sim.scim_token)),
        wanted=shape.wanted,
        travel=Travel(
            workers=shape.workers,
            page_size=shape.page_size,
            requests_per_second=0,
            patience=PATIENCE,
        ),
        **more,
    )
    world = Surroundings(
        now=now, new_id=lambda: ksuid(_now(), os.urandom(16)), boot="one boot", log=log
    )
    report = Reporter(log=log, warn=warn, tick=_tick)
    try:
        ended.outcome = asyncio.run(run(job, world, report, seed=SEED))
    except Error as error:
        ended.error = error
    return ended


def exactly(sim: Simulator, target: Path, ended: Ended) -> None:
    """The sync ended well, and its file holds the state of the simulator: no more, no less."""
    assert ended.outcome, (AGAIN, ended.error)
    found, expected = oracle.read(target), oracle.truth(sim.state())
    assert found.sync_type == "full", (AGAIN, ended.outcome, ended.warnings)
    assert found.held == expected, (AGAIN, differences(found.held, expected))
    assert len(found.raw) == found.rows
    assert found.sync_id == ended.outcome.result.run.sync_id


def differences(found: oracle.Held, expected: oracle.Held) -> list[str]:
    """The first few things that differ, for the eye."""
    told = []
    for name in ("resources", "entitlements", "grants", "facts"):
        got, want = getattr(found, name), getattr(expected, name)
        told += [f"{name} too many: {one}" for one in sorted(got - want)[:3]]
        told += [f"{name} missing: {one}" for one in sorted(want - got)[:3]]
    return told


def left_over(target: Path) -> list[str]:
    """Names beside the target that should not be there."""
    return sorted(one.name for one in target.parent.iterdir() if one != target)
