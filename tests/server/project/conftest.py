"""Clusters of a test's own, beside the one of the whole run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from places import a_place

from rolecall.server.project.embedded.cluster import Cluster
from rolecall.server.project.processes import unprivileged


@pytest.fixture
def place() -> Iterator[Path]:
    """A new folder."""
    with a_place() as folder:
        yield folder


@pytest.fixture
def cluster(place: Path) -> Iterator[Cluster]:
    """A cluster that is not started yet; it is stopped whatever the test does."""
    made = Cluster(place / "data", user=unprivileged(), settings={"fsync": "off"})
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    """A running cluster for tests that only look at it."""
    with a_place() as folder, Cluster(folder / "data", user=unprivileged()) as running:
        yield running
