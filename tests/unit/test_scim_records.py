"""What `notion.scim` asks and what it makes of SCIM bodies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import BadRecord, NotionBroken
from rolecall.notion import scim
from rolecall.notion.model import Email, Group, Member

ROLE = scim.NOTION_USER


def body(*rows: Any, total: int | None = None) -> bytes:
    """A page of SCIM."""
    count = len(rows) if total is None else total
    return json.dumps({"totalResults": count, "Resources": rows}).encode()


def the_user(**fields: Any) -> Member | BadRecord:
    """The only row of a page that holds this record."""
    record = {"id": "u1", "userName": "ana@larkspur.example", **fields}
    (row,) = scim.users_page(body(record), start=1).rows
    return row


def the_member(**fields: Any) -> Member:
    """The same, which must be readable."""
    row = the_user(**fields)
    assert isinstance(row, Member), row
    return row


def test_a_whole_record_is_read_whole():
    """Names, every address, title, status and role arrive as they were sent."""
    found = the_member(
        displayName="Ana",
        name={"formatted": "Ana López", "givenName": "Ana", "familyName": "López"},
        emails=[
            {"value": "ANA@larkspur.example", "primary": True},
            {"value": "ana@home.example"},
            {"primary": False},
        ],
        active=False,
        title="Engineer",
        **{ROLE: {"role": "owner"}},
    )

    assert found == Member(
        id="u1",
        user_name="ana@larkspur.example",
        display_name="Ana López",
        given_name="Ana",
        family_name="López",
        title="Engineer",
        emails=(
            Email(address="ana@larkspur.example", primary=True),
            Email(address="ana@home.example", primary=False),
        ),
        active=False,
        role="owner",
    )


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"name": {"formatted": "Ana L", "givenName": "X"}, "displayName": "Y"}, "Ana L"),
        ({"name": {"formatted": " "}, "displayName": "Ana"}, "Ana"),
        ({"name": {"givenName": "Ana"}}, "Ana"),
        ({"name": {"familyName": "López"}}, "López"),
        ({"name": None, "displayName": None}, "ana@larkspur.example"),
        ({}, "ana@larkspur.example"),
    ],
)
def test_somebody_without_a_formatted_name_still_has_a_name(fields: dict[str, Any], shown: str):
    """The best of what is there is shown; the address is the last resort (Notion: N-052)."""
    assert the_member(**fields).display_name == shown


@pytest.mark.parametrize("sent", [{}, {"active": None}, {"active": True}])
def test_only_false_is_inactive(sent: dict[str, Any]):
    """A record without a status is somebody active (Notion: N-055)."""
    assert the_member(**sent).active is True


@pytest.mark.parametrize(
    ("extension", "role"),
    [
        (None, None),
        ({}, None),
        ({"role": None}, None),
        ({"role": ""}, None),
        ({"role": 7}, None),
        ({"role": "archduke"}, "archduke"),
    ],
)
def test_a_role_is_kept_as_sent(extension: dict[str, Any] | None, role: str | None):
    """Unknown roles are data; what is no text is no role (Notion: N-102)."""
    assert the_member(**{ROLE: extension}).role == role


@pytest.mark.parametrize(
    ("record", "named", "known_id"),
    [
        ({"userName": "x@y.example"}, "user 3 (x@y.example)", ""),
        ({"id": "u9"}, "user 3 (u9)", "u9"),
        ({"id": "", "userName": "x@y.example"}, "user 3 (x@y.example)", ""),
        ({"id": "u9", "userName": ""}, "user 3 (u9)", "u9"),
        ({"id": 9, "userName": "x@y.example"}, "user 3 (9, x@y.example)", ""),
        ({"id": "u9", "userName": "x", "emails": "none"}, "user 3 (u9, x)", "u9"),
        ({"displayName": "Zoë"}, "user 3 (Zoë)", ""),
        ("no record", "user 3", ""),
        (None, "user 3", ""),
    ],
)
def test_an_odd_record_loses_itself_and_not_its_page(record: Any, named: str, known_id: str):
    """One unusable row is named as well as it can be; its neighbours are read."""
    good = {"id": "u1", "userName": "ana@larkspur.example"}

    first, odd, last = scim.users_page(body(good, record, {**good, "id": "u2"}), start=2).rows

    assert isinstance(first, Member)
    assert isinstance(last, Member)
    assert isinstance(odd, BadRecord)
    assert (odd.where, odd.id) == (named, known_id)


def test_broken_utf8_in_a_record_loses_that_record_only():
    """Bytes that are no text spoil one row."""
    raw = body({"id": "u1", "userName": "ana"}, {"id": "u2", "userName": "OOPS"})

    good, odd = scim.users_page(raw.replace(b"OOPS", b"\xff\xfe"), start=1).rows

    assert isinstance(good, Member)
    assert isinstance(odd, BadRecord)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b'{"Resources": []}',
        b'{"totalResults": "3"}',
        b'{"totalResults": -1}',
        b'{"totalResults": 1, "Resources": {}}',
        b'{"totalResults": 2, "Resources": [{"id": "u1"',
        b"\xff",
    ],
)
def test_a_page_that_is_no_page_is_an_error(raw: bytes):
    """A damaged page raises; it is never an empty workspace."""
    for read in (scim.users_page, scim.groups_page):
        with pytest.raises(NotionBroken):
            read(raw, start=1)


def test_a_page_knows_its_place():
    """Start and total are those of the request and of Notion; an empty list may be left out."""
    page = scim.users_page(b'{"totalResults": 240}', start=101)

    assert (page.start, page.total, page.rows) == (101, 240, ())


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, None),
        ({"members": None}, None),
        ({"members": []}, ()),
        ({"members": [{"value": "a"}, {"value": "b"}, {"value": "a", "type": "User"}]}, ("a", "b")),
    ],
)
def test_unknown_members_are_not_nobody(members: dict[str, Any], told: tuple[str, ...] | None):
    """A group without the key has unknown members; each member counts once (Notion: N-103)."""
    (group,) = scim.groups_page(body({"id": "g1", "displayName": "QA", **members}), start=1).rows

    assert group == Group(id="g1", name="QA", members=told)


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"displayName": "QA"}, "group 1 (QA)"),
        ({"id": "", "displayName": "QA"}, "group 1 (QA)"),
        ({"id": "g1", "members": [{"display": "?"}]}, "group 1 (g1)"),
    ],
)
def test_an_odd_group_is_named(record: dict[str, Any], named: str):
    """A group without an id, or with a member without one, is left out by name."""
    (row,) = scim.groups_page(body(record), start=1).rows

    assert isinstance(row, BadRecord)
    assert row.where == named


def test_a_group_without_a_name_is_called_by_its_id():
    """Nothing is lost because nobody named it."""
    found = scim.one_group(b'{"id": "g1", "displayName": "  ", "members": []}', "g1")

    assert found.name == "g1"


def test_single_records_must_be_the_ones_asked_for():
    """Another person's record, or an unusable one, is never passed off as the wanted one."""
    ana = b'{"id": "u1", "userName": "ana@larkspur.example"}'

    assert scim.one_member(ana, "u1").user_name == "ana@larkspur.example"
    with pytest.raises(BadRecord, match="u1 instead"):
        scim.one_member(ana, "u2")
    with pytest.raises(BadRecord, match="userName"):
        scim.one_member(b'{"id": "u1"}', "u1")
    with pytest.raises(BadRecord, match="g2 instead"):
        scim.one_group(b'{"id": "g2"}', "g1")


