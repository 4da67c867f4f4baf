"""Who and what is meant, found in a small made-up workspace."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from rolecall.connector.provision.step import Person
from rolecall.connector.provision.who import MANY, Absent, GroupMeant, Lookup, RoleMeant, role_of
from rolecall.errors import Gone, Invalid
from rolecall.notion.model import WORKSPACE_ROLES, Email, Group, Member

ANA = "6f0c1c3e-2f5b-4c1e-9a77-0d6f2b1a9c10"
BEN = "6f0c1c3e-2f5b-4c1e-9a77-0d6f2b1a9c11"
SAM = "6f0c1c3e-2f5b-4c1e-9a77-0d6f2b1a9c12"
MOON = "00000000-2f5b-4c1e-9a77-0d6f2b1a9c10"
OTHER_MOON = "00000000-2f5b-4c1e-9a77-0d6f2b1a9c11"

Result = TypeVar("Result")


def a_member(user_id: str, name: str, address: str, *others: str) -> Member:
    """Somebody."""
    emails = tuple(Email(address=one, primary=one == address) for one in (address, *others))
    return Member(id=user_id, user_name=address, display_name=name, emails=emails, role="member")


class Notion:
    """Three people and a few groups; counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.people = [
            a_member(ANA, "Ana Lopez", "ana@corp.example", "ana@alt.example"),
            a_member(BEN, "Sam Doe", "ben@corp.example"),
            a_member(SAM, "Sam  doe", "sam@corp.example"),
        ]
        names = ((MOON, "Moon"), (OTHER_MOON, "Twice"), (ANA, "Twice"), (SAM, "a:member"))
        self.groups = [Group(id=gid, name=name, members=()) for gid, name in names]

    async def member(self, user_id: str) -> Member | None:
        """A member by id."""
        self.asked.append("member")
        return next((one for one in self.people if one.id == user_id), None)

    async def member_called(self, user_name: str) -> Member | None:
        """A member by primary address."""
        self.asked.append("member_called")
        return next((one for one in self.people if one.user_name == user_name.lower()), None)

    async def everybody(self) -> list[Member]:
        """All of them."""
        self.asked.append("everybody")
        return self.people

    async def group(self, group_id: str) -> Group | None:
        """A group by id."""
        self.asked.append("group")
        return next((one for one in self.groups if one.id == group_id), None)

    async def groups_called(self, name: str) -> list[Group]:
        """Those of a name."""
        self.asked.append("groups_called")
        return [one for one in self.groups if one.name == name]

    async def every_group(self) -> list[Group]:
        """All of them."""
        self.asked.append("every_group")
        return self.groups


@pytest.fixture
def notion() -> Notion:
    """A workspace that nobody has asked yet."""
    return Notion()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """To the end."""
    return asyncio.run(work)


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        (ANA, "member"),
        ("ana@corp.example", "member_called"),
        ("ANA@corp.example ", "member_called"),
        ("ana  LOPEZ", "everybody"),
    ],
)
def test_a_person_is_found(notion: Notion, word: str, asked: str):
    """By id or address with one question, by name with a listing; asking again costs nothing."""
    lookup = Lookup(notion)
    found = [run(lookup.person(word)) for _ in range(2)]

    assert [isinstance(one, Person) and one.id for one in found] == [ANA, ANA]
    assert notion.asked == [asked]


def test_many_people_cost_one_listing(notion: Notion):
    """From so many on, everybody is read once; secondary addresses are known then too."""
    lookup = Lookup(notion)
    run(lookup.prepare([f"p{n}@corp.example" for n in range(MANY)]))
    found = run(lookup.person("ana@alt.example"))

    assert isinstance(found, Person)
    assert found.id == ANA
    assert run(lookup.person("p1@corp.example")) == Absent(word="p1@corp.example")
    assert notion.asked == ["everybody"]


def test_few_people_cost_no_listing(notion: Notion):
    """The same person, spelled in many ways, is one."""
    run(Lookup(notion).prepare([" ana@corp.example", "ANA@corp.example", ""] * MANY))

    assert notion.asked == []


def test_an_ambiguous_name_lists_all(notion: Notion):
    """Two of one name are refused with both addresses and ids, whatever the spaces and case."""
    with pytest.raises(Invalid) as caught:
        run(Lookup(notion).person("sam doe"))

    assert all(part in str(caught.value) for part in (BEN, SAM, "ben@corp", "sam@corp"))


def test_a_misspelled_name_is_no_absence(notion: Notion):
    """A name that nobody has is an error with near misses; an id or address is just gone."""
    with pytest.raises(Gone, match="Ana Lopez"):
        run(Lookup(notion).person("Ana Lopes"))

    assert run(Lookup(notion).person("no@corp.example")) == Absent(word="no@corp.example")
    assert isinstance(run(Lookup(notion).person(MOON)), Absent)


def test_nobody_named(notion: Notion):
    """An empty word means nobody, and asks nothing."""
    for word in ("", "  "):
        with pytest.raises(Invalid):
            run(Lookup(notion).person(word))
        with pytest.raises(Invalid):
            run(Lookup(notion).group(word))

    assert notion.asked == []


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("owner", RoleMeant(id="owner")),
        ("Membership Admin", RoleMeant(id="membership_admin")),
        ("ROLE:Owner", RoleMeant(id="owner")),
        ("role:owner:assigned", RoleMeant(id="owner")),
        ("Moon", GroupMeant(id=MOON, name="Moon")),
        (MOON, GroupMeant(id=MOON, name="Moon")),
        ("group:Moon", GroupMeant(id=MOON, name="Moon")),
        (f"group:{MOON}:member", GroupMeant(id=MOON, name="Moon")),
        ("group:a:member", GroupMeant(id=SAM, name="a:member")),
        ("Moom", Absent(word="Moom")),
        ("group:owner", Absent(word="owner")),
    ],
)
def test_what_can_be_held(notion: Notion, word: str, meant: object):
    """Every form of an entitlement leads to its role or group; a colon in a name is just that."""
    assert run(Lookup(notion).entitlement(word)) == meant


@pytest.mark.parametrize("word", ["role:king", "role:", "group:Twice", "Twice"])
def test_what_cannot_be_held(notion: Notion, word: str):
    """An unknown role, and a name of two groups, are refused."""
    with pytest.raises(Invalid):
        run(Lookup(notion).entitlement(word))


def test_a_role_and_a_group_of_one_name(notion: Notion):
    """A word that means both must be written with its kind."""
    notion.groups.append(Group(id=BEN, name="owner", members=()))
    with pytest.raises(Invalid, match="role:owner or group:owner"):
        run(Lookup(notion).entitlement("owner"))

    assert run(Lookup(notion).entitlement("role:owner")) == RoleMeant(id="owner")
    assert run(Lookup(notion).entitlement("group:owner")) == GroupMeant(id=BEN, name="owner")


def test_suggestions(notion: Notion):
    """Near misses name groups, and roles only where one could be meant."""
    assert "Moon" in run(Lookup(notion).suggestion("Moom"))
    assert "owner" in run(Lookup(notion).suggestion("onwer", roles=True))
    assert run(Lookup(notion).suggestion("onwer")) == ""


def test_every_role_is_known_by_both_names():
    """Id and display name of each role mean the same."""
    assert [role_of(role.name.upper()) for role in WORKSPACE_ROLES] == [
        role_of(role.id) for role in WORKSPACE_ROLES
    ]
