"""The program runs with the arguments and the environment of each manifest, and nothing else.

What stands for the machine is filled in: secrets, folders, a free port, and where the controller
and Notion are. No cluster, engine or systemd is asked.
"""

import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos import oracle
from controller import asks
from controller.board import Board
from controller.service import Controller, Pace
from notion_sim import Options, Simulator

DEPLOY = Path(__file__).parents[2] / "deploy"
PROGRAM = Path(sys.executable).with_name("rolecall-notion")
SMALL = Options(users=23, groups=5, members_per_group=6, seed=7)
FOLDERS = {
    "/var/lib/rolecall": "lasting",
    "/run/secrets": "secrets",
    "%S/rolecall-notion-sync": "lasting",
    "%S/rolecall-notion": "lasting",
    "%d": "secrets",
}
"""Folders of the manifests, by the names that they have in a test."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """How a file of `deploy/` starts the program."""

    words: tuple[str, ...] = ()
    environ: Mapping[str, str]
    grace: float
    """Seconds from SIGTERM to SIGKILL."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    """Files that the platform makes of secrets, by name, with the variable that says the value."""

    check: tuple[str, ...] = ()
    """The command by which the platform asks how it is."""

    probes: tuple[str, ...] = ()
    """Paths that the platform asks instead."""


def kubernetes() -> Manifest:
    """The Deployment, with its Secret."""
    deployment = yaml.safe_load((DEPLOY / "kubernetes/rolecall-notion.yaml").read_text())
    secret = yaml.safe_load((DEPLOY / "kubernetes/rolecall-notion-secrets.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return Manifest(
        words=tuple(container.get("args", ())),
        environ=secret["stringData"] | {one["name"]: one["value"] for one in container["env"]},
        grace=pod["terminationGracePeriodSeconds"],
        probes=tuple(
            container[name]["httpGet"]["path"]
            for name in ("startupProbe", "livenessProbe", "readinessProbe")
        ),
    )


def compose(name: str) -> Manifest:
    """A service of the compose file."""
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"][name]
    program, *check = service["healthcheck"]["test"][1:]
    assert program == PROGRAM.name
    return Manifest(
        words=tuple(service.get("command", ())),
        environ=service["environment"],
        grace=float(service["stop_grace_period"].removesuffix("s")),
        secrets=by_variable(service["secrets"]),
        check=tuple(check),
    )


def systemd(name: str) -> Manifest:
    """A unit."""
    lines = [line.partition("=") for line in (DEPLOY / "systemd" / name).read_text().splitlines()]

    def said(key: str) -> list[str]:
        return [value for found, _, value in lines if found == key]

    program, *words = shlex.split(said("ExecStart")[0])
    assert Path(program).name == PROGRAM.name
    pairs = [value.partition("=") for value in said("Environment")]
    return Manifest(
        words=tuple(words),
        environ={key: value for key, _, value in pairs},
        grace=float(said("TimeoutStopSec")[0].removesuffix("s")),
        secrets=by_variable(value.partition(":")[0] for value in said("LoadCredential")),
    )


def by_variable(names: Any) -> dict[str, str]:
    """Secrets by the names of their files, with their variables."""
    return {name: "BATON_" + name.upper().replace("-", "_") for name in names}


SERVICE: dict[str, Callable[[], Manifest]] = {
    "kubernetes": kubernetes,
    "compose": lambda: compose("controller"),
    "systemd": lambda: systemd("rolecall-notion.service"),
}


@pytest.fixture(scope="module")
def _running() -> Iterator[Simulator]:
    with Simulator(SMALL) as running:
        yield running


@pytest.fixture
def sim(_running: Simulator) -> Simulator:
    """A workspace as on the first day."""
    _running.reset(SMALL)
    return _running


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller."""
    board = Board(clock=time.monotonic, tries=3)
    with Controller(board=board, pace=Pace(next_poll=0.2)) as running:
        yield running


