"""`serve` tells what changed since the full sync before: completely, once, and without secrets."""

import json
from pathlib import Path
from typing import Any

import pytest
from receiving import SECRET, receiving, until
from running import Command, to
from serving import serving

from notion_sim import Simulator

KEYS = {
    *("change", "what", "id", "name", "account_id", "account"),
    *("before", "after", "implied", "sentence"),
}


@pytest.fixture
def synced(sim: Simulator, command: Command) -> dict[str, str]:
    """A file with a first sync, and then somebody who joined; the variables that lead there."""
    environ = to(sim)
    assert command(**environ).status == 0
    sim.add_user("nina.new@corp.example", name="Nina New")
    return environ


def diff(command: Command) -> list[dict[str, Any]]:
    """What `diff -o json` says."""
    found: list[dict[str, Any]] = json.loads(command("diff", "-o", "json").out)
    return found


def test_a_command_gets_what_diff_says(synced: dict[str, str], command: Command):
    """The array on its input is that of `diff -o json`."""
    with serving(command, "--on-change", "sh -c 'cat > got.json'", **synced) as service:
        service.until_said("told what changed")
        service.stop()

    got = json.loads((command.folder / "got.json").read_text())
    assert got == diff(command)
    assert any(one["sentence"] == "Nina New joined the workspace" for one in got)
    assert {key for one in got for key in one} == KEYS


def test_a_webhook_gets_the_same(synced: dict[str, str], command: Command):
    """Signed, with the ids of both syncs, the file, and the time."""
    with (
        receiving() as receiver,
        serving(
            command, "--webhook", receiver.url, **synced, BATON_WEBHOOK_SECRET=SECRET
        ) as service,
    ):
        service.until_said("told what changed")
        _, metrics = service.get("/metrics")
        service.stop()

    (message,) = receiver.messages
    complete = service.said("Sync complete")[0]
    assert message.signed
    assert message.said["changes"] == diff(command)
    assert message.said["sync_id"] == complete["sync_id"] != message.said["previous_sync_id"]
    assert message.said["file"] == str(command.folder / "sync.c1z")
    assert message.said["left_out"] == 0
    assert b'rolecall_notices_total{result="told",way="webhook"} 1.0' in metrics
    assert SECRET not in "".join(service.raw)


def test_both_ways_and_by_variables(synced: dict[str, str], command: Command, tmp_path: Path):
    """A command and a webhook together, and the secret from a file."""
    secret = tmp_path / "hook.secret"
    secret.write_text(SECRET + "\n")
    with (
        receiving() as receiver,
        serving(
            command,
            **synced,
            BATON_WEBHOOK=receiver.url,
            BATON_WEBHOOK_SECRET_FILE=str(secret),
            BATON_ON_CHANGE="touch told",
        ) as service,
    ):
        service.until_said("told what changed", times=2)
        service.stop()

    assert receiver.messages[0].signed
    assert (command.folder / "told").exists()


def test_nothing_is_told_of_the_first_sync(sim: Simulator, command: Command):
    """Without an older sync there is no change."""
    with serving(command, "--on-change", "touch told", **to(sim)) as service:
        service.until_said("next sync")
        service.stop()

    assert not (command.folder / "told").exists()


def test_nothing_is_told_when_nothing_changed(sim: Simulator, command: Command):
    """Two equal syncs are no news."""
    command(**to(sim))
    with serving(command, "--on-change", "touch told", **to(sim)) as service:
        service.until_said("next sync")
        service.stop()

    assert not (command.folder / "told").exists()


@pytest.mark.slow
def test_each_change_is_told_once(synced: dict[str, str], sim: Simulator, command: Command):
    """The next sync tells only what is new since this one."""
    with (
        receiving() as receiver,
        serving(
            command,
            *("--webhook", receiver.url),
            every="10s",
            **synced,
            BATON_WEBHOOK_SECRET=SECRET,
        ) as service,
    ):
        service.until_said("next sync", times=2)
        sim.add_user("otto.new@corp.example", name="Otto New")
        until(lambda: len(receiver.messages) == 2, seconds=30)
        service.stop()

    first, second = (one.said for one in receiver.messages)
    told = [one["sentence"] for one in second["changes"] if not one["implied"]]
    assert told[0] == "Otto New joined the workspace"
    assert not any("Nina" in sentence for sentence in told)
    assert first["sync_id"] != second["previous_sync_id"]  # the second round had no news


