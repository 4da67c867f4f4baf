"""Whatever is done to the same few people and groups, in whatever order, with whatever mishaps.

The state at the end is the one that the last words claim, and undoing all of it in reverse order
leads back to the start, new ids aside. The truth is the simulator's state.
"""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

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
from rolecall.connector.provision.settle import Desk, Hands, Result, resolve, settle
from rolecall.connector.provision.undo import undo
from rolecall.errors import Error, Unverified
from rolecall.notion.changes import Change
from rolecall.notion.client import Patience, Sent
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace

T = TypeVar("T")
Fact: TypeAlias = tuple[str, ...]

RUNS = os.environ.get("RUNS", "")
EXAMPLES = 600 if RUNS == "all" else int(RUNS or 8)
SEED = os.environ.get("SEED", "")

OPTIONS = Options(
    users=9,
    groups=3,
    members_per_group=3,
    guests=0,
    bots=0,
    seed=11,
    gaps_percent=0,
    last_access_percent=0,
    user_name="any",
)
ROLES = ("owner", "membership_admin", "member", "restricted_member")
NEWCOMERS = ("nora@larkspur.example", "omar@larkspur.example")
NAMES = ("Moon", "Sun")
MISHAPS: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"fault": "reset_before"},
    {"fault": "reset_after"},
    {"fault": "lost_effect"},
    {"fault": "500", "times": 3},
    {"fault": "502_html", "times": 2},
    {"fault": "429", "retry_after": 0, "times": 9},
    {"fault": "403_html"},
    {"fault": "cut_body", "times": 0},
    {"fault": "lost_effect", "times": 0},
)
person = st.integers(0, 2)
group = st.integers(0, 2)
role = st.sampled_from(ROLES)
wishes = st.one_of(
    st.tuples(st.just("grant"), person, role),
    st.tuples(st.just("revoke"), person, role),
    st.tuples(st.just("add"), group, st.lists(person, min_size=1, max_size=3)),
    st.tuples(st.just("take"), group, st.lists(person, min_size=1, max_size=3)),
    st.tuples(st.just("invite"), st.integers(0, 1), role),
    st.tuples(st.just("update"), person, st.sampled_from(["Clerk", "Head of Ice"])),
    st.tuples(st.just("remove"), person, st.none()),
    st.tuples(st.just("make"), st.sampled_from(NAMES), st.none()),
    st.tuples(st.just("rename"), group, st.sampled_from(NAMES)),
    st.tuples(st.just("delete"), group, st.none()),
)
stories = st.lists(
    st.tuples(wishes, st.sampled_from(MISHAPS), st.integers(0, 11).map(lambda n: n == 0)),
    min_size=1,
    max_size=9,
)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    """A simulator; each story begins anew."""
    with Simulator(OPTIONS) as running:
        yield running


def facts(state: Mapping[str, Any]) -> frozenset[Fact]:
    """Who is there as what and where, by addresses and by the groups' names."""
    address = {one["id"]: one["email"] for one in state["members"]}
    found: set[Fact] = {("group", one["name"]) for one in state["groups"]}
    for one in state["members"]:
        found |= {("role", one["email"], one["role"]), ("title", one["email"], one["title"])}
        found.add(("name", one["email"], one["formatted"] or ""))
    for one in state["groups"]:
        found |= {("in", one["name"], address[uid]) for uid in one["members"]}
    return frozenset(found)


class _Blinding:
    """Hands after whose work nothing can be seen."""

    def __init__(self, hands: Hands, sim: Simulator) -> None:
        self._hands, self._sim = hands, sim

    async def send(self, change: Change) -> Sent:
        """Send one; then it is dark."""
        try:
            return await self._hands.send(change)
        finally:
            self._sim.set_faults([{"fault": "503", "times": 0, "when": {"method": "GET"}}])


