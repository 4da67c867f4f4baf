"""`serve`: one sync after the other, whatever goes wrong, until a signal."""

import os
import signal
from pathlib import Path

import pytest
from receiving import until
from running import Command, accounts, by_key, to
from serving import serving

from notion_sim import Simulator
from rolecall.baton.c1z.reader import open_c1z


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_syncs_at_once_and_stops_well(sim: Simulator, command: Command, number: int):
    """The first sync does not wait for the interval, and a signal ends it with status 0."""
    with serving(command, "-f", "here.c1z", **to(sim)) as service:
        service.until_said("next sync")
        status = service.stop(number)

    assert status == 0
    assert len(accounts(command.folder / "here.c1z")) == 7
    assert service.said("stopped")
    assert command.left() == ["here.c1z"]


def test_a_signal_in_the_middle_saves(sim: Simulator, command: Command):
    """A sync that is under way is put aside, and the next start goes on from there."""
    sim.set_faults([{"fault": "slow", "ms": 4000, "times": 0, "when": {"path": "/Groups"}}])
    with serving(command, **to(sim)) as service:
        service.until_said("Syncing groups")
        status = service.stop()
    assert not (command.folder / "sync.c1z").exists()
    sim.set_faults([])
    again = command(**to(sim))

    assert (status, again.status) == (0, 0)
    assert "resumed previous sync" in again.said


@pytest.mark.slow
def test_a_broken_notion_does_not_end_it(sim: Simulator, command: Command):
    """A failure that may pass is logged, counted, and tried again before the interval is over."""
    sim.set_faults([{"fault": "500", "times": 0, "when": {"path": "/Users"}}])
    with serving(command, every="10s", **to(sim, BATON_RETRY_SECONDS="0.2")) as service:
        service.until_said("next sync")
        ready, _ = service.get("/ready")
        sim.set_faults([])
        service.until_said("Sync complete")
        status = service.stop()

    assert (ready, status) == (503, 0)
    assert service.said("next sync")[0]["failures"] == 1
    assert any(line["level"] == "error" and line.get("code") == 14 for line in service.lines)


@pytest.mark.slow
def test_two_rounds_and_a_new_token(sim: Simulator, command: Command, tmp_path: Path):
    """A dead token ends nothing, and a new one in the same file is used without a restart."""
    token = tmp_path / "token"
    token.write_text("token-that-nobody-knows\n")
    environ = {"BATON_BASE_URL": sim.scim_url, "BATON_SCIM_TOKEN_FILE": str(token)}
    with serving(command, every="10s", **environ) as service:
        until(lambda: any(line.get("code") == 16 for line in service.lines))
        unhealthy, told = service.json("/health")
        token.write_text(sim.scim_token)
        service.until_said("Sync complete", times=2)
        healthy, _ = service.json("/health")
        status = service.stop()

    starts = [line["ts"] for line in service.said("starting new sync")]
    assert (unhealthy, healthy, status) == (503, 200, 0)
    assert "token" in told["details"]["error"]
    assert 9.5 < starts[-1] - starts[-2] < 13
    assert not any("token-that-nobody-knows" in line for line in service.raw)


def test_several_workspaces(sim: Simulator, command: Command):
    """Each in turn into its own file; one that cannot work does not stop the other."""
    (command.folder / "all.yaml").write_text(
        "- {name: Studio, token_env: STUDIO, output: studio.c1z}\n"
        "- {name: Labs, token_env: NOBODY_SET_THIS, output: labs.c1z}\n"
        "- {name: Works, token_env: WORKS, output: works.c1z}\n"
    )
    environ = to(sim, BATON_WORKSPACES="all.yaml", STUDIO=sim.scim_token, WORKS=sim.scim_token)
    environ.pop("BATON_SCIM_TOKEN")
    with serving(command, **environ) as service:
        service.until_said("next sync")
        _, metrics = service.get("/metrics")
        status = service.stop()

    assert status == 0
    assert command.left() == ["all.yaml", "studio.c1z", "works.c1z"]
    assert [line["workspace"] for line in service.lines if line.get("code") == 3] == ["Labs"]
    assert b'rolecall_syncs_total{result="complete",workspace="Studio"} 1.0' in metrics
    assert b'rolecall_syncs_total{result="invalid_argument",workspace="Labs"} 1.0' in metrics


