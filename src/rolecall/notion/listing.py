"""When a listing may be called complete. Pure: it judges pages that others have fetched.

Notion pages by offset, without a promised order (Notion: N-039, N-040): while we turn pages,
somebody leaves, everything behind moves up by one, and the person at the edge is never shown.
Counting does not help: with one more joining, the count is right and a lasting member is missing.

So pages overlap by one row. Let X be the last row of one page and the first of the next. A member
who stays throughout stands, in any stable order, before or after X; so there is a page that has
the boundary before and the boundary after that member, and the member is on it. Where the order
itself moves, boundaries do not match; there we read until as many different ids were seen as
Notion counts, and once more, and the two sets must be equal (docs/adr/0004).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["Flaw", "Gathering", "Overlap", "starts"]


class Flaw(Exception):
    """Why what was read proves nothing; the listing must be read again."""


def starts(total: int, size: int) -> range:
    """The 1-based start of each page after the first, overlapping by one row.

    Args:
        total: rows in the listing.
        size: rows on a page; less than 2 only where there is no second page: nothing overlaps.
    """
    step = max(size - 1, 1)  # one row, or none, is one page
    return range(1 + step, max(total, 1), step)


@dataclass(frozen=True, slots=True)
class _Edges:
    first: str
    last: str
    rows: int


@dataclass(slots=True)
class Overlap:
    """The proof of a listing in stable order; pages may arrive in any order.

    Args:
        total: `totalResults` of the first page.
        size: rows on a full page.
    """

    total: int
    size: int
    ids: set[str] = field(default_factory=set)
    _pages: dict[int, _Edges] = field(default_factory=dict)
    _rows: int = 0

    def take(self, start: int, total: int, ids: Sequence[str]) -> list[int]:
        """Note a page.

        Args:
            start: 1-based index of its first row.
            total: `totalResults` as this page gives it.
            ids: the ids on it; "" for a record that has none.

        Returns:
            The positions within the page whose ids were not seen before.

        Raises:
            Flaw: the total changed, or the page repeats an id.
        """
        if total != self.total:
            raise Flaw(f"the total changed from {self.total} to {total}")
        named = [i for i in ids if i]
        if len(set(named)) != len(named):
            raise Flaw(f"the page at {start} shows somebody twice")
        if not ids and total:
            raise Flaw(f"the page at {start} is empty")
        fresh = [n for n, i in enumerate(ids) if not i or i not in self.ids]
        self.ids.update(named)
        self._rows += len(ids)
        self._pages[start] = _Edges(ids[0], ids[-1], len(ids)) if ids else _Edges("", "", 0)
        return fresh

    def conclude(self, unnamed: int = 0) -> None:
        """Decide that all pages together are everything.

        Args:
            unnamed: how many rows had no id.

        Raises:
            Flaw: they are not, or it cannot be told.
        """
        planned = [1, *starts(self.total, self.size)]
        if missing := [start for start in planned if start not in self._pages]:
            raise Flaw(f"the page at {missing[0]} was not read")
        pages = [self._pages[start] for start in planned]
        for start, before, after in zip(planned[1:], pages, pages[1:], strict=False):
            if not before.last or before.last != after.first:
                raise Flaw(f"the pages around {start} do not join")
        if planned[-1] + pages[-1].rows - 1 != self.total:
            raise Flaw(f"the last page ends before or after {self.total}")
        if len(self.ids) + unnamed != self.total or self._rows - self.total != len(pages) - 1:
            raise Flaw(f"{len(self.ids) + unnamed} different rows, but Notion counts {self.total}")


@dataclass(slots=True)
class Gathering:
    """Everything that was seen of a listing without order, until it adds up."""

    total: int
    ids: set[str] = field(default_factory=set)

    def take(self, total: int, ids: Iterable[str]) -> list[int]:
        """Note a page; returns the positions of ids not seen before.

        Raises:
            Flaw: the total changed, or a record has no id and so cannot be counted.
        """
        if total != self.total:
            raise Flaw(f"the total changed from {self.total} to {total}")
        fresh = []
        for position, row_id in enumerate(ids):
            if not row_id:
                raise Flaw("a record has no id, and the order is not stable")
            if row_id not in self.ids:
                self.ids.add(row_id)
                fresh.append(position)
        return fresh

    @property
    def adds_up(self) -> bool:
        """Whether as many different ids were seen as Notion counts."""
        return len(self.ids) == self.total