@pytest.mark.slow
def test_a_partial_sync_tells_what_it_knows_once(sim: Simulator, command: Command):
    """What a partial sync lacks is not told as gone, and the next equal one tells nothing again."""
    environ = to(sim)
    command(**environ)
    left = sim.add_user("left.out@corp.example", name="Left Out")
    command(**environ)
    sim.remove_user(str(left))
    sim.add_user("nina.new@corp.example", name="Nina New")
    with (
        receiving() as receiver,
        serving(
            command,
            *("--webhook", receiver.url),
            every="10s",
            **environ,
            BATON_WEBHOOK_SECRET=SECRET,
            BATON_SYNC_RESOURCE_TYPES="user,role",
        ) as service,
    ):
        service.until_said("next sync", times=2)
        service.stop()

    (message,) = receiver.messages
    changes = message.said["changes"]
    assert any(one["sentence"] == "Nina New joined the workspace" for one in changes)
    assert not any(one["change"] == "removed" for one in changes)


@pytest.mark.parametrize(
    ("command_line", "says"),
    [
        ("no-such-program-here", "no-such-program-here"),
        ("sh -c 'echo broken pipe of mine; exit 9'", "status 9"),
    ],
)
def test_a_failing_command_ends_nothing(
    synced: dict[str, str], command: Command, command_line: str, says: str
):
    """It is logged with its reason, and the service goes on."""
    with serving(command, "--on-change", command_line, **synced) as service:
        service.until_said("next sync")
        ready, _ = service.get("/ready")
        _, metrics = service.get("/metrics")
        status = service.stop()

    (line,) = service.said("The command was not told")
    assert says in line["msg"]
    assert (ready, status) == (200, 0)
    assert b'rolecall_notices_total{result="failed",way="command"} 1.0' in metrics


def test_a_webhook_that_is_down(synced: dict[str, str], command: Command):
    """A redirect is not followed, is logged, and ends nothing; the sync is there."""
    with (
        receiving() as elsewhere,
        receiving([302], Location=elsewhere.url) as receiver,
        serving(
            command, "--webhook", receiver.url, **synced, BATON_WEBHOOK_SECRET=SECRET
        ) as service,
    ):
        service.until_said("next sync")
        status = service.stop()

    assert "redirect" in service.said("The webhook was not told")[0]["msg"]
    assert elsewhere.messages == []
    assert status == 0
    assert len(diff(command)) > 0


def test_a_signal_while_a_command_runs(synced: dict[str, str], command: Command):
    """The command is ended with us, and the status is 0."""
    with serving(command, "--on-change", "sh -c 'touch begun; sleep 60'", **synced) as service:
        until((command.folder / "begun").exists)
        status = service.stop()

    assert status == 0


def test_no_secret_reaches_the_command(sim: Simulator, command: Command, tmp_path: Path):
    """Not its environment, not its input, not the log, not /metrics, not /health."""
    environ = to(sim, BATON_API_KEY=sim.api_key, OTHER_NAME=sim.scim_token)
    command(**environ)
    sim.add_user("nina.new@corp.example", name="Nina New")
    token = tmp_path / "token.secret"
    token.write_text(sim.scim_token)
    environ |= {"BATON_SCIM_TOKEN_FILE": str(token), "BATON_WEBHOOK_SECRET": SECRET}
    del environ["BATON_SCIM_TOKEN"]
    with (
        receiving() as receiver,
        serving(
            command,
            *("--webhook", receiver.url),
            *("--on-change", "sh -c 'env > got.env; cat > got.json; cat got.env; exit 1'"),
            **environ,
            BATON_LOG_LEVEL="debug",
        ) as service,
    ):
        service.until_said("told what changed")
        pages = b"".join(service.get(page)[1] for page in ("/metrics", "/health", "/ready"))
        service.stop()

    shown = "".join(
        [
            *service.raw,
            pages.decode(),
            str(receiver.messages),
            *((command.folder / name).read_text() for name in ("got.env", "got.json")),
        ]
    )
    assert "BATON_LOG_LEVEL=debug" in shown
    for secret in (sim.scim_token, sim.api_key, SECRET, str(token)):
        assert secret not in shown
