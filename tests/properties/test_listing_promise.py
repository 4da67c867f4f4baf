"""What `notion.listing` proves is true of any listing, however it moves under our hands."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rolecall.notion.listing import Flaw, Gathering, Overlap, starts


@dataclass
class Moving:
    """A listing in stable order that people join and leave; remembers who was ever and always."""

    rows: list[str]
    dice: Random
    made: int = 0
    ever: set[str] = field(default_factory=set)
    always: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ever, self.always = set(self.rows), set(self.rows)

    def move(self, what: str) -> None:
        """One leaves, one joins, or both."""
        if what in {"leave", "swap"} and self.rows:
            self.always.discard(self.rows.pop(self.dice.randrange(len(self.rows))))
        if what in {"join", "swap"}:
            self.made += 1
            self.rows.insert(self.dice.randint(0, len(self.rows)), f"new{self.made}")
            self.ever.add(f"new{self.made}")

    def page(self, start: int, size: int) -> list[str]:
        """The rows from a 1-based place on."""
        return self.rows[start - 1 : start - 1 + size]


MOVES = st.sampled_from(["", "", "", "swap", "swap", "join", "leave"])


@given(total=st.integers(0, 400), size=st.integers(2, 120))
@example(total=1, size=100)
@example(total=0, size=100)
def test_a_listing_that_rests_is_always_proved(total: int, size: int):
    """Whatever the numbers, pages that overlap by one row show everybody, and pass."""
    everybody = [f"u{n}" for n in range(total)]
    proof = Overlap(total=total, size=min(size, total))
    taken = []
    for start in [1, *starts(total, min(size, total))]:
        page = everybody[start - 1 : start - 1 + size]
        taken += [page[n] for n in proof.take(start, total, page)]
    proof.conclude()

    assert taken == everybody


@given(
    total=st.integers(0, 60),
    size=st.integers(2, 9),
    moves=st.lists(MOVES, min_size=70, max_size=70),
    seed=st.integers(0, 10**6),
)
def test_what_is_proved_is_everybody_who_stayed_and_nobody_else(
    total: int, size: int, moves: list[str], seed: int
):
    """People join and leave between pages that arrive in any order: pass means promise kept."""
    listing = Moving([f"u{n}" for n in range(total)], Random(seed))
    first = listing.page(1, size)
    proof = Overlap(total=total, size=len(first))
    later = list(starts(total, len(first))) if len(first) < total else []
    listing.dice.shuffle(later)
    try:
        proof.take(1, total, first)
        for start, move in zip(later, moves, strict=False):
            listing.move(move)
            proof.take(start, len(listing.rows), listing.page(start, len(first)))
        proof.conclude()
    except Flaw:
        return

    assert listing.always <= proof.ids <= listing.ever


def test_one_out_one_in_between_two_pages_is_noticed():
    """The count is right and all ids differ, yet a lasting member was never shown: no proof."""
    proof = Overlap(total=6, size=3)
    proof.take(1, 6, ["a", "b", "c"])
    after = ["b", "c", "d", "e", "f", "g"]  # a left, g joined: d stands where c stood
    for start in starts(6, 3):
        proof.take(start, 6, after[start - 1 : start + 2])

    with pytest.raises(Flaw, match="do not join"):
        proof.conclude()


def test_one_more_on_a_full_last_page_is_noticed():
    """Somebody joins on the last page and pushes the last member off it: only the total tells."""
    proof = Overlap(total=5, size=3)
    proof.take(1, 5, ["a", "b", "c"])

    with pytest.raises(Flaw, match="total changed"):
        proof.take(3, 6, ["c", "new", "d"])


def test_a_row_that_comes_again_elsewhere_is_noticed():
    """Edges join and the rows are as many as they should be, but one stands on two pages."""
    proof = Overlap(total=5, size=3)
    proof.take(1, 5, ["a", "b", "c"])
    proof.take(3, 5, ["c", "b", "e"])

    with pytest.raises(Flaw, match="4 different rows"):
        proof.conclude()


@pytest.mark.parametrize("gone", [1, 3, 5])
def test_a_page_that_was_not_read_is_noticed(gone: int):
    """Without any one of its pages nothing is proved."""
    proof = Overlap(total=6, size=3)
    for start in [1, *starts(6, 3)]:
        if start != gone:
            proof.take(start, 6, list("abcdef")[start - 1 : start + 2])

    with pytest.raises(Flaw):
        proof.conclude()


@given(total=st.integers(1, 50), size=st.integers(2, 20), seed=st.integers(0, 10**6))
def test_a_gathering_adds_up_only_when_all_were_seen(total: int, size: int, seed: int):
    """However the order moves between pages, as many ids as Notion counts are all of them."""
    dice, everybody = Random(seed), [f"u{n}" for n in range(total)]
    proof = Gathering(total=total)
    for start in range(1, total + 1, size):
        dice.shuffle(everybody)
        proof.take(total, everybody[start - 1 : start - 1 + size])

    assert proof.adds_up == (proof.ids == set(everybody))
