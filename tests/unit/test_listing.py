"""Each reason why pages prove nothing, one by one; the promise itself is a property test."""

import pytest

from rolecall.notion.listing import Flaw, Gathering, Overlap, starts


def test_where_pages_start():
    """A step is one row less than a page; nothing, or one page, needs no second."""
    assert list(starts(0, 100)) == list(starts(100, 100)) == []
    assert list(starts(101, 100)) == [100]
    assert list(starts(250, 100)) == [100, 199]
    assert list(starts(1, 1)) == []


def test_a_whole_listing():
    """Pages may come in any order; only what is new is handed on."""
    proof = Overlap(total=5, size=3)

    assert proof.take(3, 5, ["c", "d", "e"]) == [0, 1, 2]
    assert proof.take(1, 5, ["a", "b", "c"]) == [0, 1]
    proof.conclude()
    assert proof.ids == set("abcde")


def test_rows_without_an_id_are_counted():
    """A record that cannot be named still fills its place."""
    proof = Overlap(total=3, size=3)

    assert proof.take(1, 3, ["a", "", "c"]) == [0, 1, 2]
    proof.conclude(unnamed=1)


@pytest.mark.parametrize(
    ("total", "ids", "told"),
    [(6, ["a"], "total changed"), (5, ["a", "a"], "twice"), (5, [], "empty")],
)
def test_a_page_that_proves_nothing(total: int, ids: list[str], told: str):
    """Another total, somebody twice, or nothing where there should be something."""
    with pytest.raises(Flaw, match=told):
        Overlap(total=5, size=3).take(1, total, ids)


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ({1: "abc"}, "was not read"),
        ({1: "abc", 3: "xde"}, "do not join"),
        ({1: ["a", "b", ""], 3: ["", "d", "e"]}, "do not join"),
        ({1: "abc", 3: "cd"}, "before or after"),
        ({1: "abc", 3: "cde", 9: "fgh"}, "different rows"),
        ({1: "abc", 3: "cae"}, "different rows"),
    ],
)
def test_pages_that_prove_nothing_together(pages: dict[int, str], told: str):
    """A page is missing, edges differ, the end is elsewhere, or rows do not add up."""
    proof = Overlap(total=5, size=3)
    for start, ids in pages.items():
        proof.take(start, 5, list(ids))

    with pytest.raises(Flaw, match=told):
        proof.conclude()


def test_nobody_is_proved():
    """An empty workspace is an empty page and a total of 0."""
    proof = Overlap(total=0, size=0)

    assert proof.take(1, 0, []) == []
    proof.conclude()


def test_gathering():
    """Without order: everybody once, the same total, and an id for each."""
    proof = Gathering(total=3)

    assert proof.take(3, ["a", "b", "a"]) == [0, 1]
    assert not proof.adds_up
    assert proof.take(3, ["b", "c"]) == [1]
    assert proof.adds_up
    with pytest.raises(Flaw, match="total changed"):
        proof.take(4, ["d"])
    with pytest.raises(Flaw, match="no id"):
        proof.take(3, [""])
