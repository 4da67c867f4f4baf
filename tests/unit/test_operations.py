"""Operations on plain states: what they come to, when they hold, and the way back."""

import asyncio
import json
from typing import Any

import pytest
from changing import Office
from fake_notion import ROLE, FakeNotion
from hypothesis import given
from hypothesis import strategies as st

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
from rolecall.connector.provision.step import Already, Membership, Person, State, Step
from rolecall.errors import Conflict, Error, Gone, Invalid, NotAllowed, NotionBroken, Refused
from rolecall.notion.changes import ENTERPRISE_USER, add_members, remove_members

ROLES = ("owner", "membership_admin", "member", "restricted_member")
PEOPLE = ("ann", "bob", "cid", "dan")
who = st.sampled_from(PEOPLE)
some = st.lists(who, min_size=1, max_size=6).map(tuple)
group = st.sampled_from(["g1", "g2"])
name = st.sampled_from(["Moon", "Sun", "Sales"])
operations = st.one_of(
    st.builds(GrantRole, user_id=who, role=st.sampled_from(ROLES)),
    st.builds(RevokeRole, user_id=who, role=st.sampled_from(ROLES)),
    st.builds(AddToGroup, group_id=group, user_ids=some),
    st.builds(RemoveFromGroup, group_id=group, user_ids=some),
    st.builds(
        CreateAccount,
        user_name=st.sampled_from(["eve@corp.example", "ANN@corp.example"]),
        role=st.sampled_from(ROLES),
        name=st.just({"formatted": "Eve"}),
    ),
    st.builds(
        UpdateAccount,
        user_id=who,
        attributes=st.fixed_dictionaries(
            {"title": st.sampled_from(["Clerk", "Head"])},
            optional={"locale": st.just("fr"), ENTERPRISE_USER: st.just({"department": "Ice"})},
        ),
    ),
    st.builds(RemoveAccount, user_id=who),
    st.builds(CreateGroup, name=name),
    st.builds(RenameGroup, group_id=group, name=name),
    st.builds(DeleteGroup, group_id=group),
)


@st.composite
def workspaces(draw: st.DrawFn) -> FakeNotion:
    """Two owners who are never touched, up to four people, up to two groups."""
    notion = FakeNotion()
    for one in ("olga", "otto"):
        notion.join(one, "owner")
    for one in PEOPLE:
        if draw(st.integers(0, 5)):
            notion.join(one, draw(st.sampled_from(ROLES)), **draw(st.sampled_from([{}, TITLED])))
    there = [one for one in PEOPLE if one in notion.people]
    for one, called in (("g1", "Sales"), ("g2", "Sun")):
        members = draw(st.lists(st.sampled_from(there), unique=True)) if there else []
        notion.group_of(one, *members, name=called)
    return notion


TITLED: dict[str, Any] = {"title": "Clerk", "locale": "de", ENTERPRISE_USER: {"department": "Sea"}}


def looked(operation: AnyOperation, notion: FakeNotion) -> State:
    """What an operation sees."""
    return asyncio.run(operation.look(notion))


def step_of(operation: AnyOperation, notion: FakeNotion) -> Step | Already | None:
    """What it comes to; None if it is refused."""
    try:
        return operation.step(looked(operation, notion))
    except Refused:
        return None


def send(notion: FakeNotion, step: Step) -> None:
    """Carry a step out."""
    for change in step.changes:
        asyncio.run(notion.send(change))


@given(notion=workspaces(), operation=operations)
def test_done_once_it_holds(notion: FakeNotion, operation: AnyOperation):
    """After the requests of its step an operation holds; before, only if there was no step."""
    step = step_of(operation, notion)
    assert operation.holds(looked(operation, notion)) is isinstance(step, Already)
    if isinstance(step, Step):
        strangers = {one for one in step.people if one not in notion.people} - {"eve@corp.example"}
        if isinstance(operation, AddToGroup) and strangers:
            with pytest.raises(Gone):
                send(notion, step)
            return
        if isinstance(operation, RenameGroup | CreateGroup):
            assert step.people == ()
        send(notion, step)

        assert operation.holds(looked(operation, notion))
        assert isinstance(step_of(operation, notion), Already)


