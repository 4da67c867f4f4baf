"""One page of a table: the rows, and everything its template says about them.

Reads the keys of one page first, by index, and then only these rows. The second half of a long
table is read from its end, and counting stops at a bound, so that no page of 100,000 rows is slow:
how many there are at all is often known, those that search and filters leave have to be looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Func, Model, Q, QuerySet
from django.utils.safestring import SafeString

from rolecall.server.tables.markup import body
from rolecall.server.tables.state import SIZES, State
from rolecall.server.tables.table import Column, Filter, Table, as_text

__all__ = ["COUNTED", "FOUND", "Chip", "Header", "Menu", "Option", "View", "fetched"]

M = TypeVar("M", bound=Model)
COUNTED: Final = 100_000
"""More rows than this are called "more than 100,000" and not paged to their end."""
FOUND: Final = 10_000
"""The same of rows that search or filters leave."""
_AT_HAND: Final = 200
"""So few are found once, and neither counted nor looked for again."""
_FEW: Final = 5_000
"""So many rows are sorted sooner than a search through all rows in their order ends."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The head of a column."""

    label: str
    number: bool
    address: str
    """Where a click on it leads; empty: it cannot be sorted."""
    sorted: str
    """ascending, descending or empty, as ARIA says it."""


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter that is set, and the address without it."""

    label: str
    value: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Option:
    """Something in a menu that is chosen or not."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A filter as a form."""

    filter: Filter
    options: tuple[Option, ...]
    text: str
    """What is typed, where there are no options."""


