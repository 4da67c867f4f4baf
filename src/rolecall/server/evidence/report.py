"""What an evidence file says: facts, and rows under named columns; whatever its form. Pure.

All cells are text, the same in each form, so that the digest over the rows is the same too.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

__all__ = ["Report", "Row", "Rows", "stamp"]

Row = tuple[str, ...]
_TOLD_EACH: Final = 1000


class Rows:
    """The rows of a report on their way into a file: counted and summed as they pass, once."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self._summed = hashlib.sha256()
        self.counts: Counter[str] = Counter()
        """By what stands in the first column."""
        self.heard: Callable[[int], object] = lambda _passed: None
        """Told now and then how many have passed; what it raises ends the file."""

    def __iter__(self) -> Iterator[Row]:
        for passed, row in enumerate(self._rows, start=1):
            self._summed.update(msgspec.json.encode(row) + b"\n")
            self.counts[row[0]] += 1
            if passed % _TOLD_EACH == 0:
                self.heard(passed)
            yield row

    @property
    def total(self) -> int:
        """How many have passed."""
        return self.counts.total()

    @property
    def sha256(self) -> str:
        """Over those that have passed, in hexadecimal.

        Over each row as a JSON array of its cells, compact, in UTF-8, and a line feed after it. The
        same question about the same past gives the same digest, in every form and at any time.
        """
        return self._summed.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was so at a moment, or what changed between two."""

    kind: str
    """access or changes."""
    title: str
    facts: tuple[tuple[str, str], ...]
    """Label and value: what it is about, what it rests on, who asked."""
    columns: Row
    widths: tuple[int, ...]
    """How wide the columns are on paper, in proportion."""
    counts: Mapping[str, int]
    """How many rows there are, by what stands in the first column: counted before they are read."""
    rows: Rows
    stem: str
    """How the file's name begins."""

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())

    def whole(self) -> bool:
        """Whether as many rows have passed as were counted, of each kind."""
        return {k: n for k, n in self.counts.items() if n} == dict(self.rows.counts)


def stamp(at: datetime | None) -> str:
    """A moment as it stands in evidence: ISO 8601, UTC, to the second; empty for none."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""
