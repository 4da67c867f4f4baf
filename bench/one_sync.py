"""One sync in a process of its own, measured from inside; prints one line of JSON.

Refuses to compare or to judge: `bench/run.py` does. The limiter is off; everything else is as the
command does it.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rolecall.baton.c1z.syncs import SyncRun
from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import ksuid
from rolecall.connector.job import Access, Job, Travel, run
from rolecall.connector.source import Reporter

__all__ = ["main"]


def _now() -> datetime:
    return datetime.now(UTC)


def _quiet(message: str, /, **facts: object) -> None:
    """Say nothing: the bench measures the sync, not a terminal."""


def _tick(what: str, rows: int, total: int) -> None:
    """As above."""


def peak_mib() -> float:
    """The largest resident size of this process so far, in MiB (Linux: VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else float("nan")


def _memberships(run: SyncRun) -> int:
    """Grants of groups, as the sync counted them at its end."""
    return run.stats.grants_by_resource_type.get("group", 0) if run.stats else 0


def main() -> None:
    """Sync once and print what it cost: seconds, MiB, requests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=8)
    asked = parser.parse_args()
    job = Job(
        target=asked.file,
        scim=Access(url=asked.url, token=os.environ["BATON_SCIM_TOKEN"]),
        travel=Travel(workers=asked.workers, requests_per_second=0),
    )
    world = Surroundings(
        now=_now, new_id=lambda: ksuid(_now(), os.urandom(16)), boot="bench", log=_quiet
    )
    report = Reporter(log=_quiet, warn=_quiet, tick=_tick)
    before, cpu = time.perf_counter(), time.process_time()
    outcome = asyncio.run(run(job, world, report, seed=1))
    said = {
        "wall_s": time.perf_counter() - before,
        "cpu_s": time.process_time() - cpu,
        "peak_mib": peak_mib(),
        "requests": outcome.counters.requests,
        "retries": outcome.counters.retries,
        "memberships": _memberships(outcome.result.run),
        "sync_type": outcome.result.run.sync_type,
        "bytes": outcome.result.packed.decompressed_bytes,
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
