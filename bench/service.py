"""Service mode with a large workspace: memory, the upload, and changes in the middle of a sync.

100,000 people, 10,000 groups, 1,000,000 memberships at 50 ms, the limiter off; while a full sync
runs, a role or group task every half second. Prints the connector's peak memory against 150 MiB,
and how long the tasks took against 2 s. Ends with 1 if one of the two is missed.

The connector is told of an owner (`--other-owner`): whose role Notion does not tell may be the last
owner, and to be sure of another one it would list everybody, which is slow and known to be.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any

from stage import Stage, percentile, stage
from vitals import peak_mib

from controller import asks  # isort: skip - `stage` makes it importable

__all__ = ["main"]

PEAK_MIB = 150.0
P95_S = 2.0
PEOPLE = 40
"""Whom the tasks are about."""


def _changes(state: dict[str, Any]) -> Iterator[Any]:
    people = [one["id"] for one in state["members"] if one["role"] == "member"][:PEOPLE]
    group = state["groups"][0]
    for user in itertools.cycle(people):
        yield asks.grant_role(user, "membership_admin")
        yield asks.revoke_role(user, "membership_admin")
        inside = user in group["members"]
        yield (asks.revoke_group if inside else asks.grant_group)(user, group["id"])
        yield (asks.grant_group if inside else asks.revoke_group)(user, group["id"])


def measure(on: Stage, every_s: float) -> bool:
    """One sync with tasks in the middle of it; whether the targets are met."""
    changes, tasks = _changes(on.sim.state()), list[str]()
    begun = time.monotonic()
    sync = on.controller.enqueue(asks.sync())
    while not on.controller.entry(sync).ended:
        tasks.append(on.controller.enqueue(next(changes)))
        time.sleep(every_s)
    wall = time.monotonic() - begun
    entries = [on.controller.wait_finished(one, 60) for one in tasks]
    end = on.controller.entry(sync)
    waits = [one.finishes[0].at - one.queued_at for one in entries]
    until_taken = percentile([one.leases[0].at - one.queued_at for one in entries], 0.95)
    peak, p95 = peak_mib(on.connector.process.pid), percentile(waits, 0.95)
    failed = [one for one in entries if one.state != "done"]
    size = sum(end.uploads[-1].sizes) if end.uploads else 0
    print(f"the sync ended {end.state} after {wall:.1f} s, {size / 2**20:.1f} MiB uploaded")
    print(f"{len(end.beats)} heartbeats in {len(end.leases)} lease(s)")
    print(f"peak memory {peak:.1f} MiB: {_verdict(peak <= PEAK_MIB)} (at most {PEAK_MIB:.0f})")
    print(
        f"{len(waits)} tasks meanwhile, {len(failed)} not done {failed[:1] or ''}; "
        f"p50 {percentile(waits, 0.5):.2f} s, p95 {p95:.2f} s, longest {max(waits):.2f} s: "
        f"{_verdict(p95 <= P95_S)} (aim {P95_S:.0f}); p95 until taken {until_taken:.2f} s, "
        f"the controller asking for a poll every {on.controller.pace.next_poll:.0f} s"
    )
    return end.state == "done" and not failed and peak <= PEAK_MIB and p95 <= P95_S


def _verdict(met: bool) -> str:  # noqa: FBT001 - a word for a fact
    return "ok" if met else "MISSED"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--members-per-group", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two tasks")
    parser.add_argument("--skewed", action="store_true")
    asked = parser.parse_args()
    words = [
        *("--users", asked.users, "--groups", asked.groups),
        *("--members-per-group", asked.members_per_group, "--latency-ms", asked.latency_ms),
        *("--seed", 7, *(["--skewed"] if asked.skewed else [])),
    ]
    with stage(*words, flags=("--yes-really", "1000"), name_owner=True) as on:
        print(on.describe(), "|", *words, flush=True)
        met = measure(on, asked.every)
        status = on.connector.end()
        print(f"ended with {status}; left in the state folder: {on.connector.left()}")
    sys.exit(0 if met and not status else 1)


if __name__ == "__main__":
    main()
