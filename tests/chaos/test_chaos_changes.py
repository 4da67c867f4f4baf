"""Every write, every fault, every request: the last word is what the workspace holds."""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import changes_rig
import pytest
import rig
from changes_rig import OPTIONS, Door, cases, facts, judge, word_of

from notion_sim import Simulator
from rolecall.connector.provision.operations import (
    CreateAccount,
    CreateGroup,
    GrantRole,
    RevokeRole,
    UpdateAccount,
)
from rolecall.connector.provision.settle import Result
from rolecall.errors import Error, Unverified

Tell = Callable[[str], None]

NAMES = (
    "grant",
    "revoke",
    "add",
    "remove",
    "remove that drops all",
    "create account",
    "update account",
    "remove account",
    "create group",
    "rename group",
    "delete group",
)
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"fault": "429", "retry_after": 0},
    "429 silent": {"fault": "429", "retry_after": "none"},
    "429 for long": {"fault": "429", "retry_after": 3600},
    "500": {"fault": "500"},
    "502_html": {"fault": "502_html"},
    "503": {"fault": "503", "retry_after": 0},
    "503_html": {"fault": "503_html"},
    "529": {"fault": "529"},
    "403_html": {"fault": "403_html"},
    "reset_before": {"fault": "reset_before"},
    "reset_after": {"fault": "reset_after"},
    "cut_body": {"fault": "cut_body"},
    "truncated_json": {"fault": "truncated_json"},
    "wrong_content_type": {"fault": "wrong_content_type"},
    "slow": {"fault": "slow", "ms": 1000 * changes_rig.TIMEOUT_S * 1.5},
    "lost_effect": {"fault": "lost_effect"},
    "token_revoked": {"fault": "token_revoked"},
}
ALWAYS = {"after": 0}
LATE_MS = 60


def fresh(sim: Simulator, folder: Path, name: str) -> tuple[Door, changes_rig.Case]:
    """A new workspace, an empty journal, and a case."""
    sim.reset(OPTIONS)
    sim.set_faults([])
    shutil.rmtree(folder / "journal", ignore_errors=True)
    case = cases(sim.state())[name]
    for switch, value in case.switches.items():
        sim.switch(switch, value)
    return Door(sim=sim, folder=folder), case


def closed(door: Door, case: changes_rig.Case, said: Result | Error) -> None:
    """The journal says the same as the last word, then as the workspace; repeating is harmless."""
    entries = door.entries()
    if isinstance(said, Result):
        assert [one.state for one in entries] == ["verified"], rig.AGAIN
    elif isinstance(said, Unverified):
        assert [one.state for one in entries] in (["open"], ["failed"]), (rig.AGAIN, said)
    else:
        assert [one.state for one in entries] in ([], ["failed"]), (rig.AGAIN, said)
    for file in (door.folder / "journal").glob("*"):
        assert door.sim.scim_token not in file.read_text(encoding="utf-8")
    door.sim.set_faults([])
    door.renew_token()
    was_open = [one.opened.id for one in entries if one.state == "open"]
    resolved = door.resolve()
    held = case.holds(facts(door.sim.state()))
    assert [(one.opened.id, one.state) for one, _ in resolved] == [
        (one, "verified" if held else "failed") for one in was_open
    ], (rig.AGAIN, resolved)


def repeated(door: Door, case: changes_rig.Case, before: changes_rig.Facts) -> None:
    """Once more, undisturbed: then it is so, and nothing else is."""
    others = isinstance(door.entries()[-1:], list) and any(
        "others lost" in one.says for entry in door.entries() for one in entry.happened
    )
    said = door.settle(case.operation)
    assert isinstance(said, Result), (rig.AGAIN, said)
    found = facts(door.sim.state())
    if not others:  # what could not be mended was said; the second time nobody knows of it
        expected = changes_rig.anonymous(case.after(before), found)
        assert found == expected, (rig.AGAIN, changes_rig.rig_differs(found, expected))


