"""Read a whole listing, and either prove that it was whole or say that it was not.

Turns pages, lets `listing` judge them, hands records to a sink as they come.
A sink that is told to restart forgets what this listing gave it: the listing is being read again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from rolecall.errors import BadRecord, Unfinished
from rolecall.notion import scim
from rolecall.notion.listing import Flaw, Gathering, Overlap, starts
from rolecall.notion.model import Group, Member

__all__ = ["Listed", "Listing", "Notice", "Sink", "each"]

Record = TypeVar("Record", Member, Group)
Item = TypeVar("Item")
Taken_contra = TypeVar("Taken_contra", contravariant=True)

ORDERED_TRIES: Final = (0, 3, 11)
"""Rows by which the pages of each try are smaller, so that their edges fall elsewhere."""

SWEEPS: Final = 24
"""How often an unordered listing is read until it adds up."""

PAIRS: Final = 3
"""How many times two passes over an unordered listing may differ."""

Notice = Callable[[str], None]
"""Told in one sentence what did not go smoothly."""


class Sink(Protocol[Taken_contra]):
    """Where records go."""

    async def restart(self) -> None:
        """Forget what this listing has given so far."""

    def expect(self, total: int) -> None:
        """So many rows are to come, says Notion; for progress only."""

    async def take(self, records: Sequence[Taken_contra]) -> None:
        """Keep these; each record is given once until the next restart.

        The next page is asked for when this returns, so whoever cannot keep up slows the reading.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A listing that was proved."""

    ids: set[str]
    """Of every row, readable or not."""

    bad: tuple[BadRecord, ...] = ()
    """Rows that could not be read; they are missing."""


@dataclass(slots=True)
class _Attempt(Generic[Record]):
    """What one try at a listing has taken."""

    proof: Overlap | Gathering
    sink: Sink[Record]
    bad: list[BadRecord] = field(default_factory=list)

    async def take(self, page: scim.Page[Record]) -> None:
        ids = [row.id for row in page.rows]
        if isinstance(self.proof, Overlap):
            fresh = self.proof.take(page.start, page.total, ids)
        else:
            fresh = self.proof.take(page.total, ids)
        rows = [page.rows[position] for position in fresh]
        self.bad += [row for row in rows if isinstance(row, BadRecord)]
        await self.sink.take([row for row in rows if not isinstance(row, BadRecord)])

    def listed(self) -> Listed:
        return Listed(ids=self.proof.ids, bad=tuple(self.bad))


async def each(
    items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, workers: int
) -> None:
    """Do `work` for each item, at most `workers` at once; the first error stops all.

    Raises:
        Exception: the first error, as itself and not in a group.
    """
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(worker())
    except ExceptionGroup as errors:  # not except*, which until Python 3.11.4 raises groups only
        first: Exception = errors
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None


@dataclass(slots=True, kw_only=True)
class Listing(Generic[Record]):
    """One listing, read as often as it takes."""

    what: str
    fetch: Callable[[int, int], Awaitable[scim.Page[Record]]]
    sink: Sink[Record]
    workers: int
    size: int
    notice: Notice

    async def read(self) -> Listed:
        """Everything, proved.

        Raises:
            Unfinished: it changed, or its order moved, faster than it could be read.
        """
        flaws = []
        for less in ORDERED_TRIES:
            try:
                return await self._ordered(max(2, self.size - less))
            except Flaw as flaw:
                flaws.append(str(flaw))
                self.notice(f"Reading {self.what} again: {flaw}.")
        try:
            return await self._unordered()
        except Flaw as flaw:
            raise Unfinished(
                f"Not all {self.what} could be proved to be seen: {flaw} (before: {flaws[-1]}).",
                hint="Nothing was written. Try again at a quieter time.",
            ) from flaw

    async def _ordered(self, size: int) -> Listed:
        await self.sink.restart()
        first = await self.fetch(1, size)
        self.sink.expect(first.total)
        proof = Overlap(total=first.total, size=len(first.rows))
        attempt = _Attempt(proof, self.sink)
        await attempt.take(first)
        if len(first.rows) < first.total:
            if len(first.rows) == 1:
                raise Flaw("pages of one row cannot overlap")
            await self._pages(starts(first.total, len(first.rows)), size, attempt)
        proof.conclude(unnamed=sum(not row.id for row in attempt.bad))
        return attempt.listed()

    async def _unordered(self) -> Listed:
        """Two passes in a row that saw the same ids, each as many as Notion counts."""
        before = await self._gathered()
        for _ in range(PAIRS):
            now = await self._gathered()
            if now.ids == before.ids:
                return now
            self.notice(f"Two readings of {self.what} differ; reading once more.")
            before = now
        raise Flaw("no two readings were equal")

    async def _gathered(self) -> Listed:
        await self.sink.restart()
        first = await self.fetch(1, self.size)
        self.sink.expect(first.total)
        proof = Gathering(total=first.total)
        attempt = _Attempt(proof, self.sink)
        await attempt.take(first)
        for _ in range(SWEEPS):
            if proof.adds_up or not first.rows:
                break
            pages = range(1, first.total + 1, len(first.rows))
            await self._pages(pages, self.size, attempt)
        if not proof.adds_up:
            raise Flaw(f"after {SWEEPS} readings {len(proof.ids)} of {proof.total} were seen")
        return attempt.listed()

    async def _pages(self, pages: range, size: int, attempt: _Attempt[Record]) -> None:
        async def one(start: int) -> None:
            await attempt.take(await self.fetch(start, size))

        await each(pages, one, workers=self.workers)
