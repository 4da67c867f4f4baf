"""A roster file: from bytes to rows, with a sentence for each row that makes no sense.

UTF-8, a header, commas or semicolons. A column that the file does not have changes nothing.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rolecall.errors import Invalid
from rolecall.server.people.persons import MAX_TEXT, fold

__all__ = ["COLUMNS", "MAX_BYTES", "MAX_ROWS", "Fault", "Row", "Sheet", "read"]

COLUMNS: Final = ("name", "email", "other_emails", "title", "department", "manager")
"""`name` and `email` are required; several other addresses are separated by spaces or semicolons,
and a manager is named by one of their addresses."""
MAX_BYTES: Final = 10 << 20
MAX_ROWS: Final = 50_000


class _Lines(Iterator[list[str]], Protocol):
    """What `csv.reader` makes."""

    line_num: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One person, as the file says."""

    number: int
    """The line it begins on, the header being 1."""
    name: str
    emails: dict[str, str]
    """Folded → as written; the first is the primary one."""
    others: bool
    """Whether these are all addresses: the file has the column."""
    title: str | None
    department: str | None
    manager: str | None
    """Folded address; empty is: nobody. None, as above, is: the file does not say."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, and where."""

    number: int
    """The line; 0 is the file as a whole."""
    what: str

    def __str__(self) -> str:
        return f"Row {self.number}: {self.what}" if self.number else self.what


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file that was read."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    ignored: tuple[str, ...]
    """Columns that mean nothing here."""


def read(data: bytes) -> Sheet:
    """Every row that makes sense, and a fault for each that does not.

    Raises:
        Invalid: it is no such file at all: too large, not UTF-8, no header, a column twice.
    """
    lines = csv.reader(
        io.StringIO(_text(data), newline=""), delimiter=_delimiter(data), strict=True
    )
    try:
        columns = _header(next(lines, []))
        cells = list(_numbered(lines))
    except csv.Error as error:
        raise Invalid(
            f"The file cannot be read as CSV, at line {lines.line_num}: {error}.",
            hint="Export it again, as CSV in UTF-8.",
        ) from error
    if len(cells) > MAX_ROWS:
        raise Invalid(f"The file has more than {MAX_ROWS:,} rows.", hint="Split it.")
    rows, faults, owners = [], [], dict[str, int]()
    for number, values in cells:
        try:
            row = _row(number, values, columns)
            _insist_on_new(row, owners)
        except Invalid as error:
            faults.append(Fault(number=number, what=error.what))
        else:
            rows.append(row)
    ignored = tuple(name for name in columns if name not in COLUMNS)
    return Sheet(rows=tuple(rows), faults=tuple(faults), ignored=ignored)


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


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip().casefold().replace(" ", "_") for cell in cells)
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    missing = [name for name in ("name", "email") if name not in columns]
    if missing or twice:
        raise Invalid(
            f"The header has no {' and no '.join(missing)}."
            if missing
            else f"The header names {', '.join(twice)} twice.",
            hint=f"The first line names the columns: {', '.join(COLUMNS)}.",
        )
    return columns


def _numbered(lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line they begin on."""
    begins = lines.line_num + 1
    for values in lines:
        if any(value.strip() for value in values):
            yield begins, values
        begins = lines.line_num + 1


def _row(number: int, values: Sequence[str], columns: Sequence[str]) -> Row:
    if len(values) > len(columns):
        raise Invalid("It has more cells than the header.")
    cells = dict(zip(columns, [*values, *[""] * (len(columns) - len(values))], strict=True))
    texts = {name: " ".join(cells[name].split()) for name in COLUMNS if name in cells}
    for name in ("name", "title", "department"):
        if len(texts.get(name, "")) > MAX_TEXT:
            raise Invalid(f"The {name} has more than {MAX_TEXT} characters.")
    if not texts["name"]:
        raise Invalid("The name is missing.")
    if not texts["email"]:
        raise Invalid("The e-mail address is missing.")
    written = [texts["email"], *texts.get("other_emails", "").replace(";", " ").split()]
    manager = texts.get("manager")
    return Row(
        number=number,
        name=texts["name"],
        emails={fold(address): address for address in written},
        others="other_emails" in cells,
        title=texts.get("title"),
        department=texts.get("department"),
        manager=fold(manager) if manager else manager,
    )


def _insist_on_new(row: Row, owners: dict[str, int]) -> None:
    for address in row.emails:
        if address in owners:
            raise Invalid(f"{address} is in row {owners[address]} too.")
    owners.update(dict.fromkeys(row.emails, row.number))
