"""A controller in a thread of this process, on a real port with TLS; and a workspace to connect."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.conf import settings
from session_database import SessionDatabase

sys.path.insert(0, str(Path(__file__).parents[1] / "connectors"))
sys.path.insert(0, str(Path(__file__).parents[1] / "orders"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from gate_rig import Gate, opened
from quick_pace import QUICK
from scenes import Scene, person

from notion_sim import Options, Simulator

SMALL = Options(users=24, groups=6)


@pytest.fixture(scope="session")
def _gate_sim() -> Iterator[Simulator]:
    with Simulator(SMALL) as sim:
        yield sim


@pytest.fixture
def sim(_gate_sim: Simulator) -> Simulator:
    """A workspace of 24, as new."""
    _gate_sim.reset(SMALL)
    return _gate_sim


@pytest.fixture
def scene(transactional_db: None, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """An administrator, and a simulator that connectors may go to; minutes are seconds."""
    del transactional_db
    monkeypatch.setattr(settings, "ROLECALL_PACE", QUICK, raising=False)
    config = settings.CONFIG
    notion = msgspec.structs.replace(config.notion, allowed_hosts=(f"127.0.0.1:{sim.port}",))
    monkeypatch.setattr(settings, "CONFIG", msgspec.structs.replace(config, notion=notion))
    return Scene(sim=sim, admin=person("Ada", "super_administrator"))


@pytest.fixture
def gate(
    scene: Scene, database: SessionDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gate]:
    """A controller that connectors of the scene can call."""
    del database
    with opened(scene, tmp_path) as gate:
        config = settings.CONFIG
        own = msgspec.structs.replace(config.controller, address=gate.address)
        monkeypatch.setattr(settings, "CONFIG", msgspec.structs.replace(config, controller=own))
        yield gate