def on_this_machine(
    manifest: Manifest, folder: Path, known: Mapping[str, str], port: int
) -> dict[str, str]:
    """The manifest's environment here; `known` are secrets and addresses, by variable."""
    lasting, kept = folder / "lasting", folder / "secrets"
    lasting.mkdir()
    kept.mkdir()
    for name, variable in manifest.secrets.items():
        (kept / name).write_text(known[variable] + "\n")
    environ = {}
    for name, value in manifest.environ.items():
        said = known[name] if value.startswith("<") else value
        for theirs, ours in FOLDERS.items():
            said = said.replace(theirs, str(folder / ours))
        environ[name] = said.replace("%H", socket.gethostname())
        assert not re.search(r"%\w|<", environ[name])
    where = {key: known[key] for key in ("BATON_BASE_URL", "BATON_C1_API_HOST", "SSL_CERT_FILE")}
    # Eight requests a second are not what is tested.
    quick = {"BATON_REQUESTS_PER_SECOND": "0", "BATON_HEALTH_CHECK_PORT": str(port)}
    return {"PATH": str(PROGRAM.parent), **environ, **where, **quick}


@contextmanager
def started(
    manifest: Manifest, environ: Mapping[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """The program as the platform starts it."""
    log = (folder / "log").open("wb")
    with (
        log,
        subprocess.Popen(
            [PROGRAM, *manifest.words],
            env=dict(environ),
            cwd=folder / "lasting",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def well(manifest: Manifest, environ: Mapping[str, str]) -> bool:
    """What the platform finds when it asks how the program is."""
    if manifest.check:
        asked = subprocess.run([PROGRAM, *manifest.check], env=dict(environ), check=False)
        return not asked.returncode
    port = environ["BATON_HEALTH_CHECK_PORT"]
    return all(
        answered(f"http://127.0.0.1:{port}{path}") == HTTPStatus.OK for path in manifest.probes
    )


def answered(url: str) -> int:
    """The status of an answer."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - on this machine
        return int(answer.status)


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("platform", "provisioning"), [(one, may) for one in SERVICE for may in ("false", "true")]
)
def test_it_works_for_a_controller(
    sim: Simulator, other: Controller, tmp_path: Path, *, platform: str, provisioning: str
):
    """It syncs, changes only what it may, is well when asked, and ends in time with status 0."""
    manifest = SERVICE[platform]()
    may = {**manifest.environ, "BATON_PROVISIONING": provisioning}
    known = {**other.environ, "BATON_BASE_URL": sim.scim_url, "BATON_SCIM_TOKEN": sim.scim_token}
    environ = on_this_machine(replace(manifest, environ=may), tmp_path, known, free_port())
    who = next(one["id"] for one in sim.state()["members"] if one["role"] == "member")

    with started(manifest, environ, tmp_path) as process:
        synced = other.wait_finished(other.enqueue(asks.sync()), 30)
        granted = other.wait_finished(other.enqueue(asks.grant_role(who, "membership_admin")), 30)
        assert well(manifest, environ)
        process.send_signal(signal.SIGTERM)
        assert process.wait(manifest.grace) == 0

    assert synced.applied
    assert oracle.read(synced.applied.path).held.of("user") == oracle.truth(sim.state()).of("user")
    assert granted.state == ("done" if provisioning == "true" else "failed")
    assert (tmp_path / "lasting" / "journal").exists() == (provisioning == "true")
    assert sim.scim_token.encode() not in (tmp_path / "log").read_bytes()


def test_the_file_of_the_compose_file(sim: Simulator, other: Controller, tmp_path: Path):
    """`serve` writes the file at once, is well when asked, and ends in time with status 0."""
    manifest = compose("file")
    known = {**other.environ, "BATON_BASE_URL": sim.scim_url, "BATON_SCIM_TOKEN": sim.scim_token}
    environ = on_this_machine(manifest, tmp_path, known, free_port())
    target = tmp_path / "lasting" / "notion.c1z"

    with started(manifest, environ, tmp_path) as process:
        other.wait_until(target.exists, 30)
        assert well(manifest, environ)
        process.send_signal(signal.SIGTERM)
        assert process.wait(manifest.grace) == 0

    assert oracle.read(target).held == oracle.truth(sim.state())


def test_the_nightly_sync_of_systemd(sim: Simulator, other: Controller, tmp_path: Path):
    """It writes the file and ends by itself."""
    manifest = systemd("rolecall-notion-sync.service")
    known = {**other.environ, "BATON_BASE_URL": sim.scim_url, "BATON_SCIM_TOKEN": sim.scim_token}
    environ = on_this_machine(manifest, tmp_path, known, free_port())

    with started(manifest, environ, tmp_path) as process:
        assert process.wait(30) == 0

    held = oracle.read(tmp_path / "lasting" / "notion.c1z").held
    assert held == oracle.truth(sim.state())
