"""Tables that wait for a yes: kept for an hour between what they would change and the change."""

import io
from datetime import datetime, timedelta
from typing import Final

from rolecall.errors import Conflict, Gone
from rolecall.server.files.models import File
from rolecall.server.files.store import read, store

__all__ = ["agreed", "content", "keep", "kept"]

_KEPT: Final = timedelta(hours=1)


def keep(data: bytes, *, kind: str, name: str, now: datetime) -> str:
    """Keep a table that was looked at; its public id."""
    file = store(io.BytesIO(data), kind=kind, name=name[:200], now=now, expires_at=now + _KEPT)
    return file.public_id


def kept(file: str, *, kind: str, now: datetime) -> File:
    """The table of this kind and public id.

    Raises:
        Gone: there is none any more.
    """
    found = File.objects.filter(public_id=file, kind=kind, expires_at__gt=now).first()
    if found is None:
        raise Gone("This preview is no longer there.", hint="Upload the file again.")
    return found


def content(file: File) -> bytes:
    """All of it; tables are small."""
    return b"".join(read(file))


def agreed(noun: str, *, faulty: bool, same: bool) -> None:
    """Stop unless what would be changed now is what somebody saw and said yes to.

    Args:
        noun: what the table is about, in the plural.
        faulty: whether rows of it have faults.
        same: whether the plan is still the one that was shown.

    Raises:
        Conflict: rows have faults, or the plan is another by now.
    """
    if faulty:
        raise Conflict("The file has faults; nothing was changed.", hint="Correct it first.")
    if not same:
        raise Conflict(
            f"{noun} were changed since this preview was made; nothing was changed now.",
            hint="Look at the new preview.",
        )
