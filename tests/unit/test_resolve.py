"""What a crash left open is closed by looking."""

import asyncio

import pytest
from changing import Office
from fake_notion import BROKEN, FakeNotion

from rolecall.connector.provision.journal import Entry, Happened
from rolecall.connector.provision.operations import (
    AddToGroup,
    AnyOperation,
    CreateAccount,
    GrantRole,
    RemoveFromGroup,
)
from rolecall.connector.provision.settle import resolve
from rolecall.errors import BadRecord, NotAllowed, Refused, Unreachable

GRANT = GrantRole(user_id="ann", role="owner")


@pytest.fixture
def office() -> Office:
    """Three people, one group."""
    notion = FakeNotion()
    notion.join("olga", "owner")
    notion.join("ann")
    notion.join("bob")
    notion.group_of("g1", "ann", "bob")
    return Office(notion=notion)


def crash(office: Office, operation: AnyOperation, after: int) -> str:
    """Do it, then let the journal be as if we had died after so many later lines."""
    office.do(operation)
    entry = next(reversed(office.journal.kept))
    kept = office.journal.kept[entry]
    office.journal.kept[entry] = Entry(opened=kept.opened, happened=kept.happened[:after])
    return entry


def resolved(office: Office) -> list[tuple[str, str]]:
    """State and words for each entry that was open."""
    return [(entry.state, says) for entry, says in asyncio.run(resolve(office.desk))]


@pytest.mark.parametrize("after", [1, 2])
def test_it_took_effect(office: Office, after: int):
    """Sent, and Notion shows it: verified, with what it made, so that it can be undone."""
    entry = crash(office, CreateAccount(user_name="eve@corp.example"), after)

    assert resolved(office) == [("verified", "seen when the journal was resolved")]
    assert office.journal.entry(entry).subject == "eve"
    office.undo(entry)
    assert "eve" not in office.notion.people
    assert resolved(office) == []


def test_it_was_never_sent(office: Office):
    """Not ours, whatever Notion shows."""
    entry = crash(office, GRANT, 0)

    assert resolved(office) == [("failed", "never sent")]
    with pytest.raises(Refused):
        office.undo(entry)


def test_it_did_not_take_effect(office: Office):
    """Not at once: a request may arrive after its sender died. Then it is called failed."""
    crash(office, GRANT, 1)
    office.notion.be("ann", "member")

    ((state, says),) = resolved(office)
    assert (state, "stays open" in says) == ("open", True)
    office.wait(seconds=61)
    ((state, says),) = resolved(office)
    assert (state, "Notion shows: role member" in says) == ("failed", True)


def test_a_part_took_effect(office: Office):
    """It says what is left."""
    crash(office, AddToGroup(group_id="g1", user_ids=("olga",)), 1)
    entry = crash(office, RemoveFromGroup(group_id="g1", user_ids=("ann", "bob")), 1)
    office.notion.group_of("g1", "bob", "olga")
    office.wait(seconds=61)
    said = dict(zip(["e1", "e2"], resolved(office), strict=True))

    assert said["e1"][0] == "verified"
    assert "Done in part; what is left: bob" in said[entry][1]


def test_damage_is_mended_then_too(office: Office):
    """We died before we saw that everybody was dropped."""
    office.notion.drops_all = True
    crash(office, RemoveFromGroup(group_id="g1", user_ids=("ann",)), 1)
    office.notion.group_of("g1")

    assert resolved(office)[0][0] == "verified"
    assert office.notion.groups["g1"]["members"] == ["bob"]


def test_damage_that_cannot_be_mended(office: Office):
    """It is said, and the others are resolved nevertheless."""
    office.notion.drops_all = True
    crash(office, RemoveFromGroup(group_id="g1", user_ids=("ann",)), 1)
    office.notion.drops_all = False
    crash(office, GRANT, 1)
    office.notion.group_of("g1")
    office.notion.script = [BROKEN] * 3

    found = resolved(office)
    assert [state for state, _ in found] == ["failed", "verified"]
    assert "others lost the same" in found[0][1]


@pytest.mark.parametrize("error", [NotAllowed("wall"), BadRecord("user ann", "no id")])
def test_what_cannot_be_looked_at_stays_open(office: Office, error: Exception):
    """One odd record does not keep the others open."""
    crash(office, GRANT, 1)
    crash(office, AddToGroup(group_id="g1", user_ids=("olga",)), 1)
    office.notion.blind = [error]  # type: ignore[list-item]

    found = resolved(office)
    assert [state for state, _ in found] == ["open", "verified"]
    assert "stays open" in found[0][1]


def test_notion_cannot_be_asked(office: Office):
    """That is an error of the whole, and everything stays open."""
    crash(office, GRANT, 1)
    office.notion.blind = [Unreachable("dead")]
    with pytest.raises(Unreachable):
        resolved(office)

    assert office.state() == "open"


def test_entries_of_another_workspace_are_left_alone(office: Office):
    """Our Notion says nothing about them."""
    crash(office, GRANT, 1)
    office.facts["workspace"] = "there"

    assert resolved(office) == []
    assert office.state() == "open"


def test_a_refusal_before_the_crash_stays_one(office: Office):
    """Refused, then seen to be so by somebody else's doing: not ours to undo."""
    entry = crash(office, GRANT, 0)
    for event in ("calling", "answered"):
        office.journal.note(entry, Happened(event=event, at=office.clock))

    assert resolved(office)[0][0] == "verified"
    with pytest.raises(Refused, match="changed nothing"):
        office.undo(entry)
