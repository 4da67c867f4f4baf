"""A change whose end nobody heard is handed out again, and has no second effect."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller import asks
from controller.board import Board
from controller.mishaps import Mishap
from controller.service import Controller, Pace
from hosted import hosted
from notion_sim import Options, Simulator


@pytest.fixture(scope="module")
def _running() -> Iterator[Simulator]:
    with Simulator(Options(users=1, groups=0)) as running:
        yield running


@pytest.fixture
def sim(_running: Simulator) -> Simulator:
    """A workspace as on the first day."""
    _running.reset(Options(users=23, groups=5, members_per_group=6, seed=7))
    return _running


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller whose leases of changes are short."""
    board = Board(clock=time.monotonic, tries=5, lease_s=1.5)
    with Controller(board=board, pace=Pace(next_heartbeat=1.0)) as running:
        yield running


def _changes(sim: Simulator) -> dict[str, Any]:
    members, group = sim.state()["members"], sim.state()["groups"][0]
    inside = group["members"][0]
    outside = next(
        one["id"]
        for one in members
        if one["id"] not in group["members"] and one["role"] == "member"
    )
    return {
        "make a group": asks.invoke("create_group", name="A new group"),
        "make somebody a member": asks.create_account("new.person@larkspur.example"),
        "remove somebody": asks.delete("user", inside),
        "give a role": asks.grant_role(outside, "membership_admin"),
        "put somebody into a group": asks.grant_group(outside, group["id"]),
        "take somebody out of a group": asks.revoke_group(inside, group["id"]),
    }


@pytest.mark.parametrize(
    "name",
    [
        "make a group",
        "make somebody a member",
        "remove somebody",
        "give a role",
        "put somebody into a group",
        "take somebody out of a group",
    ],
)
def test_done_once_though_killed_before_its_end_was_heard(
    sim: Simulator, other: Controller, tmp_path: Path, name: str
):
    """Kill -9 after the effect; on another machine, with nothing of ours, it is found done."""
    other.spoil(Mishap(on="FinishTask", do="cut_before", times=0))
    task = other.enqueue(_changes(sim)[name])
    with hosted(sim, other, tmp_path / "here", "-p") as served:
        other.wait_for("FinishTask", timeout=20)
        served.end(signal.SIGKILL)
    done = sim.history()
    other.spoil()
    with hosted(sim, other, tmp_path / "there", "-p", BATON_HOST_ID="there"):
        entry = other.wait_finished(task, 20)

    assert done
    assert sim.history() == done
    assert entry.state == "done"
    assert len(entry.leases) == 2
