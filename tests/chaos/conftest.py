"""One simulator per process, with a new workspace for each case; lines for the end of the run."""

from collections.abc import Callable, Iterator

import pytest
import rig

from notion_sim import Options, Simulator


@pytest.fixture(scope="session")
def sim() -> Iterator[Simulator]:
    """A simulator; `reset` it before use."""
    with Simulator(Options(users=1, groups=0)) as running:
        yield running


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something at the end of the run, beside the seed."""
    print(f"To see this again: {rig.AGAIN}")

    def say(line: str) -> None:
        record_property("told", f"{line}   [{rig.AGAIN}]")

    return say
