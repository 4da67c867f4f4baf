"""Batches against a workspace in a dictionary: order, shared requests, and what a failure means."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from changing import Office
from fake_notion import FakeNotion
from hypothesis import given
from hypothesis import strategies as st

from rolecall.connector.provision.batch import Plan, carry_out, make_plan
from rolecall.connector.provision.desk import LiveDesk
from rolecall.connector.provision.line import Line
from rolecall.connector.provision.settle import Desk
from rolecall.connector.provision.wish import Wish
from rolecall.errors import BadToken, NotAllowed, Refused
from rolecall.notion.model import Group, Member


class Directory(FakeNotion):
    """The same workspace, with whole listings, and somebody whom no group gets."""

    unwanted = ""

    async def everybody(self) -> list[Member]:
        """All members."""
        return [self._member(one) for one in self.people]

    async def every_group(self) -> list[Group]:
        """All groups."""
        return [self._group(one) for one in self.groups]

    def _add(self, group: dict[str, Any], named: Sequence[str]) -> None:
        if self.unwanted in named:
            raise NotAllowed("Notion answered 403.")
        super()._add(group, named)


def an_office() -> Office:
    """Four people, one more owner, and two groups."""
    notion = Directory()
    for number in range(4):
        notion.join(f"u{number}")
    notion.join("boss", "owner")
    notion.group_of("Moon", "u0", "u1")
    notion.group_of("Sun")
    return Office(notion=notion)


def live(office: Office) -> LiveDesk:
    """The office's desk, with the same workspace to find people in."""
    desk = office.desk
    known = {field.name: getattr(desk, field.name) for field in dataclasses.fields(Desk)}
    return LiveDesk(**known, finder=office.notion, client=office.notion)


def a_wish(row: int, verb: str, **words: str) -> Wish:
    """One row."""
    return Wish(verb=verb, row=row, words=words)


def mail(user: str) -> str:
    """The address that the workspace gives them."""
    return f"{user}@corp.example"


def planned(office: Office, wishes: Sequence[Wish]) -> Plan:
    """The plan alone."""
    return asyncio.run(make_plan(wishes, live(office)))


def applied(office: Office, wishes: Sequence[Wish], **options: Any) -> list[Line]:
    """Plan and carry out; the lines in the order of the rows."""
    lines = list[Line]()

    async def work() -> None:
        desk = live(office)
        await carry_out(await make_plan(wishes, desk), desk, lines.append, **options)

    asyncio.run(work())
    return sorted(lines, key=lambda line: line.wish.row)


