"""The record of every change: what was meant, what was sent, what came back, what was seen then.

The journal is a port: this folder of files for the command, rows for a server. An entry is opened
before the first request and closed by a verification or a failure; one that was never closed tells
that we died in between, and is resolved by looking at Notion. Holds no secrets.

One file per entry, one JSON object per line, each on disk (fsync) before we go on. The folder is
locked by whoever changes things, so two processes never share an hour's cap without knowing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import msgspec

from rolecall.baton import ids
from rolecall.connector.provision.operations import AnyOperation, CreateAccount
from rolecall.connector.provision.step import State, Step
from rolecall.errors import BadConfig, BadFile, Conflict, Gone

__all__ = [
    "Entry",
    "FolderJournal",
    "Happened",
    "Journal",
    "Opened",
    "locked_journal",
]

HOUR: Final = timedelta(hours=1)

LONGEST: Final = timedelta(hours=1)
"""An entry may be sending requests for so long after it was opened, at most."""

FINAL: Final = frozenset({"verified", "failed"})
"""Events after which nothing more is to be done."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of an entry: what is meant."""

    id: str
    at: datetime
    actor: str
    """Who asked, as the operating system or the controller knows them."""

    why: str = ""
    workspace: str
    """The address of the workspace's SCIM."""

    operation: AnyOperation
    step: Step
    before: State
    undoes: str = ""
    """Id of the entry that this one reverses."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A later line: what happened next.

    `event` is `calling` (a request is about to be sent), `answered` (Notion said `status`),
    `unknown` (no usable answer), `verified` (Notion shows it), `failed` (it is not so, and we gave
    up), `undone` (the whole way back was gone), or `noted`.
    """

    event: str
    at: datetime
    says: str = ""
    status: int = 0
    subject: str = ""
    """Id of what was made, once known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change, with all that happened."""

    opened: Opened
    happened: tuple[Happened, ...]

    @property
    def state(self) -> str:
        """`verified`, `failed`, or `open` if we died before the end."""
        last = next((one.event for one in reversed(self.happened) if one.event in FINAL), "")
        return last or "open"

    @property
    def called(self) -> bool:
        """Whether a request may have reached Notion."""
        return any(one.event == "calling" for one in self.happened)

    @property
    def ours(self) -> bool:
        """Whether a request of ours may have had an effect: not every one was plainly refused."""
        calls = sum(one.event == "calling" for one in self.happened)
        refused = sum(one.event == "answered" and not one.status for one in self.happened)
        return calls > refused

    @property
    def subject(self) -> str:
        """Id of what was made, if anything was."""
        return next((one.subject for one in reversed(self.happened) if one.subject), "")


class Journal(Protocol):
    """Where changes are recorded."""

    opened: int
    """How many entries were opened through this object, which has the journal for itself."""

    def open(self, opened: Opened) -> None:
        """Begin an entry; on disk when this returns."""

    def note(self, entry_id: str, happened: Happened) -> None:
        """Add to an entry; on disk when this returns."""

    def entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """All entries that were opened since then, oldest first."""

    def entry(self, entry_id: str) -> Entry:
        """One entry.

        Raises:
            Gone: there is none.
        """

    def changed_since(self, moment: datetime) -> frozenset[str]:
        """Ids of the people whom changes since then may have reached."""

    def weight(self, since: datetime) -> int:
        """A number that grows with everything that is noted, by us or by another process."""


