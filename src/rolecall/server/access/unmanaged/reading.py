"""A list of apps as a file, and what it would change: compared, without changing anything."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rolecall.errors import Invalid
from rolecall.server.access.models import App
from rolecall.server.access.unmanaged.apps import cleaned
from rolecall.server.tables.sheet import Fault, opened

__all__ = ["COLUMNS", "Entry", "Plan", "plan"]

COLUMNS: Final = ("name", "description")
"""`name` is required; a file without the other column leaves descriptions alone."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one row comes to."""

    number: int
    name: str
    description: str | None
    """None: the file does not say."""
    app: App | None
    """None: it is new."""

    @property
    def describes(self) -> bool:
        """Whether the description of an app that is there changes."""
        return (
            self.app is not None
            and self.app.state == App.State.UNMANAGED
            and self.description is not None
            and self.description != self.app.description
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a file comes to."""

    entries: tuple[Entry, ...]
    faults: tuple[Fault, ...]
    """While there is one, nothing is changed."""
    ignored: tuple[str, ...]
    """Columns that mean nothing here."""

    @cached_property
    def added(self) -> tuple[Entry, ...]:
        """Apps that were not known."""
        return tuple(one for one in self.entries if one.app is None)

    @cached_property
    def described(self) -> tuple[Entry, ...]:
        """Apps that get another description."""
        return tuple(one for one in self.entries if one.describes)

    @cached_property
    def managed(self) -> tuple[Entry, ...]:
        """Apps that are managed: a list of names changes nothing of them."""
        return tuple(one for one in self.entries if one.app and one.app.state == App.State.MANAGED)

    @property
    def unchanged(self) -> int:
        """How many unmanaged ones are as they were."""
        return len(self.entries) - len(self.added) - len(self.described) - len(self.managed)

    @cached_property
    def digest(self) -> str:
        """Equal for equal plans: what was shown is what is carried out."""
        facts = [
            [one.name, one.description, one.app.public_id if one.app else "",
             one.app.state if one.app else "", one.app.description if one.app else ""]
            for one in self.entries
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def plan(data: bytes) -> Plan:
    """What this file would change now.

    Raises:
        Invalid: it is no such file at all; faults of single rows are in the plan.
    """
    grid = opened(data, known=COLUMNS, required=("name",))
    there = {one.name.casefold(): one for one in App.objects.all()}
    entries, faults, rows = [], [], dict[str, int]()
    for line in grid.lines:
        try:
            entry = _entry(line.number, line.named(grid.columns), there)
            _insist_on_new(entry, rows)
        except Invalid as error:
            faults.append(Fault(number=line.number, what=error.what))
        else:
            entries.append(entry)
    ignored = tuple(name for name in grid.columns if name not in COLUMNS)
    return Plan(entries=tuple(entries), faults=tuple(faults), ignored=ignored)


def _entry(number: int, cells: Mapping[str, str], there: Mapping[str, App]) -> Entry:
    name, description = cleaned(cells["name"], cells.get("description", ""))
    app = there.get(name.casefold())
    if app is not None and app.state == App.State.ARCHIVED:
        raise Invalid(f"{app} was archived.")
    return Entry(
        number=number,
        name=name,
        description=description if "description" in cells else None,
        app=app,
    )


def _insist_on_new(entry: Entry, rows: dict[str, int]) -> None:
    folded = entry.name.casefold()
    if folded in rows:
        raise Invalid(f"{entry.name} is in row {rows[folded]} too.")
    rows[folded] = entry.number
