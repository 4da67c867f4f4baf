"""A roster file: from bytes to rows, with a sentence for each row that makes no sense.

A column that the file does not have changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rolecall.errors import Invalid
from rolecall.server.people.persons import MAX_TEXT, fold
from rolecall.server.tables.sheet import Fault, Line, opened

__all__ = ["COLUMNS", "Row", "Sheet", "read"]

COLUMNS: Final = ("name", "email", "other_emails", "title", "department", "manager")
"""`name` and `email` are required; several other addresses are separated by spaces or semicolons,
and a manager is named by one of their addresses."""


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
    grid = opened(data, known=COLUMNS, required=("name", "email"))
    rows, faults, owners = [], [], dict[str, int]()
    for line in grid.lines:
        try:
            row = _row(line, grid.columns)
            _insist_on_new(row, owners)
        except Invalid as error:
            faults.append(Fault(number=line.number, what=error.what))
        else:
            rows.append(row)
    ignored = tuple(name for name in grid.columns if name not in COLUMNS)
    return Sheet(rows=tuple(rows), faults=tuple(faults), ignored=ignored)


def _row(line: Line, columns: Sequence[str]) -> Row:
    cells = line.named(columns)
    texts = {name: cells[name] for name in COLUMNS if name in cells}
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
        number=line.number,
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