class View(Generic[M]):
    """What one address shows of a table.

    Args:
        table: which one.
        rows: those that the viewer may see.
        pairs: the address, name and value as often as they stand there.
        usual: the columns that are shown unless the address says others; none: the table's own.
    """

    def __init__(
        self,
        table: Table[M],
        rows: QuerySet[M],
        pairs: Iterable[tuple[str, str]],
        usual: Iterable[str] = (),
    ) -> None:
        self.table = table
        self.everything = rows
        self.state = State.read(pairs, table.shape.showing(usual))
        self.found = table.narrowed(rows, self.state)
        way = table.through
        able = way is not None and table.sorted_by(self.state).name in way.table.shape.sortable
        self._way: View[Any] | None = View(way.table, way.rows, pairs) if way and able else None

    @cached_property
    def total(self) -> int:
        """How many rows there are, up to one more than `most`."""
        if self._way:
            return self._way.total
        if self.state.narrowed:
            return self._narrowed[0]
        if self.table.known is not None:
            return min(self.table.known, self.most + 1)
        return self.found.order_by()[: self.most + 1].count()

    @property
    def most(self) -> int:
        """How many rows are counted and paged through."""
        return FOUND if self.state.narrowed else COUNTED

    @property
    def total_text(self) -> str:
        """The same in words."""
        return f"more than {self.most:,}" if self.total > self.most else f"{self.total:,}"

    @property
    def any(self) -> bool:
        """Whether there is a row at all, found or not."""
        return self.total > 0 or self.everything.exists()

    @property
    def searchable(self) -> bool:
        """Whether the table has a search."""
        return self.table.search is not None

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-min(self.total, self.most) // self.state.size))

    @property
    def page(self) -> int:
        """The page that is shown: an address may name one that is no longer there."""
        return min(self.state.page, self.pages)

    @property
    def first(self) -> int:
        """The number of its first row, from 1; 0 where there is none."""
        return min((self.page - 1) * self.state.size + 1, self.total)

    @property
    def last(self) -> int:
        """The number of its last row."""
        return min(self.page * self.state.size, self.total)

    @cached_property
    def rows(self) -> list[M]:
        """The rows of this page."""
        if self._way is None or self.table.through is None:
            return fetched(self.table, self.everything.model, self.keys)
        name, keys = self.table.through.key, self._way.keys
        return _in_order(self.table, self.everything.filter(**{f"{name}__in": keys}), name, keys)

    @property
    def keys(self) -> list[object]:
        """The keys of the rows of this page."""
        above, below = self.first - 1, self.last
        if not self.total:
            return []
        if above > self.total // 2 and self.total <= self.most:
            return self._between(self.total - below, self.total - above, backwards=True)[::-1]
        return self._between(above, below, backwards=False)

    def _between(self, above: int, below: int, *, backwards: bool) -> list[object]:
        """The keys of the rows after so many, up to so many; backwards from the end."""
        runs = self.table.sorted_by(self.state).runs
        if runs and not self._few:
            turned = backwards != self.state.sort.startswith("-")
            return self._by_run(runs[::-1] if turned else runs, above, below, backwards=backwards)
        rows = self._ordered.reverse() if backwards else self._ordered
        return [*rows.values_list("pk", flat=True)[above:below]]

    def _by_run(
        self, runs: tuple[Q, ...], above: int, below: int, *, backwards: bool
    ) -> list[object]:
        """The same, one run after the other; rows are counted only up to those that are wanted."""
        found: list[object] = []
        for run in runs:
            rows = self.found.filter(run).order_by(*self.found.query.order_by[1:])
            rows = rows.reverse() if backwards else rows
            many = rows.order_by()[:below].count()
            if above < many:
                found += rows.values_list("pk", flat=True)[above:below]
            above, below = max(0, above - many), below - many
            if not below:
                break
        return found

    @property
    def _ordered(self) -> QuerySet[M]:
        """What was found, in its order; where that is little, first found and then sorted.

        Said in one breath, PostgreSQL may go through all rows in the order asked for, looking for
        the few: it has to guess how few they are. The limit keeps the two apart.
        """
        if not self._few:
            return self.found
        total, some = self._narrowed
        few = self.found.order_by().values("pk")[: FOUND + 1]
        keys = some if total <= _AT_HAND else few
        return self.everything.filter(pk__in=keys).order_by(*self.found.query.order_by)

    @property
    def _few(self) -> bool:
        """Whether so little was found that it is sorted, and not looked for in an order."""
        return self.state.narrowed and self.total <= _FEW

    @cached_property
    def _narrowed(self) -> tuple[int, list[object]]:
        """How many search and filters leave, up to one more than `FOUND`; the keys of some."""
        some = Func(ArrayAgg("pk"), template=f"(%(expressions)s)[1:{_AT_HAND}]")
        found = self.found.order_by()[: FOUND + 1].aggregate(total=Count("pk"), some=some)
        return found["total"], found["some"] or []

    @cached_property
    def columns(self) -> tuple[Column[M], ...]:
        """The columns that are shown."""
        return self.table.shown(self.state)

    @property
    def exported(self) -> tuple[Column[M], ...]:
        """The columns of a file."""
        return self.table.exported(self.state)

    @property
    def headers(self) -> Iterator[Header]:
        """Their heads."""
        sort = self.state.sort
        words = {sort.removeprefix("-"): "descending" if sort.startswith("-") else "ascending"}
        for column in self.columns:
            address = self.address(self.state.sorted_by(column.name)) if column.sort else ""
            yield Header(
                label=column.label,
                number=column.number,
                address=address,
                sorted=words.get(column.name, ""),
            )

    @property
    def picks(self) -> bool:
        """Whether rows can be chosen."""
        return self.table.pick is not None

    @property
    def body(self) -> SafeString:
        """The rows as HTML."""
        return body(self.columns, self.rows, self._box if self.picks else None, self.table.peek)

    def _box(self, row: M) -> tuple[str, str]:
        """What the box of a row says, or "" where it has none; what a screen reader calls it."""
        pick = self.table.pick
        return pick(row) if pick else "", as_text(self.table.columns[0].value(row))

    @property
    def chips(self) -> Iterator[Chip]:
        """The filters that are set."""
        for menu in self.table.filters:
            for value in self.state.values(menu.name):
                address = self.address(self.state.without(menu.name, value))
                yield Chip(label=menu.label, value=menu.label_of(value), address=address)

    @property
    def menus(self) -> Iterator[Menu]:
        """The filters as forms."""
        for one in self.table.filters:
            values = self.state.values(one.name)
            options = tuple(
                Option(value=c.value, label=c.label, chosen=c.value in values) for c in one.choices
            )
            yield Menu(filter=one, options=options, text=next(iter(values), ""))

    @property
    def column_options(self) -> list[Option]:
        """The columns there are, to choose from."""
        return [
            Option(value=c.name, label=c.label, chosen=c.name in self.state.columns)
            for c in self.table.columns
        ]

    @property
    def sizes(self) -> list[tuple[int, str, bool]]:
        """Sizes of a page: number, address, whether it is this one."""
        return [
            (size, self.address(self.state.sized(size)), size == self.state.size) for size in SIZES
        ]

    @property
    def previous(self) -> str:
        """The address of the page before; empty on the first."""
        return self.address(self.state.at(self.page - 1)) if self.page > 1 else ""

    @property
    def next(self) -> str:
        """The address of the page after; empty on the last."""
        return self.address(self.state.at(self.page + 1)) if self.page < self.pages else ""

    @property
    def cleared(self) -> str:
        """The address without search and filters."""
        return self.address(self.state.cleared())

    def export(self, form: str) -> str:
        """The address of what is shown, all pages of it, as a file."""
        pairs = [*self.table.keep, *self.state.pairs(without=("page", "size")), ("as", form)]
        return f"?{urlencode(pairs)}"

    @property
    def csv(self) -> str:
        """As CSV."""
        return self.export("csv")

    @property
    def xlsx(self) -> str:
        """As XLSX."""
        return self.export("xlsx")

    @property
    def kept_by_search(self) -> list[tuple[str, str]]:
        """What the search form sends along."""
        return [*self.table.keep, *self.state.pairs(without=("q", "page"))]

    @property
    def kept_by_filters(self) -> list[tuple[str, str]]:
        """What the form of all filters sends along."""
        names = [one.name for one in self.table.filters]
        return [*self.table.keep, *self.state.pairs(without=[*names, "page"])]

    @property
    def without_columns(self) -> str:
        """The address that leaves the columns to the viewer's choice."""
        return f"?{urlencode([*self.table.keep, *self.state.pairs(without=('cols', 'page'))])}"

    @property
    def whole(self) -> str:
        """What a saved view keeps: all but the page, and the columns whosever choice they are."""
        pairs = [*self.table.keep, *self.state.pairs(without=("cols", "page"))]
        return urlencode([*pairs, ("cols", ",".join(self.state.columns))])

    def address(self, state: State) -> str:
        """The address of a state, relative to the page."""
        return f"?{urlencode([*self.table.keep, *state.pairs()])}"


def fetched(table: Table[M], model: type[M], keys: Sequence[object]) -> list[M]:
    """Rows with these keys, in this order; one that is gone in the meantime is left out."""
    rows = model._default_manager.filter(pk__in=keys)  # noqa: SLF001 - Django's name
    return _in_order(table, rows, "pk", keys)


def _in_order(table: Table[M], rows: QuerySet[M], name: str, keys: Sequence[object]) -> list[M]:
    """These rows as a table shows them, in the order of what stands in this column."""
    found = {getattr(row, name): row for row in table.fetch(rows)}
    there = [found[key] for key in keys if key in found]
    table.dress(there)
    return there
