"""A desk at a workspace in a dictionary, with a journal in memory and a clock that stands."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fake_notion import FakeNotion

from rolecall.connector.provision.journal import Entry, Happened, Opened
from rolecall.connector.provision.operations import AnyOperation
from rolecall.connector.provision.settle import Desk, Result, settle
from rolecall.connector.provision.undo import undo
from rolecall.errors import BadConfig, Gone

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class MemoryJournal:
    """A journal that forgets; `room` says how many more lines fit."""

    kept: dict[str, Entry] = field(default_factory=dict)
    room: int = 10**6
    opened: int = 0

    def _take(self) -> None:
        self.room -= 1
        if self.room < 0:
            raise BadConfig("The journal cannot be used (No space left on device).")

    def open(self, opened: Opened) -> None:
        """Begin an entry."""
        self._take()
        self.opened += 1
        self.kept[opened.id] = Entry(opened=opened, happened=())

    def note(self, entry_id: str, happened: Happened) -> None:
        """Add to an entry."""
        self._take()
        entry = self.kept[entry_id]
        self.kept[entry_id] = Entry(opened=entry.opened, happened=(*entry.happened, happened))

    def entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """All of them."""
        yield from [one for one in self.kept.values() if since is None or one.opened.at >= since]

    def entry(self, entry_id: str) -> Entry:
        """One of them."""
        if entry_id not in self.kept:
            raise Gone("no such entry")
        return self.kept[entry_id]

    def changed_since(self, moment: datetime) -> frozenset[str]:
        """Whom they reached."""
        called = [one for one in self.entries(moment) if one.called]
        return frozenset(person for one in called for person in one.opened.step.people)

    def weight(self, since: datetime) -> int:
        """Entries and what was noted in them."""
        return sum(1 + len(one.happened) for one in self.entries(since))


@dataclass(kw_only=True)
class Office:
    """A workspace, a journal, a clock, and somebody who changes things."""

    notion: FakeNotion = field(default_factory=FakeNotion)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    clock: datetime = START
    facts: dict[str, Any] = field(default_factory=dict)
    """Fields of the desk that are not the usual ones."""

    made: int = 0

    def new_id(self) -> str:
        """One after the other."""
        self.made += 1
        return f"e{self.made}"

    def wait(self, **time: float) -> None:
        """The clock goes on."""
        self.clock += timedelta(**time)

    @property
    def desk(self) -> Desk:
        """A desk."""
        usual: dict[str, Any] = {
            "eyes": self.notion,
            "hands": self.notion,
            "journal": self.journal,
            "now": lambda: self.clock,
            "new_id": self.new_id,
            "actor": "a test",
            "workspace": "here",
        }
        return Desk(**{**usual, **self.facts})

    def do(self, operation: AnyOperation, **more: Any) -> Result:
        """Settle one operation."""
        return asyncio.run(settle(operation, self.desk, **more))

    def undo(self, entry_id: str) -> list[Result]:
        """Undo one entry."""
        return asyncio.run(undo(entry_id, self.desk))

    def events(self, entry_id: str = "") -> list[str]:
        """What happened to an entry, the last one if none is named."""
        entry = self.journal.kept[entry_id or next(reversed(self.journal.kept))]
        return [one.event for one in entry.happened]

    def state(self, entry_id: str = "") -> str:
        """The state of an entry."""
        return self.journal.kept[entry_id or next(reversed(self.journal.kept))].state
