"""A simulated workspace, a connector to it that has synced, and somebody who may order changes."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parents[1] / "connectors"))

from ordering import Ordering
from quick_pace import QUICK
from scenes import person

from notion_sim import Options, Simulator


@pytest.fixture(scope="session")
def _workspace() -> Iterator[Simulator]:
    with Simulator(Options(users=24, groups=6)) as sim:
        yield sim


@pytest.fixture
def options() -> Options:
    """How large the workspace is."""
    return Options(users=24, groups=6)


@pytest.fixture
def sim(_workspace: Simulator, options: Options) -> Simulator:
    """A workspace, as new."""
    _workspace.reset(options)
    return _workspace


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes become seconds."""
    monkeypatch.setattr(settings, "ROLECALL_PACE", QUICK, raising=False)


@pytest.fixture
def ordering(transactional_db: None, sim: Simulator, reach: Callable[..., None]) -> Ordering:
    """A hosted connector that has synced once, and an administrator."""
    del transactional_db
    reach(f"127.0.0.1:{sim.port}")
    found = Ordering(sim=sim, admin=person("Ada", "super_administrator"), step=timedelta(0))
    found.connect()
    return found
