"""Secrets in files may be changed while the connector serves a controller."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from serving import free_port, until

from chaos import oracle
from controller import asks
from controller.authority import new_identity
from controller.board import Board, Entry
from controller.service import Controller, Pace
from hosted import hosted
from notion_sim import Options, Simulator

SMALL = Options(users=23, groups=5, members_per_group=6, seed=7)
FAILED_PRECONDITION = 9


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A workspace."""
    with Simulator(SMALL) as running:
        yield running


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller that gives up a task at its first failure."""
    board = Board(clock=time.monotonic, tries=1)
    with Controller(board=board, pace=Pace(next_poll=0.1)) as running:
        yield running


@pytest.fixture
def token(sim: Simulator, tmp_path: Path) -> Path:
    """The simulator's token in a file."""
    file = tmp_path / "token"
    file.write_text(sim.scim_token)
    return file


def ended(other: Controller, task: Any) -> Entry:
    """What became of a task, on however slow a machine."""
    return other.wait_finished(other.enqueue(task), 60)


def renewed(sim: Simulator) -> str:
    """Another token, and none of the older ones is good any more."""
    sim.revoke_tokens()
    owner = next(one["id"] for one in sim.state()["members"] if one["role"] == "owner")
    return sim.mint_token(owner)


def health(port: int) -> int:
    """The status of `/health`."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_another_token_counts_from_the_next_task_on(
    sim: Simulator, other: Controller, token: Path, tmp_path: Path
):
    """With the old one a task fails; as soon as the new one is there, syncs and changes go on."""
    who = next(one["id"] for one in sim.state()["members"] if one["role"] == "member")
    grant = asks.grant_role(who, "membership_admin")
    environ = {"BATON_SCIM_TOKEN": "", "BATON_SCIM_TOKEN_FILE": str(token)}
    with hosted(sim, other, tmp_path / "state", "-p", **environ) as served:
        assert ended(other, asks.sync()).applied
        fresh = renewed(sim)
        refused = ended(other, grant)
        token.write_text(fresh)
        synced = ended(other, asks.sync())
        granted = ended(other, grant)

        assert served.end() == 0
        assert fresh not in served.said
        failed = [line for line in served.lines if line["msg"] == "a task failed"]

    assert [line["task_id"] for line in failed] == [refused.task.id]
    assert "token" in failed[0]["why"]
    assert (refused.state, refused.finishes[-1].code) == ("failed", FAILED_PRECONDITION)
    assert granted.state == "done", granted
    assert synced.applied, synced
    assert oracle.read(synced.applied.path).sync_type == "full"


@pytest.mark.parametrize("content", [None, "", "a b"])
def test_a_file_that_is_being_written_stops_nothing(
    sim: Simulator, other: Controller, token: Path, tmp_path: Path, *, content: str | None
):
    """While it is missing, empty or no token, the one that was read before is used, and told so."""
    environ = {"BATON_SCIM_TOKEN": "", "BATON_SCIM_TOKEN_FILE": str(token)}
    with hosted(sim, other, tmp_path / "state", **environ) as served:
        other.wait_for("Hello", timeout=60)
        token.unlink() if content is None else token.write_text(content)
        synced = ended(other, asks.sync())
        assert served.end() == 0

    assert synced.applied
    assert any("was read before" in line["msg"] for line in served.lines)


def test_health_asks_with_the_token_of_the_moment(
    sim: Simulator, other: Controller, token: Path, tmp_path: Path
):
    """`/health` is ill with a token that Notion refuses, and well with the next one."""
    port = free_port()
    environ = {
        "BATON_SCIM_TOKEN": "",
        "BATON_SCIM_TOKEN_FILE": str(token),
        "BATON_HEALTH_CHECK": "true",
        "BATON_HEALTH_CHECK_PORT": str(port),
    }
    with hosted(sim, other, tmp_path / "state", **environ):
        other.wait_for("Hello", timeout=60)
        fresh = renewed(sim)
        assert health(port) == HTTPStatus.SERVICE_UNAVAILABLE
        token.write_text(fresh)
        # An answer is repeated for two seconds.
        until(lambda: health(port) == HTTPStatus.OK, seconds=30)


def test_another_client_secret(sim: Simulator, other: Controller, tmp_path: Path):
    """The controller's new secret is used for the next access token, without a restart."""
    file, other_key = tmp_path / "secret", new_identity()
    file.write_text(other.client_secret)
    environ = {"BATON_CLIENT_SECRET": "", "BATON_CLIENT_SECRET_FILE": str(file)}
    with hosted(sim, other, tmp_path / "state", **environ) as served:
        assert ended(other, asks.sync()).applied
        file.write_text(other_key.client_secret)
        other.doorkeeper.clients[other.client_id] = other_key.public
        other.forget_tokens()
        synced = ended(other, asks.sync())
        assert served.end() == 0

    assert synced.applied