def test_accounts_only(sim: Simulator, command: Command):
    """With an API key alone it serves too, and its requests are counted."""
    with serving(command, **by_key(sim)) as service:
        service.until_said("next sync")
        health, _ = service.json("/health")
        _, metrics = service.get("/metrics")
        service.stop()

    assert health == 200
    assert b'rolecall_syncs_total{result="partial",workspace=""} 1.0' in metrics
    assert b"rolecall_requests_total 0.0" not in metrics


def test_a_locked_file_is_tried_again(sim: Simulator, command: Command):
    """Somebody else at work on the file is a failure like others."""
    sim.set_faults([{"fault": "slow", "ms": 3000, "times": 1, "when": {"path": "/Users"}}])
    other = command.start(**to(sim))
    until(lambda: any("Users" in one["path"] for one in sim.requests()))
    with serving(command, **to(sim)) as service:
        service.until_said("next sync")
        status = service.stop()
    other.wait(20)

    assert status == 0
    assert any(line.get("code") == 10 for line in service.lines)


@pytest.mark.parametrize(
    ("words", "environ", "says"),
    [
        (["serve"], {}, "--every"),
        (["serve", "--every", "5s"], {}, "between 10s and 30d"),
        (["serve", "--every", "often"], {}, "must be a duration"),
        (["serve", "--every", "1h"], {}, "There is no credential"),
        (["serve", "--every", "1h", "--webhook", "http://x.example"], {}, "https://"),
        (["serve", "--every", "1h", "--webhook", "https://x.example"], {}, "WEBHOOK_SECRET"),
        (["serve", "--every", "1h", "--on-change", "'"], {}, "--on-change"),
        (["serve", "--every", "1h"], {"BATON_CLIENT_ID": "x"}, "for files alone"),
        (
            ["serve", "--every", "1h", "--on-change", "x"],
            {"BATON_KEEP_SYNC_COUNT": "1"},
            "BATON_KEEP_SYNC_COUNT",
        ),
        (["--grant-entitlement", "x", "serve", "--every", "1h"], {}, "two orders"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    command: Command, words: list[str], environ: dict[str, str], says: str
):
    """Before anything is asked of Notion, with a status that is not 0."""
    token = {} if "credential" in says else {"BATON_SCIM_TOKEN": "made-up-token-of-nobody"}
    ran = command(*words, **token, **environ)

    assert ran.status in {2, 3}
    assert says in ran.err
    assert command.left() == []


def test_a_port_that_is_taken(sim: Simulator, command: Command):
    """The health checks that were asked for are not silently left out."""
    port = sim.scim_url.split(":")[2].split("/")[0]
    ran = command(
        *("--health-check", "--health-check-port", port, "serve", "--every", "1h"), **to(sim)
    )

    assert ran.status == 3
    assert "--health-check-port" in ran.err


def test_health_checks_of_a_single_run_are_refused(sim: Simulator, command: Command):
    """A setting that would do nothing is said, by flag and by variable."""
    by_flag = command("--health-check", **to(sim))
    by_variable = command(**to(sim, BATON_HEALTH_CHECK="true"))

    assert (by_flag.status, by_variable.status) == (12, 12)
    assert "--health-check" in by_flag.err


@pytest.mark.slow
def test_nothing_is_left_open(sim: Simulator, command: Command):
    """After a round, the process has as many files open as after the one before."""
    counts = []
    with serving(command, every="10s", **to(sim)) as service:
        for times in (1, 2, 3):
            service.until_said("next sync", times=times)
            counts.append(len(os.listdir(f"/proc/{service.process.pid}/fd")))  # noqa: PTH208
        service.stop()

    assert counts[1] == counts[2]
    with open_c1z(command.folder / "sync.c1z") as reader:
        assert len(reader.syncs()) == 2
