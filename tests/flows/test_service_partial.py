"""A sync in service mode that could not read everything: uploaded, labelled partial, and named.

What is missing is never passed off as the loss of somebody's access: nothing thinner than the
workspace is called complete (ADR 0012).
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from raw_server import Asked, answer, serving

from chaos import oracle
from controller import asks
from controller.board import Board, Entry
from controller.service import Controller, Pace
from hosted import hosted
from notion_sim import Options, Simulator

PEOPLE = [{"id": f"u{n}", "userName": f"u{n}@larkspur.example"} for n in range(3)]


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller that gives a task out once."""
    with Controller(board=Board(clock=time.monotonic), pace=Pace(next_heartbeat=1.0)) as running:
        yield running


def synced(workspace: Any, other: Controller, state: Path) -> tuple[Entry, str]:
    """One full sync of a workspace, and what the connector logged."""
    with hosted(workspace, other, state) as served:
        entry = other.wait_finished(other.enqueue(asks.sync()), 20)
        served.end()
        return entry, served.said


def test_a_group_with_a_stranger(other: Controller, tmp_path: Path):
    """Somebody in a group who is no member: the rest is there, and nothing is complete."""
    with Simulator(Options(users=23, groups=5, members_per_group=6, seed=7)) as sim:
        truth, group = oracle.truth(sim.state()), sim.state()["groups"][2]["id"]
        sim.add_to_group(group, "somebody-else")
        entry, said = synced(sim, other, tmp_path)
    assert entry.applied
    found = oracle.read(entry.applied.path)

    assert entry.state == "done"
    assert found.sync_type == "partial"
    assert found.held == truth
    assert oracle.dangling(found.held) == []
    assert "somebody-else" in said


def test_a_bad_record(other: Controller, tmp_path: Path):
    """One person whose record lacks a name: left out, named, and the upload says partial."""
    people = [{k: one[k] for k in one if one["id"] != "u1" or k == "id"} for one in PEOPLE]

    def respond(asked: Asked) -> bytes:
        rows = people if "/Users" in asked.line else []
        return answer(json.dumps({"totalResults": len(rows), "Resources": rows}).encode())

    with serving(respond) as server:
        workspace = SimpleNamespace(scim_url=server.url, scim_token="a-token")  # noqa: S106
        entry, said = synced(workspace, other, tmp_path)
    assert entry.applied
    found = oracle.read(entry.applied.path)

    assert entry.state == "done"
    assert found.sync_type == "partial"
    assert found.held.of("user") == {"u0", "u2"}
    assert "u1" in said


def test_an_unfinished_sync_uploads_nothing(other: Controller, tmp_path: Path):
    """Half of the pages are no partial sync: the task fails as retryable, without an upload."""
    with Simulator(Options(users=300, groups=5, seed=7)) as sim:
        sim.set_faults(
            [{"name": "x", "when": {"path": "/Users", "after": 3}, "fault": "500", "times": 0}]
        )
        with hosted(sim, other, tmp_path, "--retry-seconds", "1"):
            entry = other.wait_finished(other.enqueue(asks.sync()), 30)

    assert entry.state == "failed"
    assert entry.uploads == []
    assert not entry.finishes[-1].final
