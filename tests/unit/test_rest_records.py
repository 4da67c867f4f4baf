"""What `notion.rest` makes of the public API's bodies."""

import json
from typing import Any

import pytest

from rolecall.errors import BadRecord, NotionBroken
from rolecall.notion import rest
from rolecall.notion.model import Bot, Email, Member


def a_page(*results: Any, **more: Any) -> bytes:
    """A page of users."""
    return json.dumps({"object": "list", "results": results, **more}).encode()


def test_people_and_bots_are_told_apart():
    """A person is a member with an address, a bot has none."""
    person = {"id": "u1", "name": "Ana", "type": "person", "person": {"email": "ana@x.example"}}
    bot = {"id": "b1", "name": "Sync", "type": "bot", "bot": {}}

    page = rest.users_page(a_page(person, bot))

    assert page.next_cursor is None
    assert page.rows == (
        Member(
            id="u1",
            user_name="ana@x.example",
            display_name="Ana",
            emails=(Email(address="ana@x.example", primary=True),),
        ),
        Bot(id="b1", user_name="", display_name="Sync"),
    )


@pytest.mark.parametrize("person", [{}, {"person": None}, {"person": {"email": None}}])
def test_without_the_email_capability_people_have_no_address(person: dict[str, Any]):
    """Who may not be seen is still there, under the name, else the id (Notion: N-144)."""
    (row,) = rest.users_page(a_page({"id": "u1", "type": "person", **person})).rows

    assert row == Member(id="u1", user_name="", display_name="u1")


def test_somebody_without_a_name_is_called_by_the_address():
    """The address is better than an id."""
    record = {"id": "u1", "name": " ", "type": "person", "person": {"email": "ana@x.example"}}

    (row,) = rest.users_page(a_page(record)).rows

    assert isinstance(row, Member)
    assert row.display_name == "ana@x.example"


@pytest.mark.parametrize(
    "record",
    [{"id": "u1"}, {"id": "u1", "type": "agent"}, {"id": "", "type": "bot"}, {"type": "bot"}, 3],
)
def test_who_is_neither_person_nor_bot_is_named(record: Any):
    """An unknown kind of user is left out and said, not guessed."""
    good = {"id": "u1", "type": "bot"}

    first, odd = rest.users_page(a_page(good, record)).rows

    assert isinstance(first, Bot)
    assert isinstance(odd, BadRecord)
    assert odd.where == "user 2 of a page"


def test_the_cursor_counts_only_while_there_is_more():
    """`has_more` decides; a cursor without it is not followed."""
    assert rest.users_page(a_page(has_more=True, next_cursor="c2")).next_cursor == "c2"
    assert rest.users_page(a_page(has_more=False, next_cursor="c2")).next_cursor is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"results": 3}',
        b'{"results": [',
        b'{"results": [], "has_more": true}',
        b'{"results": [], "has_more": true, "next_cursor": ""}',
    ],
)
def test_a_damaged_page_is_an_error(raw: bytes):
    """Nothing that is no page is an empty page; more without a where is no end."""
    with pytest.raises(NotionBroken):
        rest.users_page(raw)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"name": "Sync", "bot": {"workspace_id": "w1", "workspace_name": "Larkspur"}},
            rest.Me(bot_name="Sync", workspace_id="w1", workspace_name="Larkspur"),
        ),
        ({"bot": {}}, rest.Me(bot_name="", workspace_id="", workspace_name="")),
        ({}, rest.Me(bot_name="", workspace_id="", workspace_name="")),
    ],
)
def test_whose_key_it_is(record: dict[str, Any], expected: rest.Me):
    """The workspace and the name of the integration, as far as Notion says."""
    assert rest.me(json.dumps(record).encode()) == expected


def test_a_damaged_answer_about_the_key_is_an_error():
    """No key is believed on the strength of a broken body."""
    with pytest.raises(NotionBroken):
        rest.me(b'{"bot": 3}')
