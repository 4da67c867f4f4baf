"""`notion.workspace` against the simulator: whose members are believed, and when all are read."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar

import pytest

from notion_sim import Options, Simulator
from rolecall.errors import BadRecord, Gone, Unfinished
from rolecall.notion.client import Client, Connection, Patience
from rolecall.notion.model import Bot, Group, Member
from rolecall.notion.pacing import PaceLimits
from rolecall.notion.workspace import RestWorkspace, ScimWorkspace

Result = TypeVar("Result")


@dataclass
class Sink:
    """Keeps what it is given."""

    taken: list[Any] = field(default_factory=list)
    restarts: int = 0
    expected: int = 0

    async def restart(self) -> None:
        """Forget."""
        self.restarts += 1
        self.taken.clear()

    def expect(self, total: int) -> None:
        """Note the total."""
        self.expected = total

    async def take(self, records: Sequence[Any]) -> None:
        """Keep."""
        self.taken += records


@dataclass
class Read:
    """What a question gave, and what was said meanwhile."""

    value: Any
    notices: list[str]


def ask(
    sim: Simulator, question: Callable[[Any], Coroutine[Any, Any, Any]], *, rest: bool = False
) -> Read:
    """Put a question to the workspace."""
    notices: list[str] = []

    async def story() -> Any:
        way = Connection(
            base_url=sim.rest_url if rest else sim.scim_url,
            token=sim.api_key if rest else sim.scim_token,
            headers={"Notion-Version": "2022-06-28"} if rest else {},
            pace=PaceLimits(start=0, ceiling=0),
            patience=Patience(attempts=3, first_wait_s=0.01, longest_wait_s=0.02),
        )
        async with Client(way, clock=lambda: datetime.now(UTC), user_agent="t") as client:
            if rest:
                return await question(RestWorkspace(client, page_size=10, notice=notices.append))
            return await question(
                ScimWorkspace(client, workers=4, page_size=10, notice=notices.append)
            )

    return Read(asyncio.run(story()), notices)


def truth(sim: Simulator) -> dict[str, set[str]]:
    """Groups by id, with their members."""
    return {one["id"]: set(one["members"]) for one in sim.state()["groups"]}


def groups_of(sink: Sink) -> dict[str, set[str]]:
    """The same as it was read."""
    groups: list[Group] = sink.taken
    assert len({group.id for group in groups}) == len(groups)
    return {group.id: set(group.members or ()) for group in groups}


def a_company(**options: Any) -> Options:
    """25 people in 13 groups."""
    return Options(**{"users": 25, "groups": 13, "members_per_group": 6, "seed": 9, **options})


@pytest.mark.parametrize("order", ["stable", "per_listing", "reshuffled"])
def test_every_member_is_read_in_every_order(sim: Simulator, order: str):
    """Pages in stable order, or in a new one each time: everybody, once."""
    sim.reset(a_company(order=order))
    sink = Sink()

    read = ask(sim, lambda workspace: workspace.members(sink))

    members: list[Member] = sink.taken
    assert sorted(one.id for one in members) == sorted(one["id"] for one in sim.state()["members"])
    assert read.value.ids == {one.id for one in members}
    assert read.value.bad == ()
    assert sink.expected == 25
    assert bool(read.notices) == (order == "reshuffled")


@pytest.mark.parametrize("members", ["full", "absent", "truncated"])
@pytest.mark.parametrize("empty", ["shown", "absent"])
def test_groups_have_their_members_however_the_list_shows_them(
    sim: Simulator, members: str, empty: str
):
    """Members in the list, not in it, or cut off: the groups are the same."""
    sim.reset(a_company(members_in_list=members, truncate_at=3, empty_members=empty))
    sim.add_group("Nobody")
    sink = Sink()

    read = ask(sim, lambda workspace: workspace.groups(sink, dice=Random(1)))

    expected = truth(sim)
    if empty == "absent":  # even its own record does not speak of members
        expected = {key: found for key, found in expected.items() if found}
        assert read.value.untold == ("Nobody",)
    assert groups_of(sink) == expected
    assert read.value.singly == (members == "truncated")
    single = sum(one["path"].count("/") == 4 for one in sim.requests())
    if members == "full" and empty == "shown":
        assert single <= 4  # the three largest, and one random one


def test_a_group_that_changes_between_list_and_look(sim: Simulator):
    """Somebody leaves the largest group since it was listed: no reason to read every group."""
    sim.reset(a_company())
    largest = max(sim.state()["groups"], key=lambda group: len(group["members"]))
    leave = {"fault": "meddle", "do": "out", "group": largest["id"], "times": 1}
    leave |= {"user": largest["members"][0], "when": {"path": f"/Groups/{largest['id']}"}}
    sim.set_faults([leave])
    sink = Sink()

    read = ask(sim, lambda workspace: workspace.groups(sink, dice=Random(1)))

    assert len(truth(sim)[largest["id"]]) == len(largest["members"]) - 1
    assert groups_of(sink)[largest["id"]] == set(largest["members"])  # as it was when it was read
    assert (read.value.singly, read.notices, sink.restarts) == (False, [], 1)


def test_a_group_that_vanishes_between_list_and_look(sim: Simulator):
    """A group deleted since it was listed is no error, and is not there."""
    sim.reset(a_company(members_in_list="absent"))
    victim = sim.state()["groups"][0]["id"]
    sim.set_faults(
        [{"fault": "group_change", "what": "deleted", "when": {"path": "/Groups/"}, "times": 1}]
    )
    sink = Sink()

    ask(sim, lambda workspace: workspace.groups(sink, dice=Random(1)))

    assert set(groups_of(sink)) == set(truth(sim))
    assert len(truth(sim)) == 12 or victim in truth(sim)


def test_single_records(sim: Simulator):
    """One member and one group by id; who is gone is Gone."""
    person, group = sim.state()["members"][0], sim.state()["groups"][0]

    assert ask(sim, lambda w: w.member(person["id"])).value.id == person["id"]
    assert set(ask(sim, lambda w: w.group(group["id"])).value.members) == set(group["members"])
    with pytest.raises(Gone):
        ask(sim, lambda w: w.member("nobody"))
    with pytest.raises(Gone):
        ask(sim, lambda w: w.group("nothing"))
    assert ask(sim, lambda w: w.count("/Users")).value == 7


def test_a_listing_that_never_rests_is_unfinished(sim: Simulator):
    """Somebody leaves and joins at each page: no proof, no listing, an end."""
    sim.reset(a_company())
    sim.set_faults([{"fault": "total_drift", "times": 0, "probability": 0.6}])

    with pytest.raises(Unfinished, match="quieter time"):
        ask(sim, lambda workspace: workspace.members(Sink()))


def test_the_public_api_lists_people_and_bots(sim: Simulator):
    """Several pages, read until two readings agree."""
    sim.reset(a_company(bots=3))
    sink = Sink()

    read = ask(sim, lambda workspace: workspace.accounts(sink), rest=True)

    assert sum(isinstance(one, Bot) for one in sink.taken) == 3
    assert {one.id for one in sink.taken if isinstance(one, Member)} == {
        one["id"] for one in sim.state()["members"]
    }
    assert sink.restarts == 2
    assert read.notices == []


def test_short_pages_of_the_public_api(sim: Simulator):
    """Pages with fewer rows than asked for are no end (Notion: N-140)."""
    sim.reset(a_company(rest_short_pages="yes"))
    sink = Sink()

    ask(sim, lambda workspace: workspace.accounts(sink), rest=True)

    assert sum(isinstance(one, Member) for one in sink.taken) == 25


def test_a_public_listing_that_never_rests_is_unfinished(sim: Simulator):
    """Where no two readings agree, nothing is said to be whole."""
    sim.reset(a_company())
    sim.set_faults([{"fault": "join", "times": 0}])

    with pytest.raises(Unfinished):
        ask(sim, lambda workspace: workspace.accounts(Sink()), rest=True)


def test_whose_key_it_is(sim: Simulator):
    """The key's workspace, and that it may read users."""
    assert ask(sim, lambda w: w.me(), rest=True).value.workspace_name == "Larkspur Works"
    assert ask(sim, lambda w: w.first_page(), rest=True).value > 0


def test_an_unreadable_person_is_a_bad_record(sim: Simulator):
    """Asked for singly, an odd record is an error of that record alone."""
    person = sim.state()["members"][2]["id"]
    sim.world.accounts[person].extra = {"emails": "none"}
    sim.world.accounts[person].fragment = None

    with pytest.raises(BadRecord, match=person):
        ask(sim, lambda w: w.member(person))
