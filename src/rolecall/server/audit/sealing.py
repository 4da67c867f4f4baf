"""Chain committed audit rows, and tell whether the chain holds.

Rows are inserted unchained, so that no deed waits for another's; a sealer puts the committed ones
in order and gives each a digest over itself and the digest before. Whoever can rewrite the whole
database can rewrite the whole chain: therefore checkpoints, pairs of number and digest, are kept
outside of it, and `verify` holds the chain against them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from rolecall.errors import BadConfig, BrokenChain
from rolecall.server.audit.models import Event, Seal

__all__ = ["Checkpoint", "Verdict", "append_checkpoint", "checkpoints", "digest", "seal", "verify"]

_START = bytes(32)
_LOCK = 0x526F6C65
"""The advisory lock of the one sealer."""
_COLUMNS = (
    *("public_id", "actor_kind", "actor_id", "actor_name", "action"),
    *("target_kind", "target_id", "target_name", "scope", "reason", "detail", "ip", "request_id"),
)
"""What a digest covers beside the moment; the order is fixed for ever."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A link of the chain, as it was at some moment."""

    sequence: int
    sha256: str
    """Hex."""

    def __str__(self) -> str:
        return f"{self.sequence} {self.sha256}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A chain that holds."""

    sealed: int
    unsealed: int
    """Too young to be sealed."""
    checkpoints: int
    """How many were held against it."""


def digest(event: Event, before: bytes) -> bytes:
    """The digest of a link: over the digest before, the moment in UTC, and every column."""
    facts: dict[str, Any] = {name: getattr(event, name) for name in _COLUMNS}
    facts["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(before + text.encode()).digest()


@transaction.atomic
def seal(now: datetime, *, at_most: int = 5000) -> Checkpoint | None:
    """Chain what is committed and not chained yet.

    Returns:
        The last link, or None where there is none, or another sealer is at work.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return None
    last = Seal.objects.order_by("-sequence").first()
    sequence, before = (last.sequence, bytes(last.sha256)) if last else (0, _START)
    links = []
    for event in Event.objects.filter(seal=None).order_by("id")[:at_most]:
        sequence, before = sequence + 1, digest(event, before)
        links.append(Seal(sequence=sequence, event=event, sha256=before, sealed_at=now))
    Seal.objects.bulk_create(links, batch_size=1000)
    return Checkpoint(sequence=sequence, sha256=before.hex()) if sequence else None


def verify(known: Iterable[Checkpoint] = ()) -> Verdict:
    """Walk the whole chain, and hold it against checkpoints kept elsewhere.

    Raises:
        BrokenChain: a link is missing, an event was changed, or the chain is not the one that a
            checkpoint saw; the message names the first place.
    """
    wanted = {one.sequence: one.sha256 for one in known}
    met, expected, before = 0, 0, _START
    for link in _links():
        expected += 1
        if link.sequence != expected:
            raise _broken(expected, "is missing")
        before = digest(link.event, before)
        if before != bytes(link.sha256):
            raise _broken(expected, f"does not fit event {link.event.public_id}")
        if expected in wanted:
            met += 1
            if wanted[expected] != before.hex():
                raise _broken(expected, "is not the one that was noted outside the database")
    if beyond := [one for one in wanted if one > expected]:
        raise _broken(min(beyond), "was noted outside the database, and is gone")
    unsealed = Event.objects.filter(seal=None).count()
    return Verdict(sealed=expected, unsealed=unsealed, checkpoints=met)


def append_checkpoint(path: Path, point: Checkpoint) -> None:
    """Note a link in a file outside the database, once.

    Raises:
        BadConfig: the file cannot be written.
    """
    try:
        if path.exists() and path.read_text(encoding="ascii").endswith(f"{point}\n"):
            return
        with path.open("a", encoding="ascii") as file:
            file.write(f"{point}\n")
    except OSError as error:
        raise BadConfig(
            f"The checkpoint of the audit log cannot be written to {path}: {error.strerror}.",
            hint="Give the worker the right to append to it.",
        ) from error


def checkpoints(path: Path) -> Iterator[Checkpoint]:
    """What was noted in such a file.

    Raises:
        BadConfig: it cannot be read, or holds something else.
    """
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            sequence, sha256 = line.split()
            yield Checkpoint(sequence=int(sequence), sha256=sha256)
    except (OSError, ValueError) as error:
        raise BadConfig(
            f"{path} is not a file of checkpoints that can be read.",
            hint="Name the file that the worker writes (audit_checkpoints in rolecall.toml).",
        ) from error


def _links() -> Iterator[Seal]:
    return Seal.objects.select_related("event").order_by("sequence").iterator(chunk_size=2000)


def _broken(sequence: int, what: str) -> BrokenChain:
    return BrokenChain(
        f"The audit log is not intact: link {sequence} {what}.",
        hint="Compare with a backup from before; somebody with the owner's rights was here.",
    )