def strike(
    sim: Simulator, folder: Path, name: str, rule: dict[str, Any]
) -> tuple[str, int, tuple[Any, ...]]:
    """One change with a fault: the kind of its last word, and how often the fault struck."""
    door, case = fresh(sim, folder, name)
    before = facts(sim.state())
    sim.clear_requests()
    sim.set_faults([{"name": "it", **rule}])
    said = door.settle(case.operation)
    fired = sim.fired()["it"]
    if rule["fault"] == "slow":
        time.sleep(0.02)
    judge(case, before, facts(sim.state()), said)
    closed(door, case, said)
    repeated(door, case, before)
    return word_of(said), fired, (said,)


def undisturbed(sim: Simulator, folder: Path, name: str) -> list[str]:
    """The methods of the requests of one change that nothing disturbs."""
    door, case = fresh(sim, folder, name)
    before = facts(sim.state())
    sim.clear_requests()
    said = door.settle(case.operation)
    assert word_of(said) == "verified", said
    asked = [one["method"] for one in sim.requests()]
    judge(case, before, facts(sim.state()), said)
    return asked


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.slow
def test_a_fault_at_every_request_of_a_change(
    sim: Simulator, tmp_path: Path, tell: Tell, fault: str
):
    """Once, thrice, or from there on: verified is so, refused is not, others are not touched."""
    thrown, ends, fired, tried = rig.dice(f"change {fault}"), Counter[str](), 0, 0
    for name in rig.share(NAMES, 1, thrown):
        asked = undisturbed(sim, tmp_path, name)
        writes = [n for n, method in enumerate(asked, 1) if method != "GET"]
        places = sorted({*writes, *rig.share(range(1, len(asked) + 1), 1, thrown)})
        rules = [{"when": {"requests": [n]}, "times": 1} for n in places]
        rules += [{"when": {"after": n - 1}, "times": t} for n in writes for t in (3, 0)]
        for rule in rules:
            end, hit, said = strike(sim, tmp_path, name, {**rule, **FAULTS[fault]})
            fired, tried = fired + hit, tried + 1
            ends[end] += 1
            assert hit, (rig.AGAIN, name, rule, said)
    tell(f"{fault}: fired {fired} times in {tried} changes; {dict(sorted(ends.items()))}")

    assert fired > 0


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.slow
def test_a_fault_at_every_write(sim: Simulator, tmp_path: Path, tell: Tell, fault: str):
    """Only the writes are hit, all of them: what could be seen was seen, and the word is exact."""
    ends, fired = Counter[str](), 0
    for name in rig.share(NAMES, 1, rig.dice(f"writes {fault}")):
        asked = undisturbed(sim, tmp_path, name)
        (method,) = {one for one in asked if one != "GET"}
        rule = {"when": {"method": method}, "times": 0, **FAULTS[fault]}
        end, hit, _ = strike(sim, tmp_path, name, rule)
        fired += hit
        ends[end] += 1
    tell(f"{fault} at every write: fired {fired} times; {dict(sorted(ends.items()))}")

    assert fired > 0
    if fault in {"reset_after", "cut_body", "truncated_json", "wrong_content_type", "slow"}:
        assert set(ends) == {"verified"}
    elif fault == "lost_effect":
        assert set(ends) <= {"Unverified"}
    elif fault != "token_revoked":
        assert "verified" not in ends


@pytest.mark.slow
def test_an_effect_that_comes_late(sim: Simulator, tmp_path: Path, tell: Tell):
    """The connection is reset and the effect comes when we have looked: in the end it is so."""
    ends, chosen = Counter[str](), rig.share(NAMES, 2, rig.dice("late"))
    for name, times in ((name, times) for name in chosen for times in (1, 0)):
        (method,) = {one for one in undisturbed(sim, tmp_path, name) if one != "GET"}
        door, case = fresh(sim, tmp_path, name)
        before = facts(sim.state())
        sim.set_faults(
            [{"name": "it", "fault": "reset_late", "ms": LATE_MS, "times": times}
             | {"when": {"method": method}}]
        )  # fmt: skip
        said = door.settle(case.operation)
        assert sim.fired()["it"] > 0
        time.sleep(2 * LATE_MS / 1000)
        ends[word_of(said)] += 1
        if isinstance(said, Error):
            assert "may still take effect" in said.hint, said
        elif "drops all" not in name:  # a second removal of all may come after the mending
            found = facts(sim.state())
            assert case.holds(found), (rig.AGAIN, said)
            assert found == changes_rig.anonymous(case.after(before), found)
    tell(f"late effect: {dict(sorted(ends.items()))}")

    assert sum(ends.values()) == 2 * len(chosen)