@pytest.mark.parametrize("damaged", [b"", b'{"id": "u1", "userNa', b'{"id": "u1"}}'])
def test_a_single_record_that_was_cut_short_is_no_bad_record(damaged: bytes):
    """What is no JSON may be whole the next time; it says nothing about the person."""
    with pytest.raises(NotionBroken):
        scim.one_member(damaged, "u1")
    with pytest.raises(NotionBroken):
        scim.one_group(damaged, "u1")


@given(st.text(min_size=1))
def test_no_id_leaves_its_place_in_the_path(key: str):
    """Ids are data: no slash, question mark or dot in them changes what is asked."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return

    for path, root in ((scim.users_path(key), "/Users/"), (scim.groups_path(key), "/Groups/")):
        rest = path.removeprefix(root)
        assert path != rest
        assert not set(rest) & set("/?#&\\ ")


def test_the_listings_have_paths_of_their_own():
    """Without an id it is the listing."""
    assert (scim.users_path(), scim.groups_path()) == ("/Users", "/Groups")


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_json_in_any_field_is_a_row_or_a_bad_record(value: Any):
    """No field can hold anything that stops the page."""
    for key in ("id", "userName", "name", "emails", "active", "title", ROLE):
        assert isinstance(the_user(**{key: value}), Member | BadRecord)
