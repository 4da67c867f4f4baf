"""Tokens that were used are in nothing that leaves: the backup, and the files of syncs."""

import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from scenes import Scene

from rolecall.baton.c1z.envelope import unpack
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.files.models import File
from rolecall.server.files.store import fetch
from rolecall.server.project import backups
from rolecall.server.project.embedded.binaries import NEWEST, Binaries

WRONG = "scim_" + "W7r8o9n0g1" * 4


@pytest.fixture
def connector(scene: Scene) -> Connector:
    """One that has used two tokens, tested a wrong one, and failed."""
    made = scene.connected(scim_token=scene.sim.scim_token, api_key=scene.sim.api_key)
    scene.give(made, save=False, scim_token=WRONG)
    scene.sim.set_faults([{"fault": "500", "times": 0, "when": {"path": "/Users"}}])
    assert scene.sync(made).state == Task.State.FAILED
    scene.sim.set_faults([])
    return made


def secrets_of(scene: Scene) -> list[str]:
    """What must be nowhere, as text and as hex."""
    known = (scene.sim.scim_token, scene.sim.api_key, WRONG, settings.KEYS.signing[0])
    return [*known, *(one.encode().hex() for one in known)]


def dumped(url: str, file: Path) -> str:
    """Everything that `rolecall backup` writes, as SQL."""
    backups.dump(url, file)
    program = Binaries(major=NEWEST, user=None)["pg_restore"]
    done = subprocess.run(
        [program, "--file=-", file], capture_output=True, text=True, check=True, env={}
    )
    return done.stdout


@pytest.mark.usefixtures("connector")
def test_a_dump_and_the_files_in_it_hold_no_token(scene: Scene, database, tmp_path: Path):
    """Neither rows of tasks and of the trail, nor what a sync has written."""
    text = dumped(database.url(), tmp_path / "backup")
    kept = list(File.objects.filter(kind="c1z"))
    for number, one in enumerate(kept):
        unpack(fetch(one, tmp_path / f"{number}.c1z"), tmp_path / f"{number}.db")
    inside = [(tmp_path / f"{n}.db").read_bytes() for n in range(len(kept))]

    assert "connector:" in text
    assert kept
    for secret in secrets_of(scene):
        assert secret not in text
        assert not [one for one in inside if secret.encode() in one]
