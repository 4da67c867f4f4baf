"""The controller of the tests as a program of its own, as the demo starts it."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from notion_sim import Simulator

TESTS = Path(__file__).parents[1]
PROGRAM = Path(sys.executable).parent / "rolecall-notion"
SETTINGS = {"BATON_CLIENT_ID", "BATON_CLIENT_SECRET", "BATON_C1_API_HOST", "SSL_CERT_FILE"}


@pytest.fixture
def controller() -> Iterator["subprocess.Popen[str]"]:
    """The program, which queues no syncs and ends after half a minute at the latest."""
    with subprocess.Popen(
        [sys.executable, "-m", "controller", "--seconds", "30"],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    """What it prints, until it ends."""
    assert process.stdout
    return (line.strip() for line in process.stdout)


def test_what_it_prints_lets_a_connector_in(
    sim: Simulator, controller: "subprocess.Popen[str]", tmp_path: Path
):
    """A connector with these settings gets the task of standard input, and its end is told."""
    said = lines(controller)
    exports = (re.fullmatch(r"export (\w+)=(.*)", next(said)) for _ in SETTINGS)
    settings = {one[1]: shlex.split(one[2])[0] for one in exports if one}
    assert set(settings) == SETTINGS

    assert controller.stdin
    controller.stdin.write(json.dumps({"actionListSchemas": {}}) + "\n")
    controller.stdin.flush()
    environ = {"BATON_SCIM_TOKEN": sim.scim_token, "BATON_BASE_URL": sim.scim_url}
    own = {key: value for key, value in os.environ.items() if not key.startswith("BATON_")}
    with subprocess.Popen(
        [PROGRAM, "--state-dir", tmp_path / "state"],
        env={**own, **environ, **settings},
        stderr=subprocess.DEVNULL,
    ) as connector:
        told = next(said, "the controller has ended")
        connector.terminate()
        status = connector.wait(30)

    assert (told, status) == ("action_list_schemas done", 0)
