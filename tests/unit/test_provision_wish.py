"""Wishes: which words each verb needs, and what a batch file may look like."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.connector.provision.wish import (
    ATTRIBUTES,
    COLUMNS,
    VERBS,
    Wish,
    account_attributes,
    read_wishes,
)
from rolecall.errors import Invalid
from rolecall.notion.changes import ENTERPRISE_USER


def words_of(verb: str) -> dict[str, str]:
    """As many words as a verb needs."""
    needs = dict.fromkeys(VERBS[verb].needs, "x")
    return {**needs, **({"title": "Boss"} if verb == "account update" else {})}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_with_its_words_is_fine(verb: str):
    """Each verb is content with what it needs, and refuses any of it to be missing or blank."""
    Wish(verb=verb, words=words_of(verb)).check()
    for word in VERBS[verb].needs:
        for instead in ({}, {word: "  "}):
            words = {k: v for k, v in words_of(verb).items() if k != word} | instead
            with pytest.raises(Invalid, match=word):
                Wish(verb=verb, words=words).check()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_refuses_words_that_mean_nothing_to_it(verb: str):
    """A cell in a column that a verb does not know is an error, not silence."""
    rule = VERBS[verb]
    known = {*rule.needs, *rule.takes, *(ATTRIBUTES if rule.attributes else ())}
    for word in set(COLUMNS) - known - {"operation"}:
        with pytest.raises(Invalid, match=word):
            Wish(verb=verb, words={**words_of(verb), word: "x"}).check()


@pytest.mark.parametrize(
    "wish",
    [
        Wish(verb="fly"),
        Wish(verb="account update", words={"who": "x"}),
        Wish(verb="account create", words={"who": "x", "email": "y"}),
        Wish(verb="grant", words=words_of("grant"), problem="Too many cells."),
    ],
)
def test_other_things_that_make_no_sense(wish: Wish):
    """Unknown verbs, changes of nothing, two addresses, and damaged rows are refused."""
    with pytest.raises(Invalid):
        wish.check()


def test_every_attribute_has_its_place_in_a_record():
    """All our names for attributes reach Notion, each in an attribute of SCIM of its own."""
    found = account_attributes({name: f"my {name}" for name in ATTRIBUTES})

    assert all(f"my {name}" in str(found) for name in ATTRIBUTES)
    assert found["name"] == {
        "formatted": "my name",
        "givenName": "my given_name",
        "familyName": "my family_name",
    }
    assert found[ENTERPRISE_USER]["manager"] == {"value": "my manager"}
    assert found["phoneNumbers"] == [{"value": "my phone", "primary": True}]
    assert account_attributes({"who": "x", "role": "owner"}) == {}


CELLS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff"), max_size=12
)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8))
def test_what_is_written_is_read(rows: list[tuple[str, str, str]]):
    """Every cell arrives as it was written, spaces around it aside; empty rows are passed over."""
    text = io.StringIO()
    csv.writer(text).writerows([("operation", "who", "name"), *rows])
    found = read_wishes(io.StringIO(text.getvalue(), newline=""))
    full = [row for row in rows if any(cell.strip() for cell in row)]

    assert [(one.words.get("who", ""), one.words.get("name", "")) for one in found] == [
        (who.strip(), name.strip()) for _, who, name in full
    ]


@pytest.mark.parametrize(
    "written", ["group add", "Group Add", "group-add", "GROUP_ADD", " group  add "]
)
def test_verbs_are_read_kindly(written: str):
    """Case, dashes and spaces of a verb do not matter."""
    (wish,) = read_wishes([f"Operation,WHO\n{written},ana\n"][0].splitlines(keepends=True))

    assert (wish.verb, wish.who, wish.row) == ("group add", "ana", 2)


def test_a_row_with_too_many_cells_is_bad_alone():
    """A row longer than the header carries its problem; the next one is fine."""
    bad, good = read_wishes(["operation,who\n", "grant,ana,owner\n", "account remove,ana\n"])

    assert "more cells" in bad.problem
    assert good.problem == ""


@pytest.mark.parametrize(
    "lines", [[], ["\n"], ["who\n"], ["operation,sho\n"], ["operation,operation\n"]]
)
def test_a_header_that_is_no_header(lines: list[str]):
    """Without a usable first line nothing of the file is understood."""
    with pytest.raises(Invalid):
        read_wishes(lines)
