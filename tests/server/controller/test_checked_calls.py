"""`rolecall check` on the controller: whether it is there, for how long, and who calls it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from gate_rig import Gate
from scenes import Scene

from rolecall.server.connectors.controller.hosts import mark_missing
from rolecall.server.connectors.pace import pace
from rolecall.server.project.checks import State, findings


@pytest.fixture
def data(gate: Gate, tmp_path: Path) -> Path:
    """A data folder with the authority that signed the controller's certificate."""
    folder = tmp_path / "controller"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(gate.root.read_bytes())
    return tmp_path


def about_calls(scene: Scene, data: Path) -> list[tuple[State, str]]:
    """What it says about the controller and who calls it."""
    found = findings(settings.CONFIG, now=scene.now(), data=data)
    return [(one.state, one.what) for one in found if "ontroller" in one.what or " call" in one.what
            or one.what.startswith("Not seen")]  # fmt: skip


def test_a_controller_that_is_well(gate: Gate, scene: Scene, data: Path):
    """Where it answers, how long its certificate lasts, and when somebody called last."""
    gate.add("Never called", "Other")
    gate.peer(gate.add()).login().hello()

    (answers, calls) = about_calls(scene, data)

    assert answers[0] == State.GOOD
    assert f"answers at {gate.address}; its certificate lasts 39" in answers[1]
    assert calls[0] == State.GOOD
    assert f"the last at {scene.now():%Y-%m-%d}" in calls[1]


def test_a_certificate_that_ends_soon(scene: Scene, data: Path):
    """A warning, two weeks before."""
    scene.step = timedelta(days=390)

    ((state, what),) = about_calls(scene, data)

    assert state == State.WARNING
    assert "lasts 6 more days" in what


def test_who_does_not_call_is_named(gate: Gate, scene: Scene, data: Path):
    """After ten minutes."""
    gate.peer(gate.add("Quiet one")).login().hello()
    scene.step = timedelta(seconds=2 * pace().missed_s)
    assert mark_missing(scene.now()) == 1

    said = about_calls(scene, data)

    assert (State.WARNING, "Not seen for ten minutes or more: Quiet one.") in said


def test_a_controller_whose_certificate_nobody_believes(gate: Gate, scene: Scene, tmp_path: Path):
    """It is an error as soon as somebody is to call it; without such connectors nobody asks."""
    assert about_calls(scene, tmp_path) == []
    gate.add()

    ((state, what),) = about_calls(scene, tmp_path)

    assert state == State.BAD
    assert f"cannot be reached at {gate.address}" in what
    assert "CERTIFICATE_VERIFY_FAILED" in what
