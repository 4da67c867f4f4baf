"""Changes in the middle of a sync of 20,000 people: made while it reads, and while it is saved.

What is asserted is the order of what the connector logs, not how long anything took.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller import asks
from controller.service import Controller
from hosted import Hosted, hosted
from notion_sim import Options, Simulator

BUSY = Options(users=20_000, groups=600, members_per_group=100, seed=7)
WAITING = 4
"""Changes that always wait to be taken."""


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """A large workspace."""
    with Simulator(BUSY) as running:
        yield running


def changes(state: dict[str, Any]) -> Iterator[Any]:
    """Somebody joins a group, somebody leaves it, and so on."""
    group = state["groups"][0]
    outside = [one["id"] for one in state["members"] if one["id"] not in group["members"]]
    for user in outside:
        yield asks.grant_group(user, group["id"])
        yield asks.revoke_group(user, group["id"])


def ended_between(served: Hosted, first: str, last: str) -> int:
    """How many changes ended after the one line was logged and before the other."""
    said = [line["msg"] for line in served.lines if line.get("kind") != "sync_full"]
    return said[said.index(first) : said.index(last)].count("task finished")


@pytest.mark.slow
def test_changes_end_while_a_large_sync_goes_on(sim: Simulator, tmp_path: Path):
    """The sync holds up nobody, whatever it does; and each change is made."""
    wanted, asked = changes(sim.state()), list[str]()
    with (
        Controller() as other,
        hosted(sim, other, tmp_path / "state", "-p", "--yes-really", "1000") as served,
    ):
        sync = other.enqueue(asks.sync())
        while not other.entry(sync).ended:
            if len(asked) < WAITING or other.entry(asked[-WAITING]).leases:
                asked.append(other.enqueue(next(wanted)))
            time.sleep(0.02)
        entries = [other.wait_finished(one, 30) for one in asked]
        done = other.entry(sync)

    assert done.state == "done"
    assert [one.state for one in entries if one.state != "done"] == []
    assert ended_between(served, "Syncing members...", "Syncing groups...") > 0
    assert ended_between(served, "Saving c1z...", "c1z: saved") > 0
