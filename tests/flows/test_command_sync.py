"""What `rolecall-notion` reads under which conditions, and what it says about it."""

import json
import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest
from raw_server import answer, serving, tls_of
from running import PROGRAM, Command, accounts, both, by_key, to

from notion_sim import Options, Simulator
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.c1z.syncs import SyncRun


def run_of(file: Path) -> SyncRun:
    """The sync that a file shows."""
    with open_c1z(file) as reader:
        return reader.sync()


def members(sim: Simulator) -> set[str]:
    """Ids of the members, as the simulator knows them."""
    return {str(one["id"]) for one in sim.state()["members"]}


def grants(file: Path) -> set[str]:
    """Ids of the grants that a file shows."""
    with open_c1z(file) as reader:
        return {one.id for one in reader.grants(reader.sync().sync_id)}


def test_a_full_sync(sim: Simulator, command: Command):
    """Everybody, every group and the four roles; a full sync; nothing beside the file."""
    end = command(**to(sim))

    assert end.status == 0, end.err
    assert command.left() == ["sync.c1z"]
    assert accounts(command.folder / "sync.c1z") == members(sim)
    assert run_of(command.folder / "sync.c1z").sync_type == "full"
    totals = {name: end.summary[name] for name in ("accounts", "groups", "roles", "grants")}
    roles = sum(bool(one["role"]) and not one["hides_role"] for one in sim.state()["members"])
    assert totals == {"accounts": 7, "groups": 3, "roles": 4, "grants": 9 + roles}
    assert end.summary["file"] == "sync.c1z"
    assert end.summary["sync_type"] == "full"
    assert end.summary["missing"] == 0
    assert end.summary["seconds"] > 0


def test_the_shape_of_the_log(sim: Simulator, command: Command):
    """Stdout is empty; each line of stderr is JSON with the Go runner's keys first."""
    sim.set_faults([{"fault": "500"}])
    for level in ("debug", "info", "warn", "error"):
        end = command("--log-level", level, **to(sim))

        assert end.out == ""
        assert len(end.lines) == len(end.err.splitlines())
        assert (len(end.lines) > 3) == (level in {"debug", "info"})
        for line in end.lines:
            assert list(line)[:4] == ["level", "ts", "caller", "msg"]
            assert line["level"] in {"debug", "info", "warn", "error"}
            assert isinstance(line["ts"], float)
            assert re.fullmatch(r"[\w/]+\.py:\d+", line["caller"])


def test_the_console_form(sim: Simulator, command: Command):
    """`--log-format console` is for eyes, also where no terminal is."""
    end = command("--log-format", "console", **to(sim))

    assert end.err.startswith("info ")
    assert "{" not in end.err


def test_a_log_file(sim: Simulator, command: Command):
    """A log file is appended to, and stderr stays empty when it is not named."""
    for _ in range(2):
        end = command("--log-path", "run.log", **to(sim))
        assert (end.status, end.err) == (0, "")

    lines = (command.folder / "run.log").read_text().splitlines()
    assert sum("accounts" in json.loads(line) for line in lines) == 2


def test_with_both_credentials_scim_is_read(sim: Simulator, command: Command):
    """The public API is not asked when SCIM answers."""
    end = command(**both(sim))

    assert end.summary["sync_type"] == "full"
    assert {one["path"].split("/")[1] for one in sim.requests()} == {"scim"}


def test_only_an_api_key(sim: Simulator, command: Command):
    """Accounts, no roles and groups: a partial sync with status 0 that says what it lacks."""
    end = command(**by_key(sim))

    assert end.status == 0, end.err
    assert accounts(command.folder / "sync.c1z") == members(sim)
    assert run_of(command.folder / "sync.c1z").sync_type == "partial"
    assert grants(command.folder / "sync.c1z") == set()
    warned = [line["msg"] for line in end.lines if line["level"] == "warn"]
    assert any("roles and groups" in one for one in warned)


REFUSALS = {"wrong plan": 7, "bad token": 16}


def refuse(sim: Simulator, how: str) -> None:
    """Let SCIM refuse."""
    if how == "wrong plan":
        sim.reset(Options(users=7, groups=3, seed=7, plan="business"))
    else:
        sim.revoke_tokens()


@pytest.mark.parametrize("how", REFUSALS)
def test_accounts_only_when_scim_refuses_and_it_is_allowed(
    sim: Simulator, command: Command, how: str
):
    """With the flag and a key: partial, status 0, and a warning with the reason."""
    refuse(sim, how)

    end = command("--allow-accounts-only", **both(sim))

    assert end.status == 0, end.err
    assert run_of(command.folder / "sync.c1z").sync_type == "partial"
    assert accounts(command.folder / "sync.c1z") == members(sim)
    warned = [line["msg"] for line in end.lines if line["level"] == "warn"]
    assert any("accounts only" in one.lower() for one in warned)
    assert any(("(403)" if how == "wrong plan" else "(401)") in one for one in warned)