@given(notion=workspaces(), operation=operations)
def test_nothing_else_changes(notion: FakeNotion, operation: AnyOperation):
    """A step changes the people and groups that it names, and no others."""
    step = step_of(operation, notion)
    if not isinstance(step, Step) or any(
        isinstance(operation, AddToGroup) and one not in notion.people for one in step.people
    ):
        return
    before = {**notion.people}
    groups = {one: {**known} for one, known in notion.groups.items()}
    send(notion, step)
    touched = {
        one for one in {*before, *notion.people} if before.get(one) != notion.people.get(one)
    }
    moved = {
        one
        for known in {*groups, *notion.groups}
        for one in set(groups.get(known, {}).get("members", ()))
        ^ set(notion.groups.get(known, {}).get("members", ()))
    }

    assert {one.partition("@")[0] for one in step.people} >= touched | moved


@given(notion=workspaces(), operation=operations)
def test_the_way_back_leads_to_the_start(notion: FakeNotion, operation: AnyOperation):
    """What can be undone is undone: exactly, or with nothing but new ids for what was made anew."""
    office = Office(notion=notion)
    office.facts["agreed"] = 100
    before = notion.snapshot()
    try:
        result = office.do(operation)
    except Refused:
        assert notion.snapshot() == before
        return
    if result.already:
        assert notion.snapshot() == before
        return
    how = office.journal.entry(result.entry).opened.step.undo.how
    if how == "not":
        with pytest.raises(NotAllowed):
            office.undo(result.entry)
        return
    office.undo(result.entry)
    if how == "exactly":
        assert comparable(notion) == comparable_of(before)
    assert roles(notion) == roles_of(before)
    assert memberships(notion) == memberships_of(before)


def comparable(notion: FakeNotion) -> object:
    """Everything but the order of members."""
    return comparable_of(notion.snapshot())


def comparable_of(snapshot: str) -> object:
    """The same of a snapshot."""
    people, groups = json.loads(snapshot)
    return people, {k: {**v, "members": sorted(v["members"])} for k, v in groups.items()}


def roles(notion: FakeNotion) -> object:
    """Role by address."""
    return roles_of(notion.snapshot())


def roles_of(snapshot: str) -> object:
    """The same of a snapshot."""
    people, _ = comparable_of(snapshot)  # type: ignore[misc]
    return {known["userName"]: known["role"] for known in people.values()}


def memberships(notion: FakeNotion) -> object:
    """Members by the group's name."""
    return memberships_of(notion.snapshot())


def memberships_of(snapshot: str) -> object:
    """The same of a snapshot."""
    _, groups = comparable_of(snapshot)  # type: ignore[misc]
    return {known["name"]: known["members"] for known in groups.values()}


def person(role: str = "member", **more: str) -> State:
    """A state of one."""
    known = {"display_name": "Ann", **more}
    return State(people=(Person(id="ann", user_name="ann@corp.example", role=role, **known),))


def members(*ids: str) -> State:
    """A state of one group."""
    return State(groups=(Membership(id="g1", name="Sales", members=ids),))


@pytest.mark.parametrize(
    ("operation", "state", "kind"),
    [
        (GrantRole(user_id="ann", role="king"), person(), Invalid),
        (GrantRole(user_id="ann", role="owner"), State(), Gone),
        (RevokeRole(user_id="ann", role="king"), person(), Invalid),
        (RevokeRole(user_id="ann", role="restricted_member"), person("restricted_member"), Refused),
        (RevokeRole(user_id="ann", role="owner"), person(""), Refused),
        (AddToGroup(group_id="g1", user_ids=("ann",)), State(), Gone),
        (CreateAccount(user_name="ann"), State(), Invalid),
        (CreateAccount(user_name="a@b.example", role="king"), State(), Invalid),
        (CreateAccount(user_name="a@b.example", extra={"active": False}), State(), Invalid),
        (
            CreateAccount(user_name="a@b.example", extra={"userName": "x@b.example"}),
            State(),
            Invalid,
        ),
        (UpdateAccount(user_id="ann", attributes={"title": "x"}), State(), Gone),
        (UpdateAccount(user_id="ann", attributes={"active": False}), person(), Invalid),
        (UpdateAccount(user_id="ann", attributes={"Active": "false"}), person(), Invalid),
        (UpdateAccount(user_id="ann", attributes={ROLE: {"role": "owner"}}), person(), Invalid),
        (UpdateAccount(user_id="ann", attributes={f"{ROLE}.role": "owner"}), person(), Invalid),
        (CreateGroup(name=" "), State(), Invalid),
        (RenameGroup(group_id="g1", name=" "), members(), Invalid),
        (RenameGroup(group_id="g1", name="x"), State(), Gone),
    ],
)
def test_what_cannot_be_done(operation: AnyOperation, state: State, kind: type[Error]):
    """It is refused with the reason, and does not hold."""
    with pytest.raises(kind) as caught:
        operation.step(state)

    assert caught.value.what
    assert not operation.holds(state)


