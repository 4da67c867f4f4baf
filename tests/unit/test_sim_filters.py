"""The simulator's filters and page borders."""

import pytest

from notion_sim.filters import GROUP_ATTRIBUTES, USER_ATTRIBUTES, Filter, parse_filter
from notion_sim.listing import groups_page, users_page
from notion_sim.options import Options
from notion_sim.refusal import Refusal
from notion_sim.world import World


@pytest.fixture
def world() -> World:
    """Thirty people and five groups, without gaps in their records."""
    return World(Options(users=30, groups=5, members_per_group=4, seed=3, gaps_percent=0))


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ('email eq "Ana@Corp.example"', "email", "ana@corp.example"),
        ("email eq ana@corp.example", "email", "ana@corp.example"),
        ('userName EQ "ANA@corp.example"', "userName", "ana@corp.example"),
        ('given_name eq "Ana"', "given_name", "Ana"),
        ('family_name eq "O\\"Neil"', "family_name", 'O"Neil'),
        ('given_name eq ""', "given_name", ""),
    ],
)
def test_filters_that_notion_answers(text: str, attribute: str, value: str):
    """Four attributes, eq, with or without quotes; addresses in lower case (N-043 to N-047)."""
    assert parse_filter(text, USER_ATTRIBUTES) == Filter(attribute=attribute, value=value)


@pytest.mark.parametrize(
    "text",
    [
        'id eq "x"',
        'email co "x"',
        'email eq "x" and active eq true',
        "email",
        'displayName eq "x"',
        'members.value eq "x"',
        'not (email eq "x")',
        'email eq "x',
    ],
)
def test_other_filters_are_refused(text: str):
    """Anything else is 400 invalidFilter (N-048)."""
    with pytest.raises(Refusal) as caught:
        parse_filter(text, USER_ATTRIBUTES)
    assert (caught.value.status, caught.value.scim_type) == (400, "invalidFilter")


def test_groups_know_their_name_only():
    """Groups can be filtered by displayName (N-046), case and all."""
    assert parse_filter('displayName eq "Design"', GROUP_ATTRIBUTES).value == "Design"
    with pytest.raises(Refusal):
        parse_filter('email eq "x"', GROUP_ATTRIBUTES)


def test_people_are_found_by_each_attribute(world: World):
    """Each filter finds the person whom it describes."""
    uid = world.order[3]
    person = world.accounts[uid]

    for text in (
        f'email eq "{person.email.upper()}"',
        f"userName eq {person.email}",
        f'given_name eq "{person.given}"',
        f'family_name eq "{person.family}"',
    ):
        assert uid in users_page(world, {"filter": text}).ids, text
    assert users_page(world, {"filter": f'given_name eq "{person.given.upper()}"'}).ids == []


def test_secondary_addresses_are_found_on_demand(world: World):
    """Whether `email eq` finds a secondary address is a switch (N-049)."""
    uid = world.order[0]
    world.set_emails(uid, world.accounts[uid].email, ("second@alt.example",))
    query = {"filter": "email eq second@alt.example"}

    assert users_page(world, query).ids == []
    world.options = Options(users=30, email_filter="any")
    assert users_page(world, query).ids == [uid]


def test_guests_and_former_members_are_not_found(world: World):
    """A filter finds members only (N-071)."""
    guest, former = next(iter(world.guests)), world.order[5]
    world.leave(former)

    for uid in (guest, former):
        query = {"filter": f"email eq {world.accounts[uid].email}"}
        assert users_page(world, query).total == 0


def test_groups_are_found_by_name(world: World):
    """A group is found by its exact name."""
    gid = world.group_order[2]

    page = groups_page(world, {"filter": f'displayName eq "{world.groups[gid].name}"'})

    assert page.ids == [gid]


@pytest.mark.parametrize(
    ("query", "start", "size"),
    [
        ({}, 1, 30),
        ({"count": "7"}, 1, 7),
        ({"startIndex": "29", "count": "7"}, 29, 2),
        ({"startIndex": "31"}, 31, 0),
        ({"startIndex": "0", "count": "3"}, 1, 3),
        ({"startIndex": "-4", "count": "3"}, 1, 3),
        ({"count": "0"}, 1, 0),
        ({"count": "-1"}, 1, 0),
        ({"count": "1000"}, 1, 30),
        ({"startIndex": ""}, 1, 30),
    ],
)
def test_page_borders(world: World, query: dict[str, str], start: int, size: int):
    """StartIndex counts from 1, count is clamped, the total stays true (N-031, N-035 to N-037)."""
    page = users_page(world, query)

    assert (page.start, len(page.ids), page.total) == (start, size, 30)


def test_borders_that_are_no_numbers(world: World):
    """A border that is no number is refused, and a large count by switch."""
    with pytest.raises(Refusal):
        users_page(world, {"count": "many"})
    world.options = Options(users=30, over_max="400", max_count=10)
    with pytest.raises(Refusal):
        users_page(world, {"count": "11"})
