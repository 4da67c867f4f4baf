"""Kill -9 before, during and after a write, with the real command: the journal finds the truth."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import changes_rig
import pytest
import rig
from changes_rig import NEWCOMER, OPTIONS, Case, Door, People, cases, facts

from notion_sim import Simulator

Tell = Callable[[str], None]

LATENCY_MS = 25
WHEN = ("while looking", "while sending", "after the effect", "at random")
NAMES = (
    "grant",
    "revoke",
    "add",
    "remove",
    "create account",
    "update account",
    "remove account",
    "create group",
    "rename group",
    "delete group",
)


def words_of(name: str, sim: Simulator) -> list[str]:
    """What a person would type for a case."""
    state = sim.state()
    people = People(state=state)
    case, group = cases(state)[name], people.group()["name"]
    who = [people.address(one) for one in getattr(case.operation, "user_ids", ())]
    user = getattr(case.operation, "user_id", "")
    one = people.address(user) if user else ""
    return {
        "grant": ["grant", "membership_admin", one],
        "revoke": ["revoke", "member", one],
        "add": ["group", "add", group, *who],
        "remove": ["group", "remove", group, *who],
        "create account": [
            *("account", "create", NEWCOMER, "--role", "membership_admin"),
            *("--name", "Nora New"),
        ],
        "update account": ["account", "update", one, "--title", "Head of Ice"],
        "remove account": ["account", "remove", one],
        "create group": ["group", "create", "Moon"],
        "rename group": ["group", "rename", group, "Moon"],
        "delete group": ["group", "delete", group],
    }[name]


def command(door: Door, *words: str) -> subprocess.Popen[str]:
    """The command on its way, with its journal in the door's folder."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("BATON_")}
    return subprocess.Popen(
        [sys.executable, "-m", "rolecall.connector.cli", *words],
        env={
            **kept,
            "BATON_BASE_URL": door.sim.scim_url,
            "BATON_SCIM_TOKEN": door.sim.scim_token,
            "BATON_REQUESTS_PER_SECOND": "0",
            "BATON_JOURNAL": str(door.folder / "journal"),
        },
        cwd=door.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and all that was said."""
    out, err = running.communicate(timeout=60)
    return running.returncode, out + err


def killed(door: Door, words: list[str], when: str, wait_s: float) -> bool:
    """Start the command and kill it; False if it had ended before."""
    sim = door.sim
    running = command(door, *words)

    def reached() -> bool:
        if when == "after the effect":
            return bool(sim.history())
        methods = [one["method"] for one in sim.requests()]
        if when == "while sending":
            return bool({"POST", "PATCH", "DELETE"} & set(methods))
        return bool(methods)

    while not reached() and running.poll() is None:
        time.sleep(0.002)
    time.sleep(wait_s)
    running.kill()
    running.communicate(timeout=60)
    return running.returncode == -9


def one_kill(sim: Simulator, folder: Path, name: str, *, when: str, wait_s: float) -> str:
    """Kill one change, ask the journal, do it again; says how it went."""
    sim.reset(replace(OPTIONS, latency_ms=LATENCY_MS))
    shutil.rmtree(folder / "journal", ignore_errors=True)
    door, case = Door(sim=sim, folder=folder), cases(sim.state())[name]
    before, words = facts(sim.state()), words_of(name, sim)
    hit = killed(door, words, when, wait_s)
    time.sleep(4 * LATENCY_MS / 1000)  # what was on its way arrives
    where = (rig.AGAIN, name, when, wait_s)
    found = facts(sim.state())
    done = case.holds(found)
    assert found in {before, changes_rig.anonymous(case.after(before), found)}, where
    entries = door.entries()
    assert len(entries) == 1 or (not entries and not done), where
    status, said = ended(command(door, "journal", "--resolve"))
    assert status == 0, (where, said)
    states = [one.state for one in door.entries()]
    sent = any(one.called for one in entries)
    assert states == [_expected(done=done, sent=sent)][: len(entries)], (where, states, said)
    door.resolve()
    assert [one.state for one in door.entries()] == ["verified" if done else "failed"][
        : len(entries)
    ], where
    again(door, case, before, words)
    if not hit:
        return "too late"
    return f"{when}: {'done' if done else 'sent, not done' if sent else 'not sent'}"


def _expected(*, done: bool, sent: bool) -> str:
    """What the journal may say right after the crash; what is young may still arrive."""
    if done:
        return "verified"
    return "open" if sent else "failed"


def again(door: Door, case: Case, before: changes_rig.Facts, words: list[str]) -> None:
    """The same command once more makes it so, and a third time it sends nothing."""
    if not case.holds(facts(door.sim.state())):
        status, said = ended(command(door, *words))
        assert status == 0, said
    found = facts(door.sim.state())
    assert found == changes_rig.anonymous(case.after(before), found)
    door.sim.clear_requests()
    status, said = ended(command(door, *words))
    if case.operation.__class__.__name__ in {"RenameGroup", "DeleteGroup", "RemoveAccount"}:
        assert {one["method"] for one in door.sim.requests()} == {"GET"}  # the name is gone
        return
    assert (status, {one["method"] for one in door.sim.requests()}) == (0, {"GET"}), said


@pytest.mark.slow
def test_a_killed_change(sim: Simulator, tmp_path: Path, tell: Tell):
    """Whenever it is killed: the journal tells what is so, and repeating is harmless."""
    thrown, ends = rig.dice("killed changes"), Counter[str]()
    everything = [(name, when) for name in NAMES for when in WHEN]
    for name, when in rig.share(everything, 3, thrown):
        longest = 0.15 if when == "at random" else 0.01
        end = one_kill(sim, tmp_path, name, when=when, wait_s=thrown.uniform(0, longest))
        ends[end] += 1
    tell(f"changes killed: {sum(ends.values())}; {dict(sorted(ends.items()))}")

    assert sum(ends.values()) > ends["too late"]
