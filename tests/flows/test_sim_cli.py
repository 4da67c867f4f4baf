"""The command `notion-sim`, as a process."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

COMMAND = str(Path(sys.executable).with_name("notion-sim"))
NAMES = ["BATON_SCIM_TOKEN", "BATON_API_KEY", "BATON_BASE_URL", "BATON_REST_BASE_URL"]


@contextmanager
def simulator(*flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A running command and what it exports."""
    process = subprocess.Popen(
        [COMMAND, "--port", "0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [process.stdout.readline().strip() for _ in NAMES]
        yield process, dict(line.removeprefix("export ").split("=", 1) for line in lines)
    finally:
        process.kill()
        process.communicate()


def failing(*flags: str) -> str:
    """What the command says on stderr when it ends with 1."""
    done = subprocess.run(
        [COMMAND, *flags], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal(number: signal.Signals):
    """Exports are printed when it listens, and nothing else; a signal ends it with 0."""
    with simulator("--users", "12", "--groups", "3", "--seed", "7") as (process, exports):
        headers = {"Authorization": f"Bearer {exports['BATON_SCIM_TOKEN']}"}
        users = httpx2.get(f"{exports['BATON_BASE_URL']}/Users", headers=headers).json()
        headers = {
            "Authorization": f"Bearer {exports['BATON_API_KEY']}",
            "Notion-Version": "2022-06-28",
        }
        people = httpx2.get(f"{exports['BATON_REST_BASE_URL']}/users", headers=headers).json()
        process.send_signal(number)
        rest, log = process.communicate(timeout=5)

    assert list(exports) == NAMES
    assert users["totalResults"] == 12
    assert len(people["results"]) == 14
    assert (process.returncode, rest) == (0, "")
    assert "12 members and 3 groups" in log


def test_tokens_follow_from_the_seed():
    """Two runs with one seed export the same tokens."""
    tokens = []
    for _ in range(2):
        with simulator("--users", "3", "--seed", "9") as (_, exports):
            tokens.append((exports["BATON_SCIM_TOKEN"], exports["BATON_API_KEY"]))

    assert tokens[0] == tokens[1]


def test_flags_reach_the_workspace(tmp_path: Path):
    """Switches, plan, faults from YAML and skew arrive."""
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {name: first, fault: 500, when: {request: 1}}\n")
    flags = ["--users", "8", "--groups", "4", "--skewed", "--switch", "members_in_list=absent"]
    with simulator(*flags, "--faults", str(faults), "--switch", "max_count=3") as (_, exports):
        base = exports["BATON_BASE_URL"]
        headers = {"Authorization": f"Bearer {exports['BATON_SCIM_TOKEN']}"}
        first, second = (httpx2.get(f"{base}/Groups", headers=headers) for _ in range(2))

    assert first.status_code == 500
    assert len(second.json()["Resources"]) == 3
    assert "members" not in second.json()["Resources"][0]


def test_a_taken_port():
    """A port in use is one clear line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        message = failing("--port", str(taken.getsockname()[1]))

    assert message.count("\n") == 1
    assert "Cannot listen" in message


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--switch", "order=sideways"], "order takes stable|reshuffled|per_listing"),
        (["--switch", "gravity=off"], "There is no switch 'gravity'"),
        (["--switch", "max_count=-3"], "max_count takes N"),
        (["--faults", "/nowhere.yaml"], "cannot be read"),
    ],
)
def test_wrong_flags(flags: list[str], words: str):
    """What cannot be is said in one line, before anything is served."""
    assert words in failing("--port", "0", *flags)


def test_wrong_fault_rules(tmp_path: Path):
    """A fault file with an unknown fault names it."""
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"fault": "earthquake"}]))

    assert "there is no fault 'earthquake'" in failing("--port", "0", "--faults", str(path))


def test_the_list_of_switches_and_the_version():
    """--list-switches explains each with its fact; --version says the version."""
    listed = subprocess.run(
        [COMMAND, "--list-switches"], capture_output=True, text=True, check=True
    )
    version = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=True)

    assert "order=stable|reshuffled|per_listing  (default stable; N-039 [O])" in listed.stdout
    assert version.stdout.startswith("notion-sim, version ")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "httptools"])
def test_without_the_extra(missing: str):
    """Without the extra `sim` the command says in one sentence how to get it."""
    code = f"import sys; sys.modules[{missing!r}] = None; from notion_sim.cli import main; main([])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "rolecall[sim]" in done.stderr
    assert done.stderr.count("\n") == 1
