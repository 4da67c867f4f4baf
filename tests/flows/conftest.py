"""A simulator and the command, ready for use."""

import subprocess
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
def command(tmp_path: Path) -> Iterator[Command]:
    """`rolecall-notion` in an empty folder, with an environment that says nothing to it."""
    made = Command(folder=tmp_path, environ=clean_environ())
    yield made
    made.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A throw-away certificate authority and a server certificate that it signed."""
    folder = tmp_path_factory.mktemp("ca")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    steps = (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Made-up",
        "req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj /CN=here",
        "x509 -req -in s.csr -CA ca.pem -CAkey ca.key -set_serial 1 -out s.pem -extfile ext",
    )
    try:
        for step in steps:
            subprocess.run(["openssl", *step.split()], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return folder