@pytest.mark.parametrize(
    ("operation", "state"),
    [
        (RevokeRole(user_id="ann", role="owner"), State()),
        (RevokeRole(user_id="ann", role="owner"), person("member")),
        (RevokeRole(user_id="ann", role="owner"), person("alien_role")),
        (RemoveAccount(user_id="ann"), State()),
        (RemoveFromGroup(group_id="g1", user_ids=("ann",)), State()),
        (DeleteGroup(group_id="g1"), State()),
        (AddToGroup(group_id="g1", user_ids=("ann", "ann")), members("ann")),
    ],
)
def test_what_is_gone_or_there_already(operation: AnyOperation, state: State):
    """It is a success without a step."""
    assert isinstance(operation.step(state), Already)
    assert operation.holds(state)


@pytest.mark.parametrize(
    ("operation", "role", "takes"),
    [
        (GrantRole(user_id="ann", role="member"), "owner", "ann"),
        (GrantRole(user_id="ann", role="member"), "", "ann"),
        (GrantRole(user_id="ann", role="owner"), "member", ""),
        (GrantRole(user_id="ann", role="owner"), "", ""),
        (RevokeRole(user_id="ann", role="owner"), "owner", "ann"),
        (RevokeRole(user_id="ann", role="member"), "member", ""),
        (RemoveAccount(user_id="ann"), "owner", "ann"),
        (RemoveAccount(user_id="ann"), "", "ann"),
        (RemoveAccount(user_id="ann"), "member", ""),
    ],
)
def test_who_may_stop_being_owner(operation: AnyOperation, role: str, takes: str):
    """The guard is told of every step that may take the owner role."""
    step = operation.step(person(role))

    assert isinstance(step, Step)
    assert step.takes_owner == takes
    assert step.removes == ("ann" if isinstance(operation, RemoveAccount) else "")


@pytest.mark.parametrize(
    ("operation", "state", "how"),
    [
        (GrantRole(user_id="ann", role="owner"), person("member"), "exactly"),
        (GrantRole(user_id="ann", role="owner"), person("alien_role"), "not"),
        (GrantRole(user_id="ann", role="owner"), person(""), "not"),
        (RemoveAccount(user_id="ann"), person("member"), "equivalently"),
        (RemoveAccount(user_id="ann"), person("alien_role"), "not"),
        (DeleteGroup(group_id="g1"), members("ann"), "equivalently"),
        (CreateAccount(user_name="a@b.example"), State(), "equivalently"),
    ],
)
def test_whether_there_is_a_way_back(operation: AnyOperation, state: State, how: str):
    """It is known before anything is done."""
    step = operation.step(state)

    assert isinstance(step, Step)
    assert step.undo.how == how
    assert bool(step.undo.why) is (how != "exactly")


@pytest.mark.parametrize(
    ("operation", "problem", "kind"),
    [
        (UpdateAccount(user_id="a", attributes={"userName": "x"}), NotionBroken("500"), Conflict),
        (UpdateAccount(user_id="a", attributes={"title": "x"}), NotionBroken("500"), NotionBroken),
        (UpdateAccount(user_id="a", attributes={"title": "x"}), Invalid("400"), NotAllowed),
        (RemoveAccount(user_id="a"), NotAllowed("403"), NotAllowed),
        (RemoveAccount(user_id="a"), Conflict("409"), Conflict),
        (DeleteGroup(group_id="g"), Conflict("409"), NotAllowed),
        (DeleteGroup(group_id="g"), NotionBroken("500"), NotionBroken),
        (CreateAccount(user_name="a"), Conflict("409"), Conflict),
        (CreateAccount(user_name="a"), NotAllowed("403"), NotAllowed),
        (GrantRole(user_id="a", role="owner"), NotAllowed("403"), NotAllowed),
    ],
)
def test_a_refusal_in_the_words_of_the_operation(
    operation: AnyOperation, problem: Error, kind: type[Error]
):
    """What Notion's number means here."""
    explained = operation.explain(problem)

    assert type(explained) is kind
    assert explained is problem or explained.hint


