"""A table that somebody hands over: from the bytes of a CSV file to named cells, row by row.

UTF-8, a header, commas or semicolons. What a cell means, and what is wrong with it, the noun says
that asked for the file.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rolecall.errors import Invalid

__all__ = ["MAX_BYTES", "MAX_ROWS", "Fault", "Grid", "Line", "opened"]

MAX_BYTES: Final = 10 << 20
MAX_ROWS: Final = 50_000


class _Lines(Iterator[list[str]], Protocol):
    """What `csv.reader` makes."""

    line_num: int


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, and where."""

    number: int
    """The line; 0 is the file as a whole."""
    what: str

    def __str__(self) -> str:
        return f"Row {self.number}: {self.what}" if self.number else self.what


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row that is not blank."""

    number: int
    """The line it begins on, the header being 1."""
    cells: tuple[str, ...]

    def named(self, columns: Sequence[str]) -> Mapping[str, str]:
        """Column → its text, with single spaces; cells that the row leaves out are empty.

        Raises:
            Invalid: it has more cells than there are columns.
        """
        if len(self.cells) > len(columns):
            raise Invalid("It has more cells than the header.")
        filled = [*self.cells, *[""] * (len(columns) - len(self.cells))]
        return {name: " ".join(cell.split()) for name, cell in zip(columns, filled, strict=True)}


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A file that was opened."""

    columns: tuple[str, ...]
    """As the header names them: lower case, underscores for spaces."""
    lines: tuple[Line, ...]


def opened(data: bytes, *, known: Sequence[str], required: Sequence[str]) -> Grid:
    """Header and rows of a file.

    Args:
        data: its bytes.
        known: the columns that mean something; for the sentence that names them.
        required: those that it must have.

    Raises:
        Invalid: it is too large, not UTF-8, no CSV, or its header lacks a column or has one twice.
    """
    lines = csv.reader(
        io.StringIO(_text(data), newline=""), delimiter=_delimiter(data), strict=True
    )
    try:
        columns = _header(next(lines, []), known, required)
        rows = tuple(_numbered(lines))
    except csv.Error as error:
        raise Invalid(
            f"The file cannot be read as CSV, at line {lines.line_num}: {error}.",
            hint="Export it again, as CSV in UTF-8.",
        ) from error
    if len(rows) > MAX_ROWS:
        raise Invalid(f"The file has more than {MAX_ROWS:,} rows.", hint="Split it.")
    return Grid(columns=columns, lines=rows)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Invalid(f"The file is larger than {MAX_BYTES >> 20} MiB.", hint="Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8.", hint="Export it again, as “CSV UTF-8”.") from error
    if "\0" in text:
        raise Invalid("The file is no text.", hint="Export it again, as CSV in UTF-8.")
    return text


def _delimiter(data: bytes) -> str:
    header = data.partition(b"\n")[0]
    return ";" if header.count(b";") > header.count(b",") else ","


def _header(cells: Sequence[str], known: Sequence[str], required: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip().casefold().replace(" ", "_") for cell in cells)
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    missing = [name for name in required if name not in columns]
    if missing or twice:
        raise Invalid(
            f"The header has no {' and no '.join(missing)}."
            if missing
            else f"The header names {', '.join(twice)} twice.",
            hint=f"The first line names the columns: {', '.join(known)}.",
        )
    return columns


def _numbered(lines: _Lines) -> Iterator[Line]:
    """Rows that are not blank, with the line they begin on."""
    begins = lines.line_num + 1
    for values in lines:
        if any(value.strip() for value in values):
            yield Line(number=begins, cells=tuple(values))
        begins = lines.line_num + 1
