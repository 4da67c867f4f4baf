"""A simulator and the command, ready for use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Command, clean_environ

from notion_sim import Options, Simulator

SMALL = Options(users=7, groups=3, members_per_group=3, seed=7, bots=2)


@pytest.fixture(scope="module")
def _running() -> Iterator[Simulator]:
    with Simulator(SMALL) as running:
        yield running


@pytest.fixture
def sim(_running: Simulator) -> Simulator:
    """A workspace of seven people, three groups and two bots, as on the first day."""
    _running.reset(SMALL)
    _running.set_faults([])
    _running.clear_requests()
    return _running


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`rolecall-notion` in an empty folder, with an environment that says nothing to it."""
    return Command(folder=tmp_path, environ=clean_environ())
