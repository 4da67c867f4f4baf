"""Every way a change can go, by a script; the workspace in a dictionary is the truth."""

import asyncio
from copy import deepcopy

import pytest
from changing import MemoryJournal, Office
from fake_notion import BROKEN, FINE, LOST_ANSWER, LOST_EFFECT, FakeNotion

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
from rolecall.connector.provision.settle import plan
from rolecall.errors import (
    BadConfig,
    BadRecord,
    BadToken,
    Conflict,
    Error,
    Gone,
    NotAllowed,
    NotionBroken,
    RateLimited,
    Refused,
    Unreachable,
    Unverified,
)

GRANT = GrantRole(user_id="ann", role="membership_admin")


@pytest.fixture
def office() -> Office:
    """Four people, two groups."""
    notion = FakeNotion()
    notion.join("olga", "owner")
    notion.join("otto", "owner")
    notion.join("ann", "member")
    notion.join("bob", "member", title="Clerk")
    notion.group_of("g1", "ann", "bob", name="Sales")
    notion.group_of("g2", name="Empty")
    return Office(notion=notion)


DONE: list[tuple[AnyOperation, int]] = [
    (GRANT, 1),
    (RevokeRole(user_id="olga", role="owner"), 1),
    (AddToGroup(group_id="g2", user_ids=("ann", "bob", "ann")), 1),
    (RemoveFromGroup(group_id="g1", user_ids=("ann",)), 1),
    (CreateAccount(user_name="eve@corp.example", role="restricted_member"), 1),
    (UpdateAccount(user_id="bob", attributes={"title": "Head"}), 1),
    (RemoveAccount(user_id="ann"), 1),
    (CreateGroup(name="Moon"), 1),
    (RenameGroup(group_id="g1", name="Sellers"), 1),
    (DeleteGroup(group_id="g1"), 1),
]
OPERATIONS = [pytest.param(one, id=type(one).__name__) for one, _ in DONE]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("script", "events"),
    [
        ([], ["calling", "answered"]),
        ([LOST_ANSWER], ["calling", "unknown"]),
        ([BROKEN], ["calling", "unknown", "calling", "answered"]),
        ([Unreachable("reset")], ["calling", "unknown", "calling", "answered"]),
        ([LOST_EFFECT], ["calling", "answered", "calling", "answered"]),
        ([BROKEN, LOST_ANSWER], ["calling", "unknown"] * 2),
    ],
    ids=["fine", "answer lost", "broken", "reset", "effect lost", "broken, answer lost"],
)
def test_it_is_so_in_the_end(
    office: Office, operation: AnyOperation, script: list[str | Error], events: list[str]
):
    """Whatever became of the first request: it is so, and is said with what was seen."""
    office.notion.script = deepcopy(script)
    result = office.do(operation)

    assert not result.already
    assert operation.holds(result.after)
    assert office.events() == [*events, "verified"]
    assert office.state(result.entry) == "verified"
    before = office.notion.snapshot()
    again = office.do(operation)
    assert again.already
    assert (again.entry, office.notion.snapshot()) == ("", before)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([BROKEN] * 3, NotionBroken),
        ([LOST_EFFECT] * 3, Unverified),
        ([Unreachable("reset")] * 3, Unreachable),
        ([RateLimited("slow down")], RateLimited),
        ([BROKEN, RateLimited("slow down")], RateLimited),
        ([NotAllowed("no")], NotAllowed),
        ([LOST_EFFECT, NotAllowed("no")], NotAllowed),
    ],
    ids=["broken", "effect lost", "reset", "limited", "limited later", "refused", "refused later"],
)
def test_it_is_not_so_and_that_is_said(
    office: Office, operation: AnyOperation, script: list[str | Error], kind: type[Error]
):
    """Nothing was changed, the error says what is shown, and the entry is closed as failed."""
    office.notion.script, before = deepcopy(script), office.notion.snapshot()
    with pytest.raises(kind, match="Notion shows: "):
        office.do(operation)

    assert office.notion.snapshot() == before
    assert office.state() == "failed"
    assert office.notion.script == []


def test_what_holds_already_is_not_sent(office: Office):
    """Nothing is sent and nothing is written."""
    result = office.do(GrantRole(user_id="ann", role="member"))

    assert result.already
    assert (office.notion.sent, office.journal.kept) == ([], {})
    assert result.says == "ann@corp.example is Member already."


