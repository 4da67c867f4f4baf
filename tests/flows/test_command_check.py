"""`rolecall-notion check` for each pair of credentials, and what `--help` costs."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from running import Command, Ended, both, by_key, to

from notion_sim import Options, Simulator

OURS = {"click", "rolecall"}
HELP_NEEDS = {"rolecall", "rolecall.connector", "rolecall.connector.cli"} | {
    f"rolecall.{name}" for name in ("connector.flags", "connector.refused", "errors")
}


def lines(end: Ended) -> dict[str, dict[str, Any]]:
    """The checklist by what was checked."""
    return {line["what"]: line for line in json.loads(end.out)}


def check(command: Command, *words: str, **environ: str) -> Ended:
    """The checklist as JSON; nothing is written."""
    end = command("check", "-o", "json", *words, **environ)
    assert "Traceback" not in end.err
    assert command.left() == []
    return end


def test_with_both(sim: Simulator, command: Command):
    """Everything can be read: counts, the workspace's name, and what nobody can have."""
    end = check(command, **both(sim))

    assert end.status == 0, end.err
    found = lines(end)
    assert [found[f"SCIM: {what}"]["found"] for what in ("accounts and roles", "groups")] == [
        "7",
        "3",
    ]
    assert "Larkspur Works" in found["API key: accounts"]["found"]
    assert all(line["ok"] for line in found.values())


def test_with_scim_alone(sim: Simulator, command: Command):
    """Bots are missing, which is no failure."""
    end = check(command, **to(sim))

    assert end.status == 0
    assert "bots" in lines(end)["API key"]["missing"]


def test_with_a_key_alone(sim: Simulator, command: Command):
    """Roles and groups are missing, and why; a sync would work."""
    end = check(command, **by_key(sim))

    assert end.status == 0
    assert "Enterprise" in lines(end)["SCIM token"]["missing"]


def test_with_nothing(command: Command):
    """3, as a sync would end."""
    assert check(command).status == 3


@pytest.mark.parametrize(("how", "status"), [("plan", 7), ("token", 16)])
def test_when_scim_refuses(sim: Simulator, command: Command, how: str, status: int):
    """The status of the refusal; 0 if accounts only are allowed and can be read."""
    if how == "plan":
        sim.reset(Options(users=7, groups=3, plan="business"))
    else:
        sim.revoke_tokens()

    alone = check(command, **to(sim))
    with_key = check(command, **both(sim))
    allowed = command("--allow-accounts-only", "check", "-o", "json", **both(sim))
    stale = command(
        *("--allow-accounts-only", "check", "-o", "json"), **both(sim, BATON_API_KEY="x" * 20)
    )

    assert [alone.status, with_key.status, allowed.status] == [status, status, 0]
    assert stale.status == 16
    assert not lines(with_key)["SCIM: groups"]["ok"]
    assert lines(with_key)["API key: accounts"]["ok"]


def test_a_firewall_is_no_refusal(sim: Simulator, command: Command):
    """A web page with 403 does not lead to accounts only, neither here nor in the sync."""
    sim.set_faults([{"fault": "403_html", "times": 0, "when": {"path": "/scim/v2"}}])

    end = command("--allow-accounts-only", "check", "-o", "json", **both(sim))
    real = command("--allow-accounts-only", **both(sim))

    assert end.status == real.status == 7
    assert "proxy" in real.err


def test_a_bad_key_beside_good_scim(sim: Simulator, command: Command):
    """The key's fault is shown; the sync that was asked for would work."""
    end = check(command, **both(sim, BATON_API_KEY="x" * 20))

    assert end.status == 0
    assert not lines(end)["API key: accounts"]["ok"]


def test_bots_that_cannot_be_read(sim: Simulator, command: Command):
    """Where bots are asked for, the key decides as well."""
    end = command(*("--include-bots", "check", "-o", "json"), **both(sim, BATON_API_KEY="x" * 20))
    real = command("--include-bots", **both(sim, BATON_API_KEY="x" * 20))

    assert real.status == 16
    assert end.status == real.status


def test_a_key_without_the_right(sim: Simulator, command: Command):
    """A key that may not read users: 7."""
    sim.switch("user_information", "none")

    end = check(command, **by_key(sim))

    assert end.status == 7
    assert "capability" in lines(end)["API key: accounts"]["missing"]


def test_for_people(sim: Simulator, command: Command):
    """A table with a mark before each line."""
    end = command("check", **to(sim))

    assert end.status == 0
    assert [line.split()[0] for line in end.out.splitlines()] == ["what", "✓", "✓", "✗"]


def imported(command: Command, *words: str) -> set[str]:
    """Every module that the command imports, and the interpreter before it."""
    return imported_by(
        command,
        f"import sys; sys.argv = ['x', *{words!r}]\nfrom rolecall.connector import cli\ncli.main()",
    )


def imported_by(command: Command, code: str) -> set[str]:
    """Every module that some code imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=command.folder,
        env=dict(command.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    found = (re.match(r"import time: .*\|\s*([\w.]+)$", line) for line in done.stderr.splitlines())
    return {one.group(1) for one in found if one}


@pytest.mark.parametrize("word", ["--help", "-h", "--version"])
def test_help_imports_next_to_nothing(command: Command, word: str):
    """Outside Python's own library only click, our errors, our flags, and the command itself."""
    found = imported(command, word)

    foreign = {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}
    ours = {name for name in foreign if name.split(".")[0] == "rolecall"}
    # by the interpreter itself, as the machine has it, and looked for by its module `copy`
    started = {name.split(".")[0] for name in imported_by(command, "pass")} | {"org"}
    assert ours <= HELP_NEEDS
    assert {name.split(".")[0] for name in foreign} - started <= OURS
    assert not found & {"asyncio", "logging", "json", "sqlite3", "ssl", "socket", "subprocess"}


def test_a_sync_without_a_terminal_does_not_load_the_bar(sim: Simulator, command: Command):
    """Rich is for terminals only."""
    code = (
        "import sys\nfrom rolecall.connector import cli\n"
        "status = cli._run([])\nprint(status, 'rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=command.folder,
        env={**command.environ, **to(sim)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "0 False\n"
