"""What of a table is shown, and how that stands in an address. Pure; knows no database.

Whatever an address says, reading it gives a state that the table can show: what it does not know
is left out. Reading what was written gives the same state again.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import urlencode

__all__ = ["RESERVED", "SIZES", "Shape", "State"]

SIZES: Final = (25, 50, 100)
RESERVED: Final = frozenset({"q", "sort", "size", "cols", "page", "as"})
"""Names in an address that no filter may have; `as` is the form of an export."""
_MAX_TEXT: Final = 100
_MAX_VALUES: Final = 50
_MAX_PAGE: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a table knows: anything else in an address is left out."""

    columns: tuple[str, ...]
    """All, in the table's own order."""
    shown: tuple[str, ...]
    """Those that are shown unless somebody chooses others."""
    sortable: frozenset[str]
    order: str
    """The column to sort by unless asked otherwise; a minus before it turns the order."""
    filters: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """Filter → its possible values; None is: any text."""

    def showing(self, columns: Iterable[str]) -> Self:
        """The same with these columns shown; those it does not have are left out."""
        wanted = frozenset(columns)
        shown = tuple(name for name in self.columns if name in wanted)
        return replace(self, shown=shown) if shown else self


@dataclass(frozen=True, kw_only=True)
class State:
    """One view of a table."""

    shape: Shape = field(repr=False)
    search: str = ""
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Filter and the values it allows, in the shape's order; only those that are set."""
    sort: str = ""
    size: int = SIZES[0]
    columns: tuple[str, ...] = ()
    page: int = 1

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]], shape: Shape) -> Self:
        """The state that an address asks for.

        Args:
            pairs: name and value, as often as they stand in the address.
            shape: the table's.
        """
        said: dict[str, list[str]] = {}
        for name, value in pairs:
            said.setdefault(name, []).append(value)
        return cls(
            shape=shape,
            search=_text(_last(said, "q")),
            filters=tuple(_filters(said, shape)),
            sort=_sort(_last(said, "sort"), shape),
            size=_number(_last(said, "size"), SIZES[0], allowed=SIZES),
            columns=_columns(said.get("cols", ()), shape),
            page=_number(_last(said, "page"), 1),
        )

    def pairs(self, *, without: Iterable[str] = ()) -> list[tuple[str, str]]:
        """What stands in the address: only what differs from the table's usual view."""
        shape, left_out = self.shape, frozenset(without)
        said = [(name, value) for name, values in self.filters for value in values]
        said += [("q", self.search)] * bool(self.search)
        said += [("sort", self.sort)] * (self.sort != shape.order)
        said += [("size", str(self.size))] * (self.size != SIZES[0])
        said += [("cols", ",".join(self.columns))] * (self.columns != shape.shown)
        said += [("page", str(self.page))] * (self.page > 1)
        return [(name, value) for name, value in said if name not in left_out]

    def query(self) -> str:
        """The same as text, without a question mark."""
        return urlencode(self.pairs())

    def values(self, name: str) -> tuple[str, ...]:
        """What a filter allows; empty where it is not set."""
        return dict(self.filters).get(name, ())

    def sorted_by(self, column: str) -> Self:
        """The same rows by this column; by the same once more, the other way round."""
        return replace(self, sort=f"-{column}" if self.sort == column else column, page=1)

    def without(self, name: str, value: str) -> Self:
        """Without one value of a filter."""
        kept = ((n, tuple(v for v in vs if (n, v) != (name, value))) for n, vs in self.filters)
        return replace(self, filters=tuple((n, vs) for n, vs in kept if vs), page=1)

    def cleared(self) -> Self:
        """Without search and filters."""
        return replace(self, search="", filters=(), page=1)

    def at(self, page: int) -> Self:
        """Another page of the same."""
        return replace(self, page=page)

    def sized(self, size: int) -> Self:
        """The same in pages of another size."""
        return replace(self, size=size, page=1)

    @property
    def narrowed(self) -> bool:
        """Whether search or filters leave rows out."""
        return bool(self.search or self.filters)


def _last(said: Mapping[str, list[str]], name: str) -> str:
    return said.get(name, [""])[-1]


def _text(value: str) -> str:
    """One line; PostgreSQL takes neither NUL nor lone surrogates."""
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in value)
    return " ".join(plain.split())[:_MAX_TEXT].strip()


def _filters(said: Mapping[str, list[str]], shape: Shape) -> Iterable[tuple[str, tuple[str, ...]]]:
    for name, possible in shape.filters.items():
        texts = dict.fromkeys(_text(value) for value in said.get(name, ()))
        values = tuple(t for t in texts if (t if possible is None else t in possible))
        if values:
            yield name, values[:_MAX_VALUES]


def _sort(value: str, shape: Shape) -> str:
    return value if value.removeprefix("-") in shape.sortable else shape.order


def _columns(values: Iterable[str], shape: Shape) -> tuple[str, ...]:
    """Links join them with commas, the form that chooses them sends them one by one."""
    wanted = frozenset(",".join(values).split(","))
    return tuple(name for name in shape.columns if name in wanted) or shape.shown


def _number(value: str, usual: int, *, allowed: Iterable[int] = ()) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(_MAX_PAGE))):
        return usual
    number = int(value)
    possible = number in allowed if allowed else 1 <= number <= _MAX_PAGE
    return number if possible else usual
