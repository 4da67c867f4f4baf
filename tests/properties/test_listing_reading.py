"""Reading a listing again and again ends with the truth or not at all, whatever moves meanwhile."""

import asyncio
from dataclasses import dataclass, field
from random import Random

import pytest

from rolecall.errors import Unfinished
from rolecall.notion.model import Group
from rolecall.notion.reading import Listing
from rolecall.notion.scim import Page


@dataclass
class Restless:
    """A listing whose order and rows change between pages, for a while."""

    dice: Random
    ordered: bool
    chance: float
    for_pages: int
    rows: list[str] = field(default_factory=lambda: [f"g{n}" for n in range(7)])
    pages: int = 0
    ever: set[str] = field(default_factory=set)
    always: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ever, self.always = set(self.rows), set(self.rows)

    async def fetch(self, start: int, count: int) -> Page[Group]:
        """A page, after whatever happens before it."""
        await asyncio.sleep(0)
        self.pages += 1
        if self.pages <= self.for_pages and self.dice.random() < self.chance:
            self.always.discard(self.rows.pop(self.dice.randrange(len(self.rows))))
            self.rows.insert(self.dice.randint(0, len(self.rows)), f"new{self.pages}")
            self.ever.add(f"new{self.pages}")
        if not self.ordered:
            self.dice.shuffle(self.rows)
        shown = self.rows[start - 1 : start - 1 + min(count, 3)]
        made = tuple(Group(id=one, name=one, members=()) for one in shown)
        return Page(start=start, total=len(self.rows), rows=made)


@dataclass
class Basket:
    """Sink that keeps ids, each once."""

    ids: list[str] = field(default_factory=list)

    async def restart(self) -> None:
        """Forget all."""
        self.ids.clear()

    def expect(self, total: int) -> None:
        """Nothing to draw."""

    async def take(self, records) -> None:
        """Keep these."""
        self.ids += [record.id for record in records]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("chance", [0.0, 0.05, 0.2])
def test_the_promise_or_unfinished(*, ordered: bool, chance: float):
    """Restless listings end with who stayed and nobody who never was, or unfinished."""
    finished = 0
    for seed in range(150):
        world = Restless(Random(seed), ordered=ordered, chance=chance, for_pages=60)
        basket = Basket()
        listing = Listing(
            what="groups",
            fetch=world.fetch,
            sink=basket,
            workers=2,
            size=3,
            notice=lambda _text: None,
        )
        try:
            listed = asyncio.run(listing.read())
        except Unfinished:
            continue
        finished += 1

        assert sorted(basket.ids) == sorted(listed.ids), seed
        assert world.always <= listed.ids <= world.ever, seed
    assert finished > (0 if chance else 149)