@pytest.mark.parametrize("how", REFUSALS)
@pytest.mark.parametrize("given", ["neither", "only the flag", "only the key"])
def test_no_file_when_scim_refuses(sim: Simulator, command: Command, how: str, given: str):
    """Without flag or key the refusal ends the run with its own status, and nothing is written."""
    refuse(sim, how)

    end = command(
        *(["--allow-accounts-only"] if given == "only the flag" else []),
        **(both(sim) if given == "only the key" else to(sim)),
    )

    assert end.status == REFUSALS[how], end.err
    assert command.left() == []
    assert "--allow-accounts-only" in end.err
    assert "No file was written" in end.err


def test_a_refusal_leaves_an_existing_file_alone(sim: Simulator, command: Command):
    """Yesterday's file is what it was."""
    command(**to(sim))
    before = (command.folder / "sync.c1z").read_bytes()
    sim.revoke_tokens()

    assert command(**to(sim)).status == 16
    assert (command.folder / "sync.c1z").read_bytes() == before
    assert command.left() == ["sync.c1z"]


def test_other_troubles_do_not_fall_back(sim: Simulator, command: Command):
    """Accounts-only answers a refusal; a broken Notion is not one."""
    sim.set_faults([{"fault": "500", "times": 0, "when": {"path": "/scim/v2"}}])

    end = command("--allow-accounts-only", "--retry-seconds", "0.5", **both(sim))

    assert end.status == 14, end.err
    assert command.left() == []


def test_bots_are_left_out_and_can_be_had(sim: Simulator, command: Command):
    """By SCIM and by key: no bots, unless asked for; they are service accounts without a role."""
    found = {}
    for name, environ in (("scim", both(sim)), ("key", by_key(sim))):
        assert command("-f", name, **environ).status == 0
        end = command("-f", f"{name}+bots", "--include-bots", **environ)
        assert end.status == 0, end.err
        found[name] = accounts(command.folder / f"{name}+bots") - accounts(command.folder / name)

    bots = {str(one["id"]) for one in sim.state()["bots"]}
    assert found == {"scim": bots, "key": bots}


@pytest.mark.parametrize("wanted", ["user", "group", "role", "user,group", "user,role"])
def test_a_type_filter(sim: Simulator, command: Command, wanted: str):
    """Only these types are in the file, which says that it is not everything."""
    end = command("--sync-resource-types", wanted, **to(sim))

    assert end.status == 0, end.err
    with open_c1z(command.folder / "sync.c1z") as reader:
        run = reader.sync()
        stats = reader.counted(run.sync_id)
        types = {one.id for one in reader.resource_types(run.sync_id)}
    assert run.sync_type == "partial"
    assert types == set(wanted.split(","))
    assert set(stats.resources_by_resource_type) == types
    assert "not asked for" in end.said


def test_all_types_named_are_a_full_sync(sim: Simulator, command: Command):
    """Naming all three is no filter."""
    assert command("--sync-resource-types", "user,role,group", **to(sim)).summary["sync_type"] == (
        "full"
    )


def test_a_targeted_sync(sim: Simulator, command: Command):
    """The named ones, whom they refer to, and nobody else; partial, its parent the full sync."""
    command(**to(sim))
    full = run_of(command.folder / "sync.c1z")
    group = sim.state()["groups"][0]
    person = next(one for one in sim.state()["members"] if one["id"] not in group["members"])
    sim.clear_requests()

    end = command(
        "--sync-resources", f"bid:r:group/{group['id']}, bid:r:user/{person['id']}", **to(sim)
    )

    assert end.status == 0, end.err
    file = command.folder / "sync.c1z"
    assert accounts(file) == {*group["members"], person["id"]}
    run = run_of(file)
    assert (run.sync_type, run.parent_sync_id) == ("partial", full.sync_id)
    assert all(one["path"].count("/") == 4 for one in sim.requests())  # single records only


def test_a_target_that_does_not_exist_is_named(sim: Simulator, command: Command):
    """What was asked for and is not there is missing: 15."""
    person = sim.state()["members"][0]["id"]

    end = command("--sync-resources", f"bid:r:user/{person},bid:r:user/nobody", **to(sim))

    assert end.status == 15
    assert "nobody" in end.said
    assert accounts(command.folder / "sync.c1z") == {person}


def test_an_unknown_role_is_kept_as_data(sim: Simulator, command: Command):
    """A role of tomorrow: in the profile, no grant, a warning, and the sync is full."""
    person = sim.state()["members"][3]["id"]
    sim.set_role(person, "archduke")

    end = command(**to(sim))

    assert end.status == 0, end.err
    (warned,) = [line for line in end.lines if line.get("role") == "archduke"]
    assert warned["level"] == "warn"
    assert "archduke" in warned["msg"]
    file = command.folder / "sync.c1z"
    with open_c1z(file) as reader:
        run = reader.sync()
        user = next(o for o in reader.resources(run.sync_id, "user") if o.id.resource == person)
    assert run.sync_type == "full"
    assert user.profile.fields["workspace_role"].string_value == "archduke"
    assert not [one for one in grants(file) if one.startswith("role:") and person in one]