def test_a_second_attempt_does_not_repeat_a_creation_that_took_effect(office: Office):
    """After a lost answer to a POST nothing is sent again: it is looked for."""
    office.notion.script = [LOST_ANSWER]
    office.do(CreateGroup(name="Moon"))

    assert len(office.notion.sent) == 1
    assert [g["name"] for g in office.notion.groups.values()].count("Moon") == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_blind_after_the_request(office: Office, operation: AnyOperation):
    """Sent, and then nothing can be seen: that is what is said, and the entry stays open."""
    looks = {UpdateAccount: 2, RemoveAccount: 3}.get(type(operation), 1)
    looks += isinstance(operation, RevokeRole)  # another owner is looked for
    for error in (
        Unreachable("dead"),
        BadToken("revoked"),
        NotAllowed("wall"),
        BadRecord("u", "x"),
    ):
        office.notion.blind = [*[None] * looks, error]
        office.notion.script = [Unreachable("reset")]
        with pytest.raises(Unverified, match="could not be seen"):
            office.do(operation)

        assert office.events() == ["calling", "unknown", "noted"]
        assert office.state() == "open"


def test_refused_and_then_blind(office: Office):
    """What Notion refused has not happened: that is the last word, and nothing stays open."""
    office.notion.script, office.notion.blind = [BadToken("revoked")], [None, BadToken("revoked")]
    with pytest.raises(BadToken, match=r"revoked Nothing was changed\."):
        office.do(GRANT)

    assert office.state() == "failed"


def test_refused_after_something_unknown_and_then_blind(office: Office):
    """A refusal says nothing about the request before it."""
    office.notion.script = [BROKEN, BadToken("revoked")]
    office.notion.blind = [None, None, BadToken("revoked")]
    with pytest.raises(Unverified):
        office.do(GRANT)

    assert office.state() == "open"


@pytest.mark.parametrize(
    ("operation", "meddling", "problem"),
    [
        (GRANT, ("be", ("ann", "membership_admin")), NotAllowed("no")),
        (RemoveAccount(user_id="ann"), ("leave", ("ann",)), None),
        (CreateAccount(user_name="eve@corp.example"), ("join", ("eve", "owner")), None),
        (DeleteGroup(group_id="g1"), ("ungroup", ("g1",)), None),
        (RemoveFromGroup(group_id="g1", user_ids=("ann",)), ("ungroup", ("g1",)), None),
    ],
    ids=["role", "removal", "creation", "deletion", "membership"],
)
def test_refused_although_it_is_so(
    office: Office,
    operation: AnyOperation,
    meddling: tuple[str, tuple[str, ...]],
    problem: Error | None,
):
    """Somebody else was faster: a success that is not ours, and cannot be undone by us."""
    if problem is not None:
        office.notion.script = [deepcopy(problem)]
        office.notion.meddling = [(2, *meddling)]
    else:  # after the last look, so that Notion itself refuses
        office.notion.script = [
            Conflict("409") if isinstance(operation, CreateAccount) else Gone("")
        ]
        last = 4 if isinstance(operation, RemoveAccount) else 2
        office.notion.meddling = [(last, *meddling)]
    result = office.do(operation)

    assert result.already
    assert operation.holds(result.after)
    assert office.state(result.entry) == "verified"
    with pytest.raises(Refused, match="changed nothing"):
        office.undo(result.entry)


def test_a_refusal_tells_what_is_shown_now(office: Office):
    """Not what was shown before: the group has grown meanwhile."""
    office.notion.meddling = [(2, "group_of", ("g2", "bob", "olga"))]
    office.notion.script = [NotAllowed("no")]
    with pytest.raises(NotAllowed, match="Notion shows: 2 members"):
        office.do(AddToGroup(group_id="g2", user_ids=("ann",)))


def test_it_became_impossible(office: Office):
    """The person left while their role was changed: that is said, and the entry is closed."""
    office.notion.script, office.notion.meddling = [BROKEN], [(2, "leave", ("ann",))]
    with pytest.raises(Gone, match="no member"):
        office.do(GRANT)

    assert office.state() == "failed"


def test_a_part_was_done(office: Office):
    """Of 150 people 100 were added: what is left is said by number."""
    people = tuple(f"p{n}" for n in range(150))
    for one in people:
        office.notion.join(one)
    office.facts["agreed"] = 150
    office.notion.script = [FINE, NotAllowed("no")]
    with pytest.raises(NotAllowed, match=r"100 members\. Done in part; what is left: 50 people"):
        office.do(AddToGroup(group_id="g2", user_ids=people))

    assert len(office.notion.groups["g2"]["members"]) == 100
    office.do(AddToGroup(group_id="g2", user_ids=people))
    assert [len(one.body["Operations"][0]["value"]) for one in office.notion.sent] == [100, 50, 50]  # type: ignore[index]


def test_the_guard_is_asked_again_before_the_second_attempt(office: Office):
    """Meanwhile the other owner has gone: the last one keeps the role."""
    office.notion.script = [BROKEN]
    office.notion.meddling = [(3, "be", ("otto", "member"))]
    with pytest.raises(Refused, match=r"without an owner.*Notion shows: role owner"):
        office.do(RevokeRole(user_id="olga", role="owner"))

    assert office.notion.people["olga"]["role"] == "owner"
    assert (len(office.notion.sent), office.state()) == (1, "failed")


