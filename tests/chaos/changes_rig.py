"""One change at a simulator, and what must be true after it; worked out from the simulator alone.

Owns the facts of a workspace as a set, what each operation does to them, and the judgement of a
last word. Refuses to use our own reading of Notion for the truth.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import rig

from notion_sim import Options, Simulator
from rolecall.baton.ids import ksuid
from rolecall.connector.job import Access, Travel, connect
from rolecall.connector.provision.journal import Entry, FolderJournal, locked_journal
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
from rolecall.connector.provision.settle import Desk, Result, resolve, settle
from rolecall.errors import Error, Unverified
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace

T = TypeVar("T")
Fact: TypeAlias = tuple[str, ...]
Facts: TypeAlias = frozenset[Fact]

OPTIONS = Options(
    users=14,
    groups=5,
    members_per_group=4,
    guests=1,
    bots=0,
    seed=5,
    gaps_percent=0,
    last_access_percent=0,
)
TIMEOUT_S = 0.15
"""How long an answer may take; the fault `slow` takes longer."""

NEWCOMER = "nora.new@larkspur.example"
FLOOR = "restricted_member"


def facts(state: Mapping[str, Any]) -> Facts:
    """Everything that anybody could change, people by address and groups by id."""
    address = {one["id"]: one["email"] for one in state["members"]}
    found: set[Fact] = set()
    for one in state["members"]:
        found |= {("member", one["email"]), ("role", one["email"], one["role"])}
        profile = (one[key] or "" for key in ("display", "formatted", "title", "department"))
        found.add(("profile", one["email"], *profile, " ".join(one["emails"])))
    for one in state["groups"]:
        found |= {("group", one["id"], one["name"])}
        found |= {("in", one["id"], address.get(uid, uid)) for uid in one["members"]}
    return frozenset(found)


def nameless(found: Facts) -> Facts:
    """The same with groups by name, for what has been made anew."""
    names = {fact[1]: fact[2] for fact in found if fact[0] == "group"}
    return frozenset(
        (fact[0], names[fact[1]], *fact[2:]) if fact[0] in {"group", "in"} else fact
        for fact in found
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """An operation at a workspace, and what it shall come to."""

    operation: AnyOperation
    gone: frozenset[Fact]
    """Facts that it ends."""

    new: frozenset[Fact]
    """Facts that it begins; a group without an id yet has "" for it."""

    about: frozenset[str]
    """Addresses and group ids of whom it is about; nobody else may be touched."""

    switches: Mapping[str, str] = field(default_factory=dict)

    def after(self, before: Facts) -> Facts:
        """The facts when all is done."""
        return (before - self.gone) | self.new

    def holds(self, found: Facts) -> bool:
        """Whether it is so."""
        return anonymous(self.new, found) <= found and not self.gone & found


def anonymous(new: Facts, found: Facts) -> Facts:
    """Put the id of a group that has been made where there was none."""
    ids = {fact[2]: fact[1] for fact in found if fact[0] == "group"}
    return frozenset(
        ("group", ids.get(fact[2], ""), fact[2]) if fact[:2] == ("group", "") else fact
        for fact in new
    )


@dataclass(kw_only=True)
class People:
    """Whom the cases are about."""

    state: Mapping[str, Any]

    def role(self, role: str, nth: int = 0) -> Mapping[str, Any]:
        """A member of a role, never the maker of the token."""
        keepers = {one["creator"] for one in self.state["tokens"]}
        domain = f"@{self.state['workspace']['domain']}"
        found = [
            one
            for one in self.state["members"]
            if one["role"] == role and one["id"] not in keepers and one["email"].endswith(domain)
        ]
        return dict(found[nth])

    def group(self, nth: int = 0) -> Mapping[str, Any]:
        """A group with members."""
        return dict(self.state["groups"][nth])

    def address(self, uid: str) -> str:
        """By id."""
        return str(next(one["email"] for one in self.state["members"] if one["id"] == uid))


def _role(who: Mapping[str, Any], role: str) -> dict[str, Any]:
    return {
        "gone": frozenset({("role", who["email"], who["role"])}),
        "new": frozenset({("role", who["email"], role)}),
        "about": frozenset({who["email"]}),
    }


def _memberships(state: Mapping[str, Any], who: Mapping[str, Any]) -> set[Fact]:
    return {
        ("in", one["id"], who["email"]) for one in state["groups"] if who["id"] in one["members"]
    }


def _of(found: Facts, *keys: str) -> frozenset[Fact]:
    return frozenset(fact for fact in found if set(keys) & set(fact[1:3]))


def cases(state: Mapping[str, Any]) -> dict[str, Case]:
    """Every operation, on people and groups of a workspace."""
    people, now = People(state=state), facts(state)
    ann, bob = people.role("member"), people.role("member", 1)
    group = people.group()
    inside, other = group["members"][0], group["members"][1]
    outside = next(
        one
        for one in state["members"]
        if one["id"] not in group["members"] and one["role"] == "member"
    )
    return {
        "grant": Case(
            operation=GrantRole(user_id=ann["id"], role="membership_admin"),
            **_role(ann, "membership_admin"),
        ),
        "revoke": Case(operation=RevokeRole(user_id=bob["id"], role="member"), **_role(bob, FLOOR)),
        "add": Case(
            operation=AddToGroup(group_id=group["id"], user_ids=(outside["id"], inside)),
            gone=frozenset(),
            new=frozenset({("in", group["id"], outside["email"])}),
            about=frozenset({outside["email"]}),
        ),
        **{
            name: Case(
                operation=RemoveFromGroup(group_id=group["id"], user_ids=(inside, other)),
                gone=frozenset(("in", group["id"], people.address(uid)) for uid in (inside, other)),
                new=frozenset(),
                about=frozenset({people.address(inside), people.address(other)}),
                switches=switches,
            )
            for name, switches in (
                ("remove", {}),
                ("remove that drops all", {"patch_remove": "drops_all"}),
            )
        },
        "create account": Case(
            operation=CreateAccount(
                user_name=NEWCOMER, role="membership_admin", name={"formatted": "Nora New"}
            ),
            gone=frozenset(),
            new=frozenset(
                {
                    ("member", NEWCOMER),
                    ("role", NEWCOMER, "membership_admin"),
                    ("profile", NEWCOMER, "Nora New", "Nora New", "", "", NEWCOMER),
                }
            ),
            about=frozenset({NEWCOMER}),
        ),
        "update account": _update(ann, now),
        "remove account": Case(
            operation=RemoveAccount(user_id=inside),
            gone=_of(now, people.address(inside)),
            new=frozenset(),
            about=frozenset({people.address(inside)}),
        ),
        "create group": Case(
            operation=CreateGroup(name="Moon"),
            gone=frozenset(),
            new=frozenset({("group", "", "Moon")}),
            about=frozenset({"Moon"}),
        ),
        "rename group": Case(
            operation=RenameGroup(group_id=group["id"], name="Moon"),
            gone=frozenset({("group", group["id"], group["name"])}),
            new=frozenset({("group", group["id"], "Moon")}),
            about=frozenset({group["id"]}),
        ),
        "delete group": Case(
            operation=DeleteGroup(group_id=group["id"]),
            gone=_of(now, group["id"]),
            new=frozenset(),
            about=frozenset({group["id"]}),
        ),
    }


def _update(who: Mapping[str, Any], now: Facts) -> Case:
    (was,) = (fact for fact in now if fact[:2] == ("profile", who["email"]))
    return Case(
        operation=UpdateAccount(user_id=who["id"], attributes={"title": "Head of Ice"}),
        gone=frozenset({was}),
        new=frozenset({(*was[:4], "Head of Ice", *was[5:])}),
        about=frozenset({who["email"]}),
    )


def now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def later() -> datetime:
    """When nothing can be on its way any more."""
    return now() + timedelta(minutes=2)


@dataclass(kw_only=True)
class Door:
    """Where changes are made: a simulator, a folder for the journal."""

    sim: Simulator
    folder: Path
    token: str = ""
    requests: int = 0

    def at(self, work: Callable[[Desk], Awaitable[T]], **more: Any) -> T:
        """Do one piece of work at a desk of its own."""
        return asyncio.run(self._at(work, more))

    async def _at(self, work: Callable[[Desk], Awaitable[T]], more: dict[str, Any]) -> T:
        access = Access(url=self.sim.scim_url, token=self.token or self.sim.scim_token)
        travel = Travel(
            requests_per_second=0, timeout_s=TIMEOUT_S, patience=rig.PATIENCE, page_size=100
        )
        async with connect(access, travel, now) as client:
            finder = Finder(client, ScimWorkspace(client, notice=lambda _: None))
            with locked_journal(self.folder / "journal") as journal:
                desk = Desk(
                    eyes=finder,
                    hands=client,
                    journal=journal,
                    now=now,
                    new_id=lambda: ksuid(now(), os.urandom(16)),
                    actor="a test",
                    workspace=access.url,
                )
                try:
                    return await work(replace(desk, **more))
                finally:
                    self.requests = client.counters.requests

    def settle(self, operation: AnyOperation, **more: Any) -> Result | Error:
        """One change, and its last word."""

        async def work(desk: Desk) -> Result:
            return await settle(operation, desk)

        try:
            return self.at(work, **more)
        except Error as error:
            return error

    def resolve(self) -> list[tuple[Entry, str]]:
        """What became of open entries, when nothing is on its way any more."""
        return self.at(resolve, now=later)

    def entries(self) -> list[Entry]:
        """The journal."""
        folder = self.folder / "journal"
        return list(FolderJournal(folder).entries()) if folder.exists() else []

    def renew_token(self) -> None:
        """Another owner makes a token, if the old one is dead."""
        owner = next(one["id"] for one in self.sim.state()["members"] if one["role"] == "owner")
        self.token = self.sim.mint_token(owner)


def word_of(said: Result | Error) -> str:
    """The kind of a last word."""
    if isinstance(said, Error):
        return type(said).__name__
    return "already" if said.already else "verified"


def judge(case: Case, before: Facts, found: Facts, said: Result | Error) -> None:
    """Hold a last word against the workspace.

    Raises:
        AssertionError: it is not so.
    """
    done = anonymous(case.after(before), found)
    if isinstance(said, Unverified):
        halfway = done - {fact for fact in done if fact[0] == "in"}  # everybody was dropped
        assert found in {before, done} or halfway <= found <= done, rig_differs(found, done)
        assert "could not be seen" in said.what or not case.holds(found) or "others" in said.what
    elif isinstance(said, Error):
        assert found == before, (said, rig_differs(found, before))
    else:
        assert found == done, (said, rig_differs(found, done))


def rig_differs(found: Facts, expected: Facts) -> str:
    """The first few differences, for the eye."""
    return f"too many {sorted(found - expected)[:4]}, missing {sorted(expected - found)[:4]}"
