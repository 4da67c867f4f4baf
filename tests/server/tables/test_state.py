"""What an address says of a table, read and written."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.server.tables.state import SIZES, Shape, State

SHAPE = Shape(
    columns=("name", "email", "role", "seen"),
    shown=("name", "role"),
    sortable=frozenset({"name", "seen"}),
    order="-seen",
    filters={"status": frozenset({"on", "off"}), "type": frozenset({"human"}), "group": None},
)
NAMES = ["q", "sort", "size", "cols", "page", "as", "status", "type", "group", "unknown"]
VALUES = st.one_of(
    st.text(max_size=120),
    st.sampled_from(["on", "off", "human", "name", "-seen", "seen", "50", "2", "role,email", ""]),
    st.integers().map(str),
)
ADDRESSES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12)


def read(address: str) -> State:
    """The state of an address as a browser sends it."""
    return State.read(parse_qsl(address, keep_blank_values=True), SHAPE)


@given(pairs=ADDRESSES)
def test_what_was_written_reads_as_the_same(pairs):
    """Whatever an address said, the state it gave is the one its own address gives."""
    state = State.read(pairs, SHAPE)

    assert read(state.query()) == state


@given(pairs=ADDRESSES)
def test_any_address_gives_a_state_the_table_can_show(pairs):
    """Nothing that the table does not know comes through, however it was asked for."""
    state = State.read(pairs, SHAPE)

    assert state.sort.removeprefix("-") in SHAPE.sortable
    assert state.size in SIZES
    assert state.page >= 1
    assert state.columns
    assert set(state.columns) <= set(SHAPE.columns)
    assert list(state.columns) == [one for one in SHAPE.columns if one in state.columns]
    for name, values in state.filters:
        assert values
        assert SHAPE.filters[name] is None or set(values) <= SHAPE.filters[name]
    texts = [state.search, *(text for _name, values in state.filters for text in values)]
    assert all(text.isprintable() or not any(c < " " for c in text) for text in texts)
    assert all("\x00" not in text and len(text) <= 100 for text in texts)
    assert all(text.encode() for text in texts if text)


@given(pairs=ADDRESSES)
def test_a_removed_filter_is_gone_and_nothing_else(pairs):
    """The address of a chip leaves out its own value, and goes to the first page."""
    state = State.read(pairs, SHAPE)
    for name, values in state.filters:
        for value in values:
            rest = state.without(name, value)
            left = [(n, v) for n, vs in state.filters for v in vs if (n, v) != (name, value)]

            assert [(n, v) for n, vs in rest.filters for v in vs] == left
            assert (rest.search, rest.sort, rest.page) == (state.search, state.sort, 1)


def test_the_usual_view_has_an_empty_address():
    """A table as it is by itself needs no words in its address."""
    assert read("").query() == ""
    assert read("sort=-seen&size=25&page=1&cols=name,role").query() == ""


def test_the_address_is_short_and_readable():
    """Only what differs from the usual view stands in it, in one order."""
    state = read("page=3&q=ana+co&status=off&status=on&cols=email&cols=name&sort=name&size=50")

    assert (
        state.query() == "status=off&status=on&q=ana+co&sort=name&size=50&cols=name%2Cemail&page=3"
    )


@pytest.mark.parametrize("said", ["0", "-1", "1.5", "٣", "9999999999999999999", "", "one"])
def test_a_page_that_is_none_is_the_first(said):
    """A page that cannot be is the first, and no error."""
    assert State.read([("page", said)], SHAPE).page == 1


def test_sorting_by_the_same_column_again_turns_it():
    """The first click sorts, the second turns the order, the third turns it back."""
    once = read("page=4").sorted_by("name")
    twice = once.sorted_by("name")

    assert [once.sort, twice.sort, twice.sorted_by("name").sort] == ["name", "-name", "name"]
    assert once.page == 1