def test_the_guard_cannot_see_before_the_second_attempt(office: Office):
    """Without facts nothing is sent; what is shown is said."""
    office.notion.script = [BROKEN]
    office.notion.blind = [None, None, None, Unreachable("dead")]
    with pytest.raises(Unreachable, match="dead Notion shows: role owner"):
        office.do(RevokeRole(user_id="olga", role="owner"))

    assert (len(office.notion.sent), office.state()) == (1, "failed")


def test_a_removal_is_judged_by_what_is_so_after_the_long_look(office: Office):
    """While the groups were read the person became the last owner."""
    office.notion.people["otto"]["role"] = "member"
    office.notion.meddling = [(2, "be", ("ann", "owner")), (2, "be", ("olga", "member"))]
    with pytest.raises(Refused, match="without an owner"):
        office.do(RemoveAccount(user_id="ann"))

    assert (office.notion.sent, office.journal.kept) == ([], {})


def test_gone_while_the_groups_were_read(office: Office):
    """Then nothing is left to do."""
    office.notion.meddling = [(3, "leave", ("ann",))]
    result = office.do(RemoveAccount(user_id="ann"))

    assert result.already
    assert (office.notion.sent, office.journal.kept) == ([], {})


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id": 7}', b'{"id": "elsewhere"}'])
def test_an_answer_that_names_nothing(office: Office, body: bytes):
    """What was made is found by looking; the answer is only a help."""
    office.notion.answer = body
    result = office.do(CreateGroup(name="Moon"))

    assert result.subject == "new1"


def test_the_last_owner_and_those_who_hide_their_role(office: Office):
    """Whose role Notion does not show may be an owner; so the guard must find another."""
    office.notion.be("otto", "member")
    office.notion.be("olga", "")
    for operation in (
        RemoveAccount(user_id="olga"),
        GrantRole(user_id="olga", role="member"),
    ):
        with pytest.raises(Refused, match="without an owner"):
            office.do(operation)
    with pytest.raises(Refused, match="does not show the role"):
        office.do(RevokeRole(user_id="olga", role="owner"))

    assert office.notion.sent == []


@pytest.mark.parametrize("hint", ["ann", "nobody", "", "olga"])
def test_a_hint_that_lies(office: Office, hint: str):
    """An owner by hearsay is looked at; if it is not so, the list of owners decides."""
    office.notion.be("otto", "member")
    office.facts["owner_hints"] = lambda: [hint]
    with pytest.raises(Refused, match="without an owner"):
        office.do(RevokeRole(user_id="olga", role="owner"))

    assert office.notion.sent == []


def test_an_owner_who_is_suspended_is_none(office: Office):
    """A hint that is an owner by role, and not active."""
    office.notion.people["otto"] |= {"active": False}
    office.facts["owner_hints"] = lambda: ["otto"]
    office.notion.people["otto"]["role"] = "owner"
    result = office.do(RevokeRole(user_id="olga", role="owner"))

    assert result.after.people[0].role == "restricted_member"
    assert office.notion.looks == 4  # herself, the hint, the list that still names otto, herself


def test_a_good_hint_costs_one_look(office: Office):
    """Three requests, and one more where the owner role is taken."""
    office.facts["owner_hints"] = lambda: ["otto"]
    office.do(RevokeRole(user_id="olga", role="owner"))
    assert office.notion.looks + len(office.notion.sent) == 4
    office.do(GRANT)
    assert office.notion.looks + len(office.notion.sent) == 4 + 3


def test_a_plan_changes_nothing(office: Office):
    """It says what would be done, and who speaks against it."""
    before = office.notion.snapshot()
    made = asyncio.run(plan(GRANT, office.desk))

    assert made.step.says == "ann@corp.example becomes Membership Admin."
    assert (office.notion.snapshot(), office.notion.sent, office.journal.kept) == (before, [], {})
    office.do(GRANT, planned=made)
    assert (office.notion.looks, len(office.notion.sent)) == (2, 1)


@pytest.mark.parametrize("after", ["a change", "a while"])
def test_an_old_plan_is_made_anew(office: Office, after: str):
    """Two plans for the two owners, each with the other in mind: only one is carried out."""
    wishes = [RevokeRole(user_id=who, role="owner") for who in ("olga", "otto")]
    plans = [asyncio.run(plan(wish, office.desk)) for wish in wishes]
    if after == "a change":
        office.do(wishes[0], planned=plans[0])
    else:
        office.notion.be("olga", "member")
        office.wait(seconds=6)
    with pytest.raises(Refused, match="without an owner"):
        office.do(wishes[1], planned=plans[1])

    assert office.notion.people["otto"]["role"] == "owner"


