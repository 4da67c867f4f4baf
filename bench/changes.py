"""What a verified change costs in requests, as the simulator counts them; prints a Markdown table.

Measures the change itself, at a desk that knows the ids, and the command, which has to find them by
their names first; and a batch of 1,000 additions to 10 groups. Times are not measured: Notion's
limit is on requests.
"""

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from notion_sim import Options, Simulator
from rolecall.baton.ids import ksuid
from rolecall.connector.job import Access, Travel, connect
from rolecall.connector.provision.journal import locked_journal
from rolecall.connector.provision.operations import (
    AddToGroup,
    AnyOperation,
    CreateAccount,
    CreateGroup,
    DeleteGroup,
    GrantRole,
    RemoveAccount,
    RemoveFromGroup,
    RenameGroup,
    RevokeRole,
    UpdateAccount,
)
from rolecall.connector.provision.settle import Desk, settle
from rolecall.connector.provision.undo import undo
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace

__all__ = ["main"]

WORKSPACE = Options(users=1_200, groups=12, members_per_group=5, seed=7, gaps_percent=0)
PEOPLE, GROUPS = 1_000, 10
ROLE_TARGET = GROUP_TARGET = 3
OWNER_TARGET = 4
HEAD = "| change | requests of the change | target | requests of the command |\n|---|---|---|---|"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One change, by ids and as a person types it."""

    name: str
    operation: AnyOperation
    words: tuple[str, ...]
    target: int | None = None
    hints: tuple[str, ...] = ()


def cases(state: dict[str, Any]) -> list[Case]:
    """Every change, each about somebody else."""
    keepers = {one["creator"] for one in state["tokens"]}
    domain = f"@{state['workspace']['domain']}"
    people = [
        one for one in state["members"] if one["role"] == "member" and one["email"].endswith(domain)
    ]
    owners = [one for one in state["members"] if one["role"] == "owner"]
    other, owner = owners[0], next(one for one in owners[1:] if one["id"] not in keepers)
    first, second, third = [one for one in state["groups"] if not one["last_access"]][:3]
    inside = next(one for one in state["members"] if one["id"] == first["members"][0])
    absent = [one for one in people if one["id"] not in first["members"]]
    return [
        Case(
            name="grant a role",
            operation=GrantRole(user_id=people[0]["id"], role="membership_admin"),
            words=("grant", "membership_admin", people[0]["email"]),
            target=ROLE_TARGET,
        ),
        Case(
            name="revoke a role",
            operation=RevokeRole(user_id=people[1]["id"], role="member"),
            words=("revoke", "member", people[1]["email"]),
            target=ROLE_TARGET,
        ),
        Case(
            name="revoke the owner role, another owner being known",
            operation=RevokeRole(user_id=owner["id"], role="owner"),
            words=("revoke", "owner", owner["email"]),
            target=OWNER_TARGET,
            hints=(other["id"],),
        ),
        Case(
            name="add to a group",
            operation=AddToGroup(group_id=first["id"], user_ids=(absent[2]["id"],)),
            words=("group", "add", first["name"], absent[2]["email"]),
            target=GROUP_TARGET,
        ),
        Case(
            name="remove from a group",
            operation=RemoveFromGroup(group_id=first["id"], user_ids=(inside["id"],)),
            words=("group", "remove", first["name"], inside["email"]),
            target=GROUP_TARGET,
        ),
        Case(
            name="create an account",
            operation=CreateAccount(user_name=f"nora{domain}", role="member"),
            words=("account", "create", f"nora{domain}"),
        ),
        Case(
            name="update an account",
            operation=UpdateAccount(user_id=people[3]["id"], attributes={"title": "Head of Ice"}),
            words=("account", "update", people[3]["email"], "--title", "Head of Ice"),
        ),
        Case(
            name="remove an account",
            operation=RemoveAccount(user_id=people[4]["id"]),
            words=("account", "remove", people[4]["email"]),
        ),
        Case(
            name="create a group",
            operation=CreateGroup(name="Moon"),
            words=("group", "create", "Moon"),
        ),
        Case(
            name="rename a group",
            operation=RenameGroup(group_id=second["id"], name="Sun"),
            words=("group", "rename", second["name"], "Sun"),
        ),
        Case(
            name="delete a group",
            operation=DeleteGroup(group_id=third["id"]),
            words=("group", "delete", third["name"]),
        ),
    ]


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


async def at_a_desk(sim: Simulator, case: Case, folder: Path) -> tuple[int, int]:
    """Requests of one change, and of undoing it."""
    access = Access(url=sim.scim_url, token=sim.scim_token)
    async with connect(access, Travel(requests_per_second=0), now) as client:
        with locked_journal(folder) as journal:
            desk = Desk(
                eyes=Finder(client, ScimWorkspace(client, notice=lambda _: None)),
                hands=client,
                journal=journal,
                now=now,
                new_id=lambda: ksuid(now(), os.urandom(16)),
                actor="the bench",
                workspace=access.url,
                owner_hints=lambda: case.hints,
                agreed=2 * PEOPLE,
            )
            result = await settle(case.operation, desk)
            if result.already:
                raise SystemExit(f"{case.name}: nothing was to be done.")
            spent = client.counters.requests
            await undo(result.entry, desk)
            return spent, client.counters.requests - spent


def by_command(sim: Simulator, words: Sequence[str], folder: Path) -> int:
    """Requests of the command."""
    sim.clear_requests()
    ended = subprocess.run(
        [sys.executable, "-m", "rolecall.connector.cli", *words],
        env={
            **os.environ,
            "BATON_BASE_URL": sim.scim_url,
            "BATON_SCIM_TOKEN": sim.scim_token,
            "BATON_REQUESTS_PER_SECOND": "0",
            "BATON_JOURNAL": str(folder),
        },
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{' '.join(words)}: {ended.stderr[-2000:]}")
    return len(sim.requests())


def row(case: Case, place: Path) -> str:
    """One line of the table."""
    with Simulator(WORKSPACE) as sim:
        spent, back = asyncio.run(at_a_desk(sim, case, place / "desk"))
    with Simulator(WORKSPACE) as sim:
        typed = by_command(sim, case.words, place / "journal")
    target = "-" if case.target is None else verdict(spent, case.target)
    return f"| {case.name} | {spent} (undo {back}) | {target} | {typed} |"


def verdict(number: float, target: float) -> str:
    """Whether a target is met, and by how much it is missed."""
    met = "ok" if number <= target else f"**missed by {number / target - 1:.0%}**"
    return f"≤ {target} {met}"


def batch(place: Path) -> str:
    """1,000 additions to 10 groups, one row each, by the command."""
    with Simulator(WORKSPACE) as sim:
        state = sim.state()
        groups = state["groups"][:GROUPS]
        taken = {uid for one in groups for uid in one["members"]}
        people = [one for one in state["members"] if one["id"] not in taken][:PEOPLE]
        file = place / "batch.csv"
        with file.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["operation", "group", "who"])
            for number, one in enumerate(people):
                writer.writerow(["group add", groups[number % GROUPS]["name"], one["email"]])
        spent = by_command(
            sim, ("apply", str(file), "--yes-really", str(len(people))), place / "journal"
        )
        added = sim.state()["totals"]["memberships"] - state["totals"]["memberships"]
        patches = sum(one["method"] == "PATCH" for one in sim.requests())
    if added != len(people):
        raise SystemExit(f"The batch added {added} of {len(people)}.")
    return (
        f"`apply` of {added:,} additions to {GROUPS} groups, one per row: {spent} requests, "
        f"{patches} of them PATCH; {spent / added:.3f} per change, everybody's name looked up."
    )


def main() -> None:
    """Measure everything and print one JSON list of lines."""
    with Simulator(WORKSPACE) as sim:
        chosen = cases(sim.state())
    lines = [HEAD]
    for case in chosen:
        with TemporaryDirectory() as folder:
            lines.append(row(case, Path(folder)))
    with TemporaryDirectory() as folder:
        lines += ["", batch(Path(folder))]
    sys.stdout.write(json.dumps({"lines": lines}) + "\n")


if __name__ == "__main__":
    main()