@given(was=some, asked=some, left=st.sets(who))
def test_damage_is_an_emptied_group(was: tuple[str, ...], asked: tuple[str, ...], left: set[str]):
    """Only a group that lost everybody, also those who were not named, is mended."""
    operation = RemoveFromGroup(group_id="g1", user_ids=asked)
    mending = operation.damage(members(*dict.fromkeys(was)), members(*left))
    lost = [one for one in dict.fromkeys(was) if one not in asked]

    if left or not lost:
        assert mending is None
    else:
        assert mending == AddToGroup(group_id="g1", user_ids=tuple(lost))


def test_a_group_that_hides_its_members():
    """Without knowing who is in it nobody is added."""
    notion = FakeNotion()
    notion.group_of("g1")
    notion.groups["g1"]["members"] = None

    with pytest.raises(NotAllowed):
        looked(AddToGroup(group_id="g1", user_ids=("ann",)), notion)
    assert looked(RenameGroup(group_id="g1", name="x"), notion).groups[0].members == ()


def test_what_differs_of_somebody_who_is_there():
    """Role, name and the attributes that were asked for; what was not asked is not told."""
    operation = CreateAccount(
        user_name="ann@corp.example",
        role="owner",
        name={"givenName": "Ann", "familyName": "Lee"},
        extra={"title": "Head", ENTERPRISE_USER: {"department": "Ice"}, "locale": "de"},
    )
    shown = {"title": "Clerk", "locale": "de"}
    state = State(people=person().people, attributes=shown)
    step = operation.step(state)

    assert isinstance(step, Already)
    assert step.differs == (
        "role is member, not owner",
        "name is Ann, not Ann Lee",
        "title is Clerk, not Head",
        "department is unknown, not Ice",
    )


@pytest.mark.parametrize(
    ("operation", "was"),
    [
        (CreateAccount(user_name="a@b.example"), State()),
        (CreateGroup(name="x"), State()),
        (GrantRole(user_id="ann", role="owner"), State()),
        (GrantRole(user_id="ann", role="owner"), person("")),
    ],
)
def test_a_way_back_that_nobody_knows(operation: AnyOperation, was: State):
    """Without the id of what was made, or the former role, there is none."""
    with pytest.raises(Invalid):
        operation.back(was, ("ann",), "")


@pytest.mark.parametrize("make", [add_members, remove_members])
@pytest.mark.parametrize("number", [0, 101])
def test_how_many_people_fit_in_a_request(make: Any, number: int):
    """One to a hundred."""
    with pytest.raises(ValueError, match="between 1 and 100"):
        make("g1", [f"u{n}" for n in range(number)])


@pytest.mark.parametrize("number", [1, 100, 101, 250])
def test_many_people_go_in_batches(number: int):
    """A hundred in each request, everybody once."""
    ids = tuple(f"u{n}" for n in range(number))
    step = AddToGroup(group_id="g1", user_ids=(*ids, *ids)).step(members())

    assert isinstance(step, Step)
    sent = [one["value"] for c in step.changes for one in c.body["Operations"][0]["value"]]  # type: ignore[index]
    assert sent == list(ids)
    assert len(step.changes) == -(-number // 100)


def test_what_is_remembered_of_somebody_who_leaves():
    """Their groups, which the removal ends."""
    notion = FakeNotion()
    notion.join("ann")
    notion.group_of("g1", "ann", "bob")
    notion.group_of("g2", "bob")
    operation = RemoveAccount(user_id="ann")
    before = asyncio.run(operation.remember(notion, looked(operation, notion)))

    assert [one.id for one in before.groups] == ["g1"]
    assert before.people[0].id == "ann"