def meddlings(case: changes_rig.Case) -> dict[str, dict[str, Any]]:
    """What another admin may do to those whom a case is about."""
    does = case.operation
    user = getattr(does, "user_id", "") or next(iter(getattr(does, "user_ids", ("",))))
    group = getattr(does, "group_id", "")
    found: dict[str, dict[str, Any]] = {}
    if user:
        found["role"] = {"do": "role", "user": user, "role": "owner"}
        found["same role"] = {"do": "role", "user": user, "role": getattr(does, "role", "member")}
        found["leave"] = {"do": "leave", "user": user}
    if group:
        found["delete"] = {"do": "delete", "group": group}
        found["rename"] = {"do": "rename", "group": group, "called": "Night"}
    if group and user:
        found["in"] = {"do": "in", "group": group, "user": user}
        found["out"] = {"do": "out", "group": group, "user": user}
    if isinstance(name := getattr(does, "name", ""), str) and name:
        found["create"] = {"do": "create", "called": str(name)}
    if address := getattr(does, "user_name", ""):
        found["invite"] = {"do": "invite", "email": address, "role": "member"}
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_another_admin_at_the_same_moment(sim: Simulator, tmp_path: Path, tell: Tell, name: str):
    """Before each of our requests, what concerns the same people: the word is true at its time."""
    ends, thrown, fired = Counter[str](), rig.dice(f"meddle {name}"), 0
    asked = undisturbed(sim, tmp_path, name)
    _, case = fresh(sim, tmp_path, name)
    everything = [(what, n) for what in meddlings(case) for n in range(1, len(asked) + 1)]
    for what, number in rig.share(everything, 2, thrown):
        door, case = fresh(sim, tmp_path, name)
        untouched = _untouched(facts(sim.state()), case)
        rule = {"name": "it", "fault": "meddle", **meddlings(case)[what]}
        sim.clear_requests()
        sim.set_faults([{**rule, "when": {"requests": [number]}}])
        said = door.settle(case.operation)
        fired += sim.fired()["it"]
        found = facts(sim.state())
        where = (rig.AGAIN, name, what, number, said)
        told_differently = isinstance(said, Result) and bool(said.differs)
        if not isinstance(said, Unverified) and not told_differently:
            assert _so(case, found) is isinstance(said, Result), where
        assert _untouched(found, case) == untouched, where
        ends[f"{what}: {word_of(said)}"] += 1
    tell(f"{name}, another admin: fired {fired} times; {dict(sorted(ends.items()))}")

    assert fired > 0


def _so(case: changes_rig.Case, found: changes_rig.Facts) -> bool:
    """Whether the one thing is so that was asked, whatever else has become of them."""
    match case.operation:
        case CreateAccount(user_name=name):
            so = ("member", name) in found
        case CreateGroup(name=name):
            so = any(fact[0] == "group" and fact[2] == name for fact in found)
        case RevokeRole():
            so = not case.gone & found
        case GrantRole():
            so = case.new <= found
        case UpdateAccount():
            so = any(fact[0] == "profile" and "Head of Ice" in fact for fact in found)
        case _:
            so = case.holds(found)
    return so


def _untouched(found: changes_rig.Facts, case: changes_rig.Case) -> changes_rig.Facts:
    """The facts about everybody and everything that neither of the two admins is about."""
    about = {*case.about, getattr(case.operation, "group_id", ""), "Moon", "Night"}
    user = getattr(case.operation, "user_ids", ("",))[0]
    about |= {user}
    return frozenset(fact for fact in found if not about & set(fact[1:3]))
