"""Put bytes into the database in chunks, and get them back proved.

A file counts only with its digest, which is written last; whatever is half written is swept.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.db import transaction

from rolecall.errors import BadFile, Invalid
from rolecall.server.files.models import CHUNK_BYTES, Chunk, File

__all__ = ["MAX_BYTES", "expire", "fetch", "read", "store"]

MAX_BYTES = 2 << 30
"""More than ten times the largest workspace that was measured."""
_HALF_WRITTEN = timedelta(days=1)


@transaction.atomic
def store(
    source: IO[bytes], *, kind: str, name: str, now: datetime, expires_at: datetime | None = None
) -> File:
    """Keep everything that `source` holds from here on; memory stays at one chunk.

    Raises:
        Invalid: it is larger than `MAX_BYTES`; nothing is kept.
    """
    file = File.objects.create(kind=kind, name=name, created_at=now, expires_at=expires_at)
    summed, size = hashlib.sha256(), 0
    while data := source.read(CHUNK_BYTES):
        Chunk.objects.create(file=file, position=size // CHUNK_BYTES, data=data)
        summed.update(data)
        size += len(data)
        if size > MAX_BYTES:
            raise Invalid(
                f"{name} is larger than {MAX_BYTES >> 20} MiB, and was not kept.",
                hint="A connector's file is never that large; look at what wrote it.",
            )
    file.bytes, file.sha256 = size, summed.hexdigest()
    file.save(update_fields=["bytes", "sha256"])
    return file


def read(file: File) -> Iterator[bytes]:
    """The chunks in order.

    Raises:
        BadFile: what is there is not what was stored; raised after the last chunk.
    """
    summed = hashlib.sha256()
    for data in file.chunks.values_list("data", flat=True).iterator(chunk_size=4):
        summed.update(data)
        yield bytes(data)
    if summed.hexdigest() != file.sha256:
        raise BadFile(
            f"{file.name} is damaged: its digest is not the one noted when it was stored.",
            hint="Sync again, or restore the database from a backup.",
        )


def fetch(file: File, target: Path) -> Path:
    """Write it to `target`, which only this user may read.

    Raises:
        BadFile: as `read`.
    """
    target.touch(mode=0o600)
    with target.open("wb") as out:
        for data in read(file):
            out.write(data)
    return target


def expire(now: datetime) -> int:
    """Drop the bytes whose time is over, and what was never finished; how many files."""
    old = File.objects.filter(expires_at__lte=now)
    broken = File.objects.filter(sha256="", created_at__lt=now - _HALF_WRITTEN)
    return (old | broken).delete()[1].get("files.File", 0)
