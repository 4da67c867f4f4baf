"""What a sync has changed, ready to be told: the objects of `diff -o json`, as a file of JSON.

Compares with the newest full sync before, which the file keeps. However much has changed, the
changes are written as they are found, and are never all in memory. Tells nobody; that is `notice`.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.c1z.syncs import FULL, newest_finished
from rolecall.baton.c1z.views import View
from rolecall.connector.changes import COLUMNS, Change, Past, story
from rolecall.connector.tables import Cell, write_json
from rolecall.errors import Gone

__all__ = ["News", "news_of"]

IN_A_MESSAGE: Final = 1000
"""Changes that a message holds; the rest is counted, and in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is different."""

    sync_id: str
    previous: str
    """The full sync that it is compared with."""

    digest: bytes
    """The same for the same changes."""

    count: int
    visible: int
    """Those that people would call changes: not implied by another one."""

    first: list[dict[str, Cell]] = field(repr=False)

    def message(self, *, workspace: str, file: Path, at: datetime) -> bytes:
        """The body of a webhook."""
        said: dict[str, Any] = {
            "workspace": workspace,
            "file": str(file),
            "sync_id": self.sync_id,
            "previous_sync_id": self.previous,
            "at": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "changes": self.first,
            "left_out": self.count - len(self.first),
        }
        return json.dumps(said, ensure_ascii=False).encode()


@dataclass(slots=True)
class _Counting:
    """Changes on their way to the file."""

    count: int = 0
    visible: int = 0
    first: list[dict[str, Cell]] = field(default_factory=list)

    def rows(self, changes: Iterable[Change]) -> Iterator[Sequence[Cell]]:
        for change in changes:
            self.count += 1
            self.visible += not change.implied
            if len(self.first) < IN_A_MESSAGE:
                self.first.append(dict(zip(COLUMNS, change.cells, strict=True)))
            yield change.cells


def news_of(file: Path, sync_id: str, into: IO[bytes]) -> News | None:
    """What a sync of a file has changed; None if there is no full sync before it.

    Args:
        file: the c1z.
        sync_id: a finished sync in it.
        into: gets the changes as a JSON array, as `diff -o json` writes it.

    Raises:
        Gone: the file no longer holds that sync.
        BadFile: the file is damaged.
    """
    with open_c1z(file) as reader:
        runs = reader.syncs()
        run = next((one for one in runs if one.sync_id == sync_id), None)
        if run is None:
            raise Gone(f"{file} no longer holds the sync {sync_id}.")
        before = newest_finished((one for one in runs if one.order < run.order), FULL)
        if before is None:
            return None
        old, new = (Past(view=View(reader, one.sync_id), run=one) for one in (before, run))
        counting = _Counting()
        text = io.TextIOWrapper(into, encoding="utf-8", write_through=True)
        write_json(COLUMNS, counting.rows(story(old, new)), text)
        text.detach()
    return News(
        sync_id=sync_id,
        previous=before.sync_id,
        digest=_digest(into),
        count=counting.count,
        visible=counting.visible,
        first=counting.first,
    )


def _digest(written: IO[bytes]) -> bytes:
    """Of everything in a file."""
    written.seek(0)
    found = hashlib.sha256()
    while piece := written.read(65536):
        found.update(piece)
    return found.digest()
