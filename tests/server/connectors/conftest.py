"""People, a simulated workspace, and a connector to it, whose tasks are carried out right here."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from quick_pace import QUICK
from scenes import Scene, person

from notion_sim import Options, Simulator


@pytest.fixture(scope="session")
def _sim() -> Iterator[Simulator]:
    with Simulator(Options(users=24, groups=6)) as sim:
        yield sim


@pytest.fixture
def sim(_sim: Simulator) -> Simulator:
    """A workspace of 24, as new."""
    _sim.reset(Options(users=24, groups=6))
    return _sim


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes become seconds, and the simulator may be reached."""
    monkeypatch.setattr(settings, "ROLECALL_PACE", QUICK, raising=False)


@pytest.fixture
def scene(transactional_db: None, sim: Simulator, reach: Callable[..., None]) -> Scene:
    """An administrator, and a simulator that connectors may go to."""
    del transactional_db
    reach(f"127.0.0.1:{sim.port}")
    return Scene(sim=sim, admin=person("Ada", "super_administrator"), step=timedelta(0))
