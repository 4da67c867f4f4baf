"""What a table is: columns, filters, a search; declared once by the noun it shows.

Nothing here decides who may see rows: the noun hands over a query that already says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db.models import F, Model, OrderBy, Q, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString

from rolecall.server.tables.look import NOTHING
from rolecall.server.tables.state import RESERVED, Shape, State

__all__ = ["Choice", "Column", "Filter", "Plain", "Table", "Through", "as_text", "one_of"]

Plain = str | int | bool | datetime | date | Sequence[str] | None
"""What a cell is without looks: what CSV and XLSX hold."""
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Column(Generic[M]):
    """One column."""

    name: str
    """In addresses."""
    label: str
    value: Callable[[M], Plain]
    show: Callable[[M], SafeString | str] | None = None
    """How it looks on a page, where that is more than its value."""
    sort: tuple[str, ...] = ()
    """Fields to sort by; none: nobody can."""
    runs: tuple[Q, ...] = ()
    """The values of the first field, in their order, where an index has only the rows of one value
    in the order of the others."""
    number: bool = False
    usual: bool = True
    """Whether it is shown unless somebody chooses columns."""
    filed: bool = False
    """Whether a file has it, shown or not: by what its rows are known elsewhere."""

    def cell(self, row: M) -> SafeString | str:
        """What stands on the page."""
        return self.show(row) if self.show else as_text(self.value(row))


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Narrows by one property; several values are: any of them."""

    name: str
    label: str
    narrow: Callable[[tuple[str, ...]], Q]
    choices: tuple[Choice, ...] = ()
    """The values there are; none: any text."""
    hint: str = ""
    """What to type, where there are no choices."""

    def label_of(self, value: str) -> str:
        """What a chip says."""
        return next((one.label for one in self.choices if one.value == value), value)


def one_of(lookup: str) -> Callable[[tuple[str, ...]], Q]:
    """A filter by a field that has one of the values."""
    return lambda values: Q(**{f"{lookup}__in": values})


@dataclass(frozen=True, kw_only=True)
class Table(Generic[M]):
    """A table: what it is called, and what can be done with it."""

    noun: str
    """What the rows are, many of them: accounts."""
    columns: tuple[Column[M], ...]
    order: str
    """The column to sort by first; a minus before it turns the order."""
    filters: tuple[Filter, ...] = ()
    search: Callable[[str], Q] | None = None
    search_label: str = "Search"
    fetch: Callable[[QuerySet[M]], QuerySet[M]] = field(default=lambda rows: rows)
    """Adds what the cells need, to the rows of one page only."""
    dress: Callable[[list[M]], None] = field(default=lambda _rows: None)
    """Adds to these rows what no query can."""
    known: int | None = None
    """How many rows there are when nothing is left out, where that is written down."""
    through: "Through | None" = None
    """Other rows by which these are found, where only those have an index."""
    keep: tuple[tuple[str, str], ...] = ()
    """What else stands in the page's address and must stay there."""
    pick: Callable[[M], str] | None = None
    """What the box before a row says of it, for a form that is about many rows; empty: no box."""
    peek: Callable[[M], tuple[str, str]] | None = None
    """The page that a drawer beside the table shows in short: path and name; no path: none."""

    def __post_init__(self) -> None:
        kept = {name for name, _value in self.keep}
        if (RESERVED | kept) & {one.name for one in self.filters} or self.order not in {
            f"{sign}{one.name}" for one in self.columns if one.sort for sign in ("", "-")
        }:
            raise ValueError(f"a name or the order of the table of {self.noun} cannot be used")

    @cached_property
    def shape(self) -> Shape:
        """What an address may say about it."""
        return Shape(
            columns=tuple(one.name for one in self.columns),
            shown=tuple(one.name for one in self.columns if one.usual),
            sortable=frozenset(one.name for one in self.columns if one.sort),
            order=self.order,
            filters={
                one.name: frozenset(c.value for c in one.choices) if one.choices else None
                for one in self.filters
            },
        )

    def shown(self, state: State) -> tuple[Column[M], ...]:
        """The columns of a state."""
        return tuple(one for one in self.columns if one.name in state.columns)

    def exported(self, state: State) -> tuple[Column[M], ...]:
        """The columns of a file: those of the state, and those that no file is without."""
        return tuple(one for one in self.columns if one.filed or one.name in state.columns)

    def narrowed(self, rows: QuerySet[M], state: State) -> QuerySet[M]:
        """The rows that search and filters leave, in the state's order."""
        by_name = {one.name: one for one in self.filters}
        for name, values in state.filters:
            rows = rows.filter(by_name[name].narrow(values))
        if state.search and self.search:
            rows = rows.filter(self.search(state.search))
        return rows.order_by(*self._order(state))

    def sorted_by(self, state: State) -> Column[M]:
        """The column that a state sorts by."""
        return next(one for one in self.columns if one.name == state.sort.removeprefix("-"))

    def _order(self, state: State) -> list[OrderBy]:
        """By the column, and by the key, so that no row stands on two pages."""
        column, sort = self.sorted_by(state), state.sort
        turned = sort.startswith("-")
        fields = [name.removeprefix("-") for name in column.sort]
        turns = [turned != name.startswith("-") for name in column.sort]
        return [
            F(name).desc() if turn else F(name).asc()
            for name, turn in zip([*fields, "pk"], [*turns, turned], strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Through:
    """Other rows, each of which has exactly one row of a table: holders are found by account.

    It is used where its own table has the column to sort by; search and pages are then its own.
    """

    table: Table[Any]
    """Of the other rows; its columns are called as those of the table that is shown."""
    rows: QuerySet[Any]
    key: str
    """The column of the table's rows that has the key of the other row."""


def as_text(value: Plain) -> str:
    """A value for people; times in the viewer's zone."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, str | int | date):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return ", ".join(value) or NOTHING