class Story:
    """One sequence of changes at a fresh workspace."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        sim.reset(OPTIONS)
        shutil.rmtree(folder, ignore_errors=True)
        self._sim, self._folder = sim, folder
        state = sim.state()
        keepers = {one["creator"] for one in state["tokens"]}
        self._people = [one["id"] for one in state["members"] if one["id"] not in keepers][:3]
        self._groups = [one["id"] for one in state["groups"]]

    def facts(self) -> frozenset[Fact]:
        """What is so."""
        return facts(self._sim.state())

    def operation(self, wish: tuple[str, Any, Any]) -> AnyOperation:
        """What a wish means here."""
        what, whom, more = wish
        people, groups = self._people, self._groups
        makers: dict[str, Callable[[], AnyOperation]] = {
            "grant": lambda: GrantRole(user_id=people[whom], role=more),
            "revoke": lambda: RevokeRole(user_id=people[whom], role=more),
            "add": lambda: AddToGroup(group_id=groups[whom], user_ids=self._some(more)),
            "take": lambda: RemoveFromGroup(group_id=groups[whom], user_ids=self._some(more)),
            "invite": lambda: CreateAccount(user_name=NEWCOMERS[whom], role=more),
            "update": lambda: UpdateAccount(user_id=people[whom], attributes={"title": more}),
            "remove": lambda: RemoveAccount(user_id=people[whom]),
            "make": lambda: CreateGroup(name=whom),
            "rename": lambda: RenameGroup(group_id=groups[whom], name=more),
            "delete": lambda: DeleteGroup(group_id=groups[whom]),
        }
        return makers[what]()

    def _some(self, numbers: list[int]) -> tuple[str, ...]:
        return tuple(self._people[n] for n in numbers)

    def at(self, work: Callable[[Desk], Awaitable[T]], ahead: timedelta = timedelta()) -> T:
        """Do one piece of work at a desk of its own."""
        return asyncio.run(self._at(work, lambda: datetime.now(UTC) + ahead))

    async def _at(self, work: Callable[[Desk], Awaitable[T]], now: Callable[[], datetime]) -> T:
        access = Access(url=self._sim.scim_url, token=self._sim.scim_token)
        patience = Patience(attempts=3, total_s=5, first_wait_s=0.001, longest_wait_s=0.002)
        travel = Travel(requests_per_second=0, timeout_s=2, patience=patience)
        async with connect(access, travel, now) as client:
            with locked_journal(self._folder) as journal:
                desk = Desk(
                    eyes=Finder(client, ScimWorkspace(client, notice=lambda _: None)),
                    hands=client,
                    journal=journal,
                    now=now,
                    new_id=lambda: ksuid(now(), os.urandom(16)),
                    actor="a test",
                    workspace=access.url,
                    agreed=1000,
                )
                return await work(desk)

    def change(self, wish: tuple[str, Any, Any], mishap: dict[str, Any] | None) -> Result | Error:
        """One change, and its last word."""
        rules = [{**mishap, "when": {"method": one}} for one in WRITES] if mishap else []
        self._sim.set_faults(rules)
        operation = self.operation(wish)

        async def work(desk: Desk) -> Result:
            return await settle(operation, desk)

        try:
            return self.at(work)
        except Error as error:
            return error
        finally:
            self._sim.set_faults([])

    def blindly(self, wish: tuple[str, Any, Any]) -> None:
        """One change after whose first request nothing can be seen, as if we had died there."""
        operation = self.operation(wish)

        async def work(desk: Desk) -> Result:
            return await settle(operation, replace(desk, hands=_Blinding(desk.hands, self._sim)))

        try:
            self.at(work)
        except Error:
            pass
        finally:
            self._sim.set_faults([])

    def resolve(self) -> None:
        """Close what is open, when nothing can be on its way any more."""
        self.at(resolve, timedelta(minutes=2))

    def undo_all(self) -> None:
        """Everything that is verified and ours, the newest first."""

        async def work(desk: Desk) -> None:
            entries = [
                one for one in desk.journal.entries() if one.state == "verified" and one.ours
            ]
            for entry in reversed(entries):
                assert entry.opened.step.undo.how != "not", entry.opened.step.says
                await undo(entry.opened.id, desk)

        self.at(work, timedelta(minutes=2))


WRITES = ("POST", "PATCH", "DELETE")


@pytest.mark.slow
@(seed(int(SEED)) if SEED else lambda test: test)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories)
def test_the_last_words_are_the_state_and_lead_back(
    sim: Simulator, tmp_path: Path, story: list[tuple[Any, dict[str, Any] | None, bool]]
):
    """Each word is true when it is said, and the whole way back ends at the start."""
    told = Story(sim, tmp_path / "journal")
    start = told.facts()
    for wish, mishap, blind in story:
        before = told.facts()
        if blind:
            told.blindly(wish)
            told.resolve()
            continue
        said = told.change(wish, mishap)
        after = told.facts()
        if isinstance(said, Result):
            assert holds(told.operation(wish), sim), (wish, said)
            assert (after == before) is said.already or said.already, (wish, said)
        elif not isinstance(said, Unverified):
            assert after == before, (wish, said)
        else:
            assert after == before or "could not be seen" in said.what, (wish, said)
    told.resolve()
    told.undo_all()

    assert told.facts() == start


def holds(operation: AnyOperation, sim: Simulator) -> bool:
    """Whether it is so, by the simulator's state."""
    state = sim.state()
    if isinstance(operation, GrantRole | RevokeRole | UpdateAccount | RemoveAccount):
        found = [one for one in state["members"] if one["id"] == operation.user_id]
        return _person_is(operation, found[0] if found else {})
    if isinstance(operation, CreateAccount):
        return operation.user_name in {one["email"] for one in state["members"]}
    if isinstance(operation, CreateGroup):
        return operation.name in {one["name"] for one in state["groups"]}
    found = [one for one in state["groups"] if one["id"] == operation.group_id]
    return _group_is(operation, found[0] if found else {})


def _person_is(operation: AnyOperation, one: Mapping[str, Any]) -> bool:
    match operation:
        case GrantRole():
            return bool(one["role"] == operation.role)
        case RevokeRole():
            return one.get("role") != operation.role
        case UpdateAccount():
            return bool(one["title"] == operation.attributes["title"])
    return not one


def _group_is(operation: AnyOperation, one: Mapping[str, Any]) -> bool:
    match operation:
        case AddToGroup():
            return set(operation.user_ids) <= set(one["members"])
        case RemoveFromGroup():
            return not set(operation.user_ids) & set(one.get("members", ()))
        case RenameGroup():
            return bool(one["name"] == operation.name)
    return not one