def test_others_who_lost_the_same_get_it_back(office: Office):
    """A removal that empties the group is mended, and told."""
    office.notion.join("cid")
    office.notion.group_of("g1", "ann", "bob", "cid", name="Sales")
    office.notion.drops_all = True
    result = office.do(RemoveFromGroup(group_id="g1", user_ids=("ann",)))

    assert office.notion.groups["g1"]["members"] == ["bob", "cid"]
    assert "put back" in result.notes[0]
    assert office.events() == [
        "calling",
        "answered",
        "noted",
        "calling",
        "answered",
        "verified",
    ]


def test_mending_is_tried_again(office: Office):
    """Like every change."""
    office.notion.drops_all, office.notion.script = True, [FINE, BROKEN, LOST_EFFECT]
    office.do(RemoveFromGroup(group_id="g1", user_ids=("ann",)))

    assert office.notion.groups["g1"]["members"] == ["bob"]


@pytest.mark.parametrize(
    "script",
    [[FINE, NotAllowed("no"), NotAllowed("no"), NotAllowed("no")], [FINE, *[LOST_EFFECT] * 3]],
    ids=["refused", "effect lost"],
)
def test_what_cannot_be_mended_is_said(office: Office, script: list[str | Error]):
    """It is so, and others lost the same: that is no success."""
    office.notion.drops_all, office.notion.script = True, deepcopy(script)
    with pytest.raises(Unverified, match="others lost the same"):
        office.do(RemoveFromGroup(group_id="g1", user_ids=("ann",)))

    assert office.state() == "failed"
    assert office.journal.kept["e1"].opened.before.groups[0].members == ("ann", "bob")


def test_somebody_comes_back_while_others_are_put_back(office: Office):
    """The last look decides: it is no longer so, and therefore done again."""
    office.notion.drops_all = True
    office.notion.meddling = [(3, "group_of", ("g1", "ann", "bob"))]
    office.do(RemoveFromGroup(group_id="g1", user_ids=("ann",)))

    assert office.notion.groups["g1"]["members"] == ["bob"]
    assert [one.body["Operations"][0]["op"] for one in office.notion.sent] == [  # type: ignore[index]
        "Remove",
        "Add",
        "Remove",
        "Add",
    ]


def test_what_others_did_is_not_mended(office: Office):
    """Ours was refused, and another admin has emptied the group: nobody is put back."""
    office.notion.script = [NotAllowed("no")]
    office.notion.meddling = [(2, "group_of", ("g1",))]
    result = office.do(RemoveFromGroup(group_id="g1", user_ids=("ann",)))

    assert result.already
    assert office.notion.groups["g1"]["members"] == []


def test_nothing_is_left_to_mend(office: Office):
    """Somebody deletes the group while others are put back: nobody is in it, as was asked."""
    office.notion.drops_all, office.notion.meddling = True, [(3, "ungroup", ("g1",))]
    result = office.do(RemoveFromGroup(group_id="g1", user_ids=("ann",)))

    assert result.after.groups == ()
    assert office.state() == "verified"


@pytest.mark.parametrize(("room", "sent"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_a_journal_that_is_full(office: Office, room: int, sent: int):
    """Before the request it is an error of ours; after it nobody can say how it ended."""
    office.journal = MemoryJournal(room=room)
    with pytest.raises(Unverified if sent else BadConfig):
        office.do(GRANT)

    assert len(office.notion.sent) == sent


def test_two_groups_of_one_name(office: Office):
    """Somebody makes the same at the same moment: the answer's id tells which is ours."""
    office.notion.meddling = [(2, "group_of", ("zz",))]
    result = office.do(CreateGroup(name="zz"))

    assert len(result.after.groups) == 2
    assert result.subject == "new1"


def test_two_groups_of_one_name_and_no_answer(office: Office):
    """Then nobody can tell which is ours, and so nothing can be undone."""
    office.notion.script = [LOST_ANSWER]
    office.notion.meddling = [(2, "group_of", ("zz",))]
    result = office.do(CreateGroup(name="zz"))

    assert result.subject == ""
    with pytest.raises(Refused, match="which is ours is not known"):
        office.undo(result.entry)
    assert set(office.notion.groups) == {"g1", "g2", "new1", "zz"}


def test_another_role_than_asked_is_told(office: Office):
    """Somebody joined, and by Notion's will as something else: it is said."""
    office.notion.meddling = [(2, "be", ("eve", "member"))]
    result = office.do(CreateAccount(user_name="eve@corp.example", role="owner"))

    assert result.differs == ("role is member, not owner",)