class FolderJournal:
    """A journal in a folder of files.

    Args:
        folder: exists; locked by whoever writes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.opened = 0
        self._last: dict[str, datetime] = {}
        """When the last request was sent that may have reached somebody, by their id."""

        self._unread: set[str] = set()
        """Entries that are not in `_last` yet; those that are not final never are."""

        self._known_from: datetime | None = None
        """`_last` misses nothing from then on."""

    def open(self, opened: Opened) -> None:
        """Begin an entry; on disk when this returns."""
        path = self._path(opened.id)
        self.opened += 1
        self._unread.add(opened.id)
        with _honest(path):
            # Names and addresses are nobody else's business, whatever folder was named.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                _write(file.fileno(), msgspec.json.encode(opened))
        _sync_folder(self._folder)

    def note(self, entry_id: str, happened: Happened) -> None:
        """Add to an entry; on disk when this returns."""
        path = self._path(entry_id)
        self._unread.add(entry_id)
        with _honest(path), path.open("r+b") as file:
            # A line that a crash cut short was never acted upon; it goes.
            file.truncate(file.read().rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            _write(file.fileno(), msgspec.json.encode(happened))

    def entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """All entries that were opened since then, oldest first.

        Within a second the time in the entry decides.
        """
        found = [entry for name in self._names(since) if (entry := self._read(name))]
        yield from sorted(found, key=lambda entry: (entry.opened.at, entry.opened.id))

    def entry(self, entry_id: str) -> Entry:
        """One entry.

        Raises:
            Gone: there is none.
            BadFile: it cannot be read.
        """
        entry = self._read(entry_id) if self._path(entry_id).exists() else None
        if entry is None:
            raise Gone(f"The journal has no entry {entry_id}.", hint="`journal` lists them.")
        return entry

    def _read(self, entry_id: str) -> Entry | None:
        """One entry; None if a crash cut its first line, before which nothing was sent."""
        path = self._path(entry_id)
        with _honest(path):
            lines = path.read_bytes().split(b"\n")
        if len(lines) == 1:
            return None
        try:
            opened = msgspec.json.decode(lines[0], type=Opened)
            # The last line may have been cut by a crash; whoever wrote it had not gone on.
            whole = [line for line in lines[1:-1] if line]
            happened = tuple(msgspec.json.decode(line, type=Happened) for line in whole)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadFile(f"The journal entry {path} is damaged ({error}).") from error
        return Entry(opened=opened, happened=happened)

    def changed_since(self, moment: datetime) -> frozenset[str]:
        """Ids of the people whom changes since then may have reached.

        In a long batch, or a service, this is asked before every request: what is final is read
        once, and only the last time of each person is remembered.
        """
        if self._known_from is None or moment < self._known_from:
            self._unread.update(self._names(moment - LONGEST))
        still_open = [self._open_still(name) for name in tuple(self._unread)]
        self._last = _later(self._last, moment)
        self._known_from = moment
        return frozenset(self._last).union(*(_later(one, moment) for one in still_open))

    def _open_still(self, name: str) -> dict[str, datetime]:
        """Whom an entry may have reached; what is final moves into `_last`."""
        entry = self._read(name) if self._path(name).exists() else None
        reached = _reached(entry) if entry else {}
        if entry and entry.state == "open":
            return reached
        self._unread.remove(name)
        for person, last in reached.items():
            self._last[person] = max(last, self._last.get(person, last))
        return {}

    def weight(self, since: datetime) -> int:
        """A number that grows with everything that is noted, by us or by another process.

        Args:
            since: of entries that were opened before, nothing is counted.
        """
        names = self._names(since)
        with _honest(self._folder):
            return sum(self._path(name).stat().st_size for name in names)

    def _names(self, since: datetime | None) -> list[str]:
        """Entries' names are KSUIDs, which sort by the second."""
        first = ids.ksuid(since, bytes(16)) if since else ""
        with _honest(self._folder):
            return [path.stem for path in self._folder.glob("*.jsonl") if path.stem >= first]

    def _path(self, entry_id: str) -> Path:
        if not entry_id.isalnum() or not entry_id.isascii():
            raise Gone(f"{entry_id!r} is no journal entry.", hint="`journal` lists them.")
        return self._folder / f"{entry_id}.jsonl"


def _reached(entry: Entry) -> dict[str, datetime]:
    """Whom an entry may have reached, and when the last time.

    Somebody new counts by their id as soon as there is one.
    """
    people = entry.opened.step.people
    if isinstance(entry.opened.operation, CreateAccount) and entry.subject:
        people = (entry.subject,)
    calls = [one.at for one in entry.happened if one.event == "calling"]
    return dict.fromkeys(people, max(calls)) if calls else {}


def _later(last: dict[str, datetime], moment: datetime) -> dict[str, datetime]:
    """Those of that moment and later."""
    return {person: at for person, at in last.items() if at >= moment}


@contextmanager
def locked_journal(folder: Path) -> Iterator[FolderJournal]:
    """The journal in a folder, for this process alone.

    Raises:
        Conflict: another process is changing things.
        BadConfig: the folder cannot be made or written.
    """
    with _honest(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(lock, folder)
        yield FolderJournal(folder)
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Conflict(
            f"Another process is changing this workspace (it holds {folder}).",
            hint="Wait until it has finished.",
        ) from error


def _write(descriptor: int, line: bytes) -> None:
    rest = line + b"\n"
    while rest:  # a disk that is nearly full takes a part, and says so only the next time
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _honest(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadConfig(
            f"The journal {path} cannot be used ({error.strerror}).",
            hint="Nothing is changed without a record; free or fix the folder, or name another "
            "with --journal.",
        ) from error