def shown(notion: FakeNotion) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Roles by address, and addresses by name of group."""
    roles = {one["userName"]: one["role"] for one in notion.people.values()}
    called = {key: one["userName"] for key, one in notion.people.items()}
    groups = {g["name"]: {called[one] for one in g["members"]} for g in notion.groups.values()}
    return roles, groups


class Model:
    """What rows mean, one after the other, in the plainest words: the oracle."""

    def __init__(self, notion: FakeNotion) -> None:
        self.roles, self.groups = shown(notion)

    def take(self, wish: Wish) -> bool:
        """Whether the row can be carried out; then it is."""
        words = {"who": "", "group": "", "name": "", "entitlement": "", **wish.words}
        way = getattr(self, "_" + wish.verb.replace(" ", "_"))
        return bool(way(words["who"], words["group"] or words["name"] or words["entitlement"]))

    def _account_create(self, who: str, _: str) -> bool:
        self.roles.setdefault(who, "member")
        return True

    def _account_remove(self, who: str, _: str) -> bool:
        self.roles.pop(who, None)
        for members in self.groups.values():
            members.discard(who)
        return True

    def _group_add(self, who: str, group: str) -> bool:
        if who in self.roles and group in self.groups:
            self.groups[group].add(who)
        return who in self.roles and group in self.groups

    def _group_remove(self, who: str, group: str) -> bool:
        self.groups.get(group, set()).discard(who)
        return True

    def _group_create(self, _: str, name: str) -> bool:
        self.groups.setdefault(name, set())
        return True

    def _group_delete(self, _: str, group: str) -> bool:
        self.groups.pop(group, None)
        return True

    def _grant(self, who: str, role: str) -> bool:
        if who in self.roles:
            self.roles[who] = role
        return who in self.roles

    def _revoke(self, who: str, role: str) -> bool:
        if self.roles.get(who) == role:
            self.roles[who] = "restricted_member"
        return True


PEOPLE = st.sampled_from([mail(f"u{number}") for number in range(5)])  # u4 is not there at first
GROUPS = st.sampled_from(["Moon", "Sun", "Star"])  # Star is not there at first
ROLES = st.sampled_from(["owner", "membership_admin", "member"])
ROWS = st.one_of(
    st.fixed_dictionaries({"verb": st.just("account create"), "who": PEOPLE}),
    st.fixed_dictionaries({"verb": st.just("account remove"), "who": PEOPLE}),
    *(
        st.fixed_dictionaries({"verb": st.just(verb), "who": PEOPLE, "group": GROUPS})
        for verb in ("group add", "group remove", "group add")
    ),
    st.fixed_dictionaries({"verb": st.just("group create"), "name": GROUPS}),
    st.fixed_dictionaries({"verb": st.just("group delete"), "group": GROUPS}),
    *(
        st.fixed_dictionaries({"verb": st.just(verb), "who": PEOPLE, "entitlement": ROLES})
        for verb in ("grant", "revoke")
    ),
)


# Few people and groups, so that rows get into each other's way.
CROWDED = st.one_of(
    *(
        st.fixed_dictionaries(
            {"verb": st.just(verb), "who": st.just(mail("u4")), "group": st.just("Star")}
        )
        for verb in ("group add", "group remove")
    ),
    *(
        st.fixed_dictionaries({"verb": st.just(verb), "who": st.just(mail("u4"))})
        for verb in ("account create", "account remove")
    ),
    st.fixed_dictionaries({"verb": st.just("group create"), "name": st.just("Star")}),
    st.fixed_dictionaries({"verb": st.just("group delete"), "group": st.just("Star")}),
)
IN_AND_OUT = st.fixed_dictionaries(
    {
        "verb": st.sampled_from(["group add", "group remove"]),
        "who": st.sampled_from([mail("u0"), mail("u3")]),
        "group": st.sampled_from(["Moon", "Sun"]),
    }
)


@given(
    rows=st.one_of(
        st.lists(ROWS, max_size=14),
        st.lists(CROWDED, max_size=8),
        st.lists(IN_AND_OUT, max_size=6),
    )
)
def test_a_batch_ends_as_its_rows_one_by_one(rows: list[dict[str, str]]):
    """Whatever is put together or worked out later, the end is that of the rows in their order."""
    office = an_office()
    model = Model(office.notion)
    wishes = [a_wish(number, **row) for number, row in enumerate(rows, 2)]
    possible = [model.take(wish) for wish in wishes]
    lines = applied(office, wishes)

    assert shown(office.notion) == (model.roles, model.groups)
    assert [line.error is None for line in lines] == possible
    assert [line.wish for line in lines] == wishes


@given(rows=st.lists(ROWS, max_size=10))
def test_a_plan_tells_every_row_and_sends_nothing(rows: list[dict[str, str]]):
    """A plan sends nothing, and has a line for every row."""
    office = an_office()
    wishes = [a_wish(number, **row) for number, row in enumerate(rows, 2)]
    before = office.notion.snapshot()
    lines = planned(office, wishes).lines()

    assert [line.wish for line in lines] == wishes
    assert office.notion.sent == []
    assert office.notion.snapshot() == before


def additions(*users: str) -> list[Wish]:
    """Everybody into Sun."""
    return [
        a_wish(number, "group add", who=mail(user), group="Sun")
        for number, user in enumerate(users, 1)
    ]


def test_only_a_row_between_about_the_same_keeps_requests_apart():
    """A row about others does not keep people of a group from sharing a request."""
    office = an_office()
    between = a_wish(9, "grant", who=mail("u3"), entitlement="owner")
    apart = a_wish(9, "account remove", who=mail("u2"))
    assert len(planned(office, [*additions("u0"), between, *additions("u1", "u2")]).bundles) == 2
    assert len(planned(office, [*additions("u0"), apart, *additions("u1", "u2")]).bundles) == 3


def test_halves_find_the_one_who_is_refused():
    """Of eight together, one that Notion refuses fails alone."""
    office = an_office()
    for number in range(4, 8):
        office.notion.join(f"u{number}")
    users = [f"u{number}" for number in range(8)]
    office.notion.unwanted = "u5"
    lines = applied(office, additions(*users))

    assert [line.outcome for line in lines if line.wish.who == mail("u5")] == ["failed"]
    assert sum(line.outcome == "done" for line in lines) == 7
    assert set(office.notion.groups["Sun"]["members"]) == set(users) - {"u5"}


def test_a_guards_no_is_not_halved():
    """More people than may be changed are refused as a whole, and nothing is sent."""
    office = an_office()
    users = [f"p{number}" for number in range(11)]
    for user in users:
        office.notion.join(user)
    with pytest.raises(Refused, match="--yes-really 11"):
        applied(office, additions(*users))

    assert office.notion.sent == []


@pytest.mark.parametrize(("agreed", "fine"), [(0, False), (10, False), (11, True), (12, False)])
def test_only_the_exact_number_is_an_agreement(agreed: int, *, fine: bool):
    """More is not better: somebody who counts wrong has not looked."""
    office = an_office()
    office.facts = {"agreed": agreed}
    users = [f"p{number}" for number in range(11)]
    for user in users:
        office.notion.join(user)
    plan = planned(office, additions(*users))

    assert plan.counted == 11
    assert (type(plan.verdict).__name__ == "Allowed") == fine


def test_a_dead_token_ends_the_batch():
    """What fails for all is not tried for all."""
    office = an_office()
    office.notion.script = ["fine", BadToken("Notion does not accept the token.")]
    wishes = [
        a_wish(number, "grant", who=mail(f"u{number}"), entitlement="owner") for number in range(4)
    ]
    lines = applied(office, wishes)

    assert [line.outcome for line in lines] == ["done", "failed", "not tried", "not tried"]
    assert len(office.notion.sent) == 2


@pytest.mark.parametrize(
    ("stop", "outcomes"),
    [(False, ["done", "failed", "done"]), (True, ["done", "failed", "not tried"])],
)
def test_a_refusal_stops_only_if_asked(outcomes: list[str], *, stop: bool):
    """One row's refusal is its own, unless --stop-on-error says otherwise."""
    office = an_office()
    office.notion.script = ["fine", NotAllowed("Notion says no.")]
    wishes = [
        a_wish(number, "grant", who=mail(f"u{number}"), entitlement="owner") for number in range(3)
    ]
    lines = applied(office, wishes, stop_on_error=stop)

    assert [line.outcome for line in lines] == outcomes


def test_two_rows_cannot_take_the_last_owner():
    """Both rows look harmless in the plan; the second is refused when its turn comes."""
    office = an_office()
    office.notion.be("u0", "owner")
    wishes = [
        a_wish(1, "revoke", who=mail("u0"), entitlement="owner"),
        a_wish(2, "account remove", who=mail("boss")),
    ]
    plan = planned(office, wishes)
    lines = applied(office, wishes)

    assert [line.outcome for line in plan.lines()] == ["planned", "planned"]
    assert [line.outcome for line in lines] == ["done", "failed"]
    assert office.notion.people["boss"]["role"] == "owner"
    assert plan.notes


def test_the_reason_is_in_every_entry():
    """`--why` is recorded with each change of the batch."""
    office = an_office()
    applied(office, [*additions("u2"), a_wish(2, "group create", name="Star")], why="ticket 12")

    assert [one.opened.why for one in office.journal.kept.values()] == ["ticket 12"] * 2
