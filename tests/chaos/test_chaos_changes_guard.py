"""The guard rails hold at the real command: in any order, twice, at once, with old files.

The simulator is told to allow everything, so that only our own guard stands between an order and
the last workspace owner.
"""

import csv
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rig
from changes_rig import OPTIONS, Door, facts
from test_chaos_changes_kills import command, ended

from notion_sim import Options, Simulator
from rolecall.connector.provision.operations import GrantRole, RemoveAccount, RevokeRole
from rolecall.connector.provision.settle import Desk, Planned, Result, plan, settle
from rolecall.errors import Code, Error, Refused

Tell = Callable[[str], None]

LAWLESS = replace(OPTIONS, users=60, last_owner="allow", token_creator_removal="allow")  # noqa: S106 - a switch


def lawless(sim: Simulator, folder: Path, options: Options = LAWLESS) -> Door:
    """A workspace that refuses nothing, and a token that nobody's leaving kills."""
    sim.reset(options)
    return Door(sim=sim, folder=folder, token=sim.mint_token(""))


def owners(sim: Simulator) -> list[str]:
    """Ids of the workspace owners."""
    return [one["id"] for one in sim.state()["members"] if one["role"] == "owner"]


@pytest.mark.slow
def test_no_order_of_changes_leaves_no_owner(sim: Simulator, tmp_path: Path, tell: Tell):
    """Demotions and removals of all owners, shuffled, with faults and lying hints: one stays."""
    thrown, refused, runs = rig.dice("owners"), 0, rig.amount(40, 4)
    for run in range(runs):
        door = lawless(sim, tmp_path / str(run))
        targets = owners(sim) * 2
        thrown.shuffle(targets)
        hints = [one["id"] for one in sim.state()["members"]]
        sim.set_faults(
            [
                {"fault": kind, "times": 0, "when": {"method": "PATCH", "probability": 0.2}}
                for kind in ("reset_after", "lost_effect", "500")
            ]
        )
        for one in targets:
            operation = thrown.choice(
                [
                    RevokeRole(user_id=one, role="owner"),
                    GrantRole(user_id=one, role="member"),
                    RemoveAccount(user_id=one),
                ]
            )
            lie = thrown.choice(hints)
            said = door.settle(operation, agreed=100, owner_hints=lambda lie=lie: [lie])
            refused += type(said) is Refused
            assert owners(sim), (rig.AGAIN, run, operation, said)
    tell(f"owners: {runs} workspaces, the last one was kept {refused} times")

    assert refused >= runs


def test_plans_made_before_do_not_count(sim: Simulator, tmp_path: Path):
    """All owners' demotions are planned, each with the others in mind, and then carried out."""
    door = lawless(sim, tmp_path)
    wishes = [RevokeRole(user_id=one, role="owner") for one in owners(sim)]

    async def work(desk: Desk) -> list[Result | Error]:
        plans: list[Planned] = [await plan(one, desk) for one in wishes]
        said: list[Result | Error] = []
        for wish, planned in zip(wishes, plans, strict=True):
            try:
                said.append(await settle(wish, desk, planned=planned))
            except Error as error:
                said.append(error)
        return said

    said = door.at(work, agreed=100)
    assert [type(one) for one in said] == [*[Result] * (len(wishes) - 1), Refused]
    assert len(owners(sim)) == 1


def test_the_cap_counts_people_over_all_commands(sim: Simulator, tmp_path: Path):
    """Ten in ten processes, then one more: it is refused, with the number that would do."""
    door = lawless(sim, tmp_path)
    people = [one["id"] for one in sim.state()["members"] if one["role"] == "member"]
    for one in people[:10]:
        assert isinstance(door.settle(GrantRole(user_id=one, role="membership_admin")), Result)
    before = facts(sim.state())
    said = door.settle(RemoveAccount(user_id=people[10]))

    assert isinstance(said, Refused)
    assert "--yes-really 11" in said.hint
    assert facts(sim.state()) == before
    # who was changed already may be changed again
    assert isinstance(door.settle(GrantRole(user_id=people[3], role="member")), Result)
    assert isinstance(door.settle(RemoveAccount(user_id=people[10]), agreed=11), Result)


def rows(folder: Path, wishes: list[dict[str, str]]) -> Path:
    """A batch."""
    file = folder / "batch.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ["operation", "who", "entitlement"])
        writer.writeheader()
        writer.writerows(wishes)
    return file


@pytest.mark.slow
def test_two_rows_for_one_person(sim: Simulator, tmp_path: Path):
    """By address and by id they are one of ten, and the eleventh is refused."""
    door = lawless(sim, tmp_path)
    people = [one for one in sim.state()["members"] if one["role"] == "member"]
    wishes = [
        {"operation": "grant", "who": who, "entitlement": "membership_admin"}
        for one in people[:10]
        for who in (one["email"], one["id"], one["email"].upper())
    ]
    status, said = ended(command(door, "apply", str(rows(tmp_path, wishes))))
    assert status == 0, said
    one_more = [{"operation": "account remove", "who": people[10]["email"], "entitlement": ""}]
    status, said = ended(command(door, "apply", str(rows(tmp_path, one_more))))
    assert status == Code.FAILED_PRECONDITION, said
    assert "--yes-really 11" in said


@pytest.mark.slow
def test_a_batch_of_all_owners(sim: Simulator, tmp_path: Path):
    """Each is demoted or removed, under two names: the last one stays."""
    door = lawless(sim, tmp_path)
    state = sim.state()
    wishes = []
    for number, one in enumerate(one for one in state["members"] if one["role"] == "owner"):
        what = ("revoke", "account remove")[number % 2]
        entitlement = "owner" if what == "revoke" else ""
        wishes += [
            {"operation": what, "who": who, "entitlement": entitlement}
            for who in (one["email"], one["id"])
        ]
    sim.world.scim_token = door.token
    status, said = ended(command(door, "apply", str(rows(tmp_path, wishes))))

    assert status == Code.FAILED_PRECONDITION, said
    assert len(owners(sim)) == 1


@pytest.mark.slow
def test_two_processes_on_one_journal(sim: Simulator, tmp_path: Path):
    """While one changes something the other is told so, and changes nothing."""
    door = lawless(sim, tmp_path)
    people = [one for one in sim.state()["members"] if one["role"] == "member"]
    sim.set_faults([{"fault": "slow", "ms": 3000, "when": {"method": "PATCH"}}])
    first = command(door, "grant", "membership_admin", people[0]["email"])
    while not sim.history():
        time.sleep(0.01)
        assert first.poll() is None
    status, said = ended(command(door, "grant", "membership_admin", people[1]["email"]))
    others = [one for one in sim.state()["members"] if one["id"] == people[1]["id"]]
    first_status, _ = ended(first)

    assert (status, first_status) == (Code.ABORTED, 0), said
    assert "Another process" in said
    assert others[0]["role"] == "member"


@pytest.mark.slow
def test_a_file_from_before(sim: Simulator, tmp_path: Path):
    """The last sync knows two owners, Notion by now only one: the file is not believed."""
    door = lawless(sim, tmp_path, replace(LAWLESS, users=40))
    assert len(owners(sim)) == 2
    sim.world.scim_token = door.token
    status, said = ended(command(door))  # a sync
    assert status == 0, said
    first, second = owners(sim)
    sim.set_role(first, "member")
    sim.clear_requests()
    status, said = ended(command(door, "revoke", "owner", second))

    assert status == Code.FAILED_PRECONDITION, said
    assert owners(sim) == [second]
    assert any(first in one["path"] for one in sim.requests())  # the hint was looked at
