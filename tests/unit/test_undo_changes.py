"""Undoing: once, only what is ours, only while it is so; an interrupted way is gone on with."""

import asyncio
from typing import Any

import pytest
from changing import Office
from fake_notion import BROKEN, FakeNotion

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
    UpdateAccount,
)
from rolecall.connector.provision.undo import plan_undo
from rolecall.errors import (
    Conflict,
    Gone,
    Invalid,
    NotAllowed,
    NotionBroken,
    Refused,
    WrongWorkspace,
)


@pytest.fixture
def office() -> Office:
    """Four people, two groups."""
    notion = FakeNotion()
    notion.join("olga", "owner")
    notion.join("ann", "membership_admin", name={"formatted": "Ann Lee", "givenName": "Ann"})
    notion.join("bob", title="Clerk")
    notion.group_of("g1", "ann", "bob", name="Sales")
    notion.group_of("g2", "ann", name="Board")
    return Office(notion=notion)


@pytest.mark.parametrize(
    "operation",
    [
        GrantRole(user_id="ann", role="member"),
        AddToGroup(group_id="g2", user_ids=("ann", "bob")),
        RemoveFromGroup(group_id="g1", user_ids=("bob",)),
        UpdateAccount(user_id="bob", attributes={"title": "Head"}),
        CreateAccount(user_name="eve@corp.example"),
        CreateGroup(name="Moon"),
        RenameGroup(group_id="g1", name="Sellers"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_back_and_not_twice(office: Office, operation: AnyOperation):
    """The start again; a second time is refused and names what undid it."""
    before = office.notion.snapshot()
    entry = office.do(operation).entry
    (result,) = office.undo(entry)

    assert office.notion.snapshot() == before
    assert office.journal.entry(result.entry).opened.undoes == entry
    assert office.events(entry)[-1] == "undone"
    with pytest.raises(Invalid, match=result.entry):
        office.undo(entry)
    assert office.notion.snapshot() == before


def test_an_undo_can_be_undone(office: Office):
    """It is a change like any other."""
    first = office.do(GrantRole(user_id="ann", role="member"))
    after = office.notion.snapshot()
    (back,) = office.undo(first.entry)
    office.undo(back.entry)

    assert office.notion.snapshot() == after


def test_somebody_decided_otherwise(office: Office):
    """What came later is not overruled."""
    entry = office.do(GrantRole(user_id="ann", role="member")).entry
    office.notion.be("ann", "owner")
    with pytest.raises(Conflict, match="Since then"):
        office.undo(entry)

    assert office.notion.people["ann"]["role"] == "owner"


def test_what_was_there_before_stays(office: Office):
    """Of two people one was in the group already; only the other leaves it again."""
    entry = office.do(AddToGroup(group_id="g2", user_ids=("ann", "bob"))).entry
    office.undo(entry)

    assert office.notion.groups["g2"]["members"] == ["ann"]


def test_a_removed_person_comes_back(office: Office):
    """With name, role and groups."""
    entry = office.do(RemoveAccount(user_id="ann")).entry
    results = office.undo(entry)

    assert [type(one.operation).__name__ for one in results] == [
        "CreateAccount",
        "AddToGroup",
        "AddToGroup",
    ]
    assert office.notion.people["ann"]["role"] == "membership_admin"
    assert office.notion.people["ann"]["name"]["formatted"] == "Ann Lee"
    assert {g: known["members"] for g, known in office.notion.groups.items()} == {
        "g1": ["bob", "ann"],
        "g2": ["ann"],
    }


def test_an_interrupted_way_back_is_gone_on_with(office: Office):
    """The person is back, a group is not; the next undo does what is left, and then no more."""
    entry = office.do(RemoveAccount(user_id="ann")).entry
    office.notion.script = ["fine", "fine", *[BROKEN] * 3]
    with pytest.raises(NotionBroken) as caught:
        office.undo(entry)
    assert "Left to do" in caught.value.hint
    assert office.notion.groups["g2"]["members"] == []
    results = office.undo(entry)

    assert [one.operation for one in results if not one.already] == [
        AddToGroup(
            group_id="g2",
            user_ids=("ann",),
            called={"ann": "Ann Lee <ann@corp.example>", "g2": "Board"},
        )
    ]
    assert office.notion.groups["g2"]["members"] == ["ann"]
    with pytest.raises(Invalid, match="undone"):
        office.undo(entry)


def test_a_crash_between_the_last_step_and_its_record(office: Office):
    """All steps are verified although nothing says so in the first entry."""
    entry = office.do(RemoveAccount(user_id="ann")).entry
    office.undo(entry)
    kept = office.journal.kept[entry]
    office.journal.kept[entry] = type(kept)(opened=kept.opened, happened=kept.happened[:-1])

    with pytest.raises(Invalid, match="undone"):
        office.undo(entry)


def test_who_came_back_by_another_way_is_left_alone(office: Office):
    """The address belongs to another account by now: it gets neither role nor groups."""
    entry = office.do(RemoveAccount(user_id="ann")).entry
    office.notion.join("other", userName="ann@corp.example")
    with pytest.raises(Conflict, match="not what was there before"):
        office.undo(entry)

    assert office.notion.groups["g2"]["members"] == []


def test_a_group_of_the_same_name_is_left_alone(office: Office):
    """It is somebody else's; the former members must not get what it gives."""
    entry = office.do(DeleteGroup(group_id="g1")).entry
    office.notion.group_of("zz", name="Sales")
    with pytest.raises(Conflict, match="not what was there before"):
        office.undo(entry)

    assert office.notion.groups["zz"]["members"] == []


def test_a_deleted_group_comes_back_with_its_people(office: Office):
    """As a new group."""
    entry = office.do(DeleteGroup(group_id="g1")).entry
    office.undo(entry)

    assert [known["members"] for known in office.notion.groups.values()] == [
        ["ann"],
        ["ann", "bob"],
    ]


def test_what_was_done_to_a_group_that_was_made_anew(office: Office):
    """Undone in reverse order all is as before, although the group has another id by now."""
    before = sorted((g["name"], sorted(g["members"])) for g in office.notion.groups.values())
    entries = [
        office.do(operation).entry
        for operation in (
            RenameGroup(group_id="g1", name="Sellers"),
            RemoveAccount(user_id="ann"),
            AddToGroup(group_id="g1", user_ids=("olga",)),
            RemoveFromGroup(group_id="g1", user_ids=("bob",)),
            DeleteGroup(group_id="g1"),
        )
    ]
    for entry in reversed(entries):
        office.undo(entry)

    assert "g1" not in office.notion.groups
    assert (
        sorted((g["name"], sorted(g["members"])) for g in office.notion.groups.values()) == before
    )


def _failed(office: Office) -> str:
    office.notion.script = [NotAllowed("no")]
    with pytest.raises(NotAllowed):
        office.do(GrantRole(user_id="ann", role="member"))
    return next(reversed(office.journal.kept))


def _without_way(office: Office) -> str:
    office.notion.be("bob", "alien_role")
    return office.do(GrantRole(user_id="bob", role="member")).entry


def _elsewhere(office: Office) -> str:
    entry = office.do(GrantRole(user_id="ann", role="member")).entry
    office.facts["workspace"] = "there"
    return entry


def _unknown(_office: Office) -> str:
    return "nothing"


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (_failed, Invalid),
        (_without_way, NotAllowed),
        (_elsewhere, WrongWorkspace),
        (_unknown, Gone),
    ],
)
def test_what_cannot_be_undone(office: Office, made: Any, kind: type[Refused]):
    """It is refused, and nothing is sent."""
    entry = made(office)
    sent = len(office.notion.sent)
    with pytest.raises(kind):
        office.undo(entry)

    assert len(office.notion.sent) == sent


def test_a_way_back_is_planned_before_it_is_gone(office: Office):
    """The first step and what follows it; afterwards nothing has changed, also half-way."""
    entry = office.do(RemoveAccount(user_id="ann")).entry
    before = office.notion.snapshot()
    first, rest = asyncio.run(plan_undo(entry, office.desk))
    assert isinstance(first.operation, CreateAccount)
    assert len(rest) == 2
    assert office.notion.snapshot() == before
    office.notion.script = ["fine", *[BROKEN] * 3]
    with pytest.raises(NotionBroken):
        office.undo(entry)
    first, rest = asyncio.run(plan_undo(entry, office.desk))

    assert first.operation.user_ids == ("ann",)
    assert len(rest) == 1


def test_the_guard_stands_before_the_way_back_too(office: Office):
    """Undoing the grant that made somebody the only owner would leave none."""
    entry = office.do(GrantRole(user_id="ann", role="owner")).entry
    office.notion.be("olga", "member")
    with pytest.raises(Refused, match="without an owner"):
        office.undo(entry)

    assert office.notion.people["ann"]["role"] == "owner"