def test_a_bad_record_does_not_block_the_rest(sim: Simulator, command: Command):
    """A record that cannot be read is named and left out: partial, status 15."""
    person = sim.state()["members"][2]["id"]
    sim.world.accounts[person].extra = {"emails": "none"}
    sim.world.accounts[person].fragment = None

    end = command(**to(sim))

    assert end.status == 15, end.err
    assert person in end.said
    assert run_of(command.folder / "sync.c1z").sync_type == "partial"
    assert accounts(command.folder / "sync.c1z") == members(sim) - {person}
    assert end.summary["missing"] >= 1


def workspaces(command: Command, *entries: dict[str, Any]) -> str:
    """A file that names workspaces."""
    (command.folder / "all.yaml").write_text(json.dumps(entries))
    return "all.yaml"


def test_several_workspaces(sim: Simulator, command: Command):
    """Each into its own file; the token may stand in a variable, a file, or there."""
    (command.folder / "token").write_text(sim.scim_token + "\n")
    one = {"base_url": sim.scim_url}
    file = workspaces(
        command,
        {"name": "here", "token": sim.scim_token, "output": "a.c1z", **one},
        {"name": "variable", "token_env": "MINE", "output": "b.c1z", **one},
        {"name": "file", "token_file": "token", "output": "c.c1z", **one},
        {"name": "key", "api_key": sim.api_key, "output": "d.c1z", "rest_base_url": sim.rest_url},
    )

    end = command("--workspaces", file, MINE=sim.scim_token)

    assert end.status == 0, end.err
    for name in "abcd":
        assert accounts(command.folder / f"{name}.c1z") == members(sim)
    assert run_of(command.folder / "d.c1z").sync_type == "partial"


def test_one_failing_workspace_does_not_stop_the_others(sim: Simulator, command: Command):
    """The first failure is the exit status; the summary counts and names."""
    good = {"token": sim.scim_token, "base_url": sim.scim_url}
    file = workspaces(
        command,
        {"name": "first", "output": "1.c1z", **good},
        {"name": "stale", "output": "2.c1z", **good, "token": "ntn_stale_token"},
        {"name": "odd", "output": "3.c1z", **good, "colour": "blue", "7": 1},
        {"name": "no variable", "output": "4.c1z", "token_env": "NOBODY_SET_THIS"},
        "what is this",
        {"name": "nowhere", **good},
        {"name": "last", "output": "9.c1z", **good},
    )

    end = command("--workspaces", file)

    assert end.status == 16, end.err
    assert command.left() == ["1.c1z", "9.c1z", "all.yaml"]
    summary = end.lines[-1]
    assert summary["succeeded"] == 2
    assert summary["failed"] == ["stale", "odd", "no variable", "#5", "nowhere"]
    failed = {line.get("workspace") for line in end.lines if line["level"] == "error"}
    assert failed == set(summary["failed"])
    assert "ntn_stale_token" not in end.err


def test_two_workspaces_cannot_have_one_file(sim: Simulator, command: Command):
    """Two outputs that are the same file are refused before anything is asked."""
    file = workspaces(
        command,
        {"name": "a", "token": "t" * 20, "output": "x.c1z"},
        {"name": "b", "token": "t" * 20, "output": "./x.c1z"},
    )

    assert command("--workspaces", file).status == 3
    assert sim.requests() == []


def test_a_ca_file_for_the_whole_command(command: Command, authority: Path):
    """--ca-file reaches the connection, and its absence is told with status 3."""
    empty = answer(b'{"totalResults": 0}')
    with serving(lambda _: empty, tls=tls_of(authority)) as server:
        environ = {"BATON_BASE_URL": server.url, "BATON_SCIM_TOKEN": "t" * 20}
        without = command(**environ)
        end = command("--ca-file", str(authority / "ca.pem"), **environ)

    assert (without.status, end.status) == (3, 0), end.err
    assert "--ca-file" in without.err
    assert end.summary["accounts"] == 0


def watched(command: Command, *words: str, **environ: str) -> tuple[int, str]:
    """Status, and what a terminal shows."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        os.chdir(command.folder)
        here = {**command.environ, "TERM": "xterm", **environ}
        os.execve(PROGRAM, [PROGRAM, *words], here)  # noqa: S606 - our own program
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_a_terminal_gets_a_bar_and_lines_for_eyes(sim: Simulator, command: Command):
    """Under a terminal: a progress bar, plain lines, no JSON."""
    sim.set_faults([{"fault": "slow", "ms": 400, "times": 0}])

    status, shown = watched(command, **to(sim))

    assert status == 0, shown
    assert "7/7" in shown
    assert "\x1b[" in shown
    assert '{"level"' not in shown
    assert "info " in shown


def test_no_terminal_no_bar(sim: Simulator, command: Command):
    """Elsewhere: no escape sequence at all."""
    assert "\x1b" not in command(**to(sim)).err


def test_json_on_a_terminal_if_wanted(sim: Simulator, command: Command):
    """--log-format json holds on a terminal, too."""
    _, shown = watched(command, "--log-format", "json", **to(sim))

    assert '{"level":"info"' in shown
