"""An evidence file as an answer, for pages and API."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Final

from django.db import transaction
from django.http import StreamingHttpResponse

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor, record
from rolecall.server.evidence.export import FORMS, Exported
from rolecall.server.evidence.finding import file_for
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.files.store import read

__all__ = ["kept", "sent"]

_CHUNK: Final = 1 << 16


def sent(exported: Exported) -> StreamingHttpResponse:
    """The file, closed when it was read to its end or the answer is closed."""
    size = os.fstat(exported.file.fileno()).st_size
    return _answer(_Reading(exported.file), exported.name, exported.media_type, size)


def kept(actor: Actor, public_id: str, *, now: datetime) -> StreamingHttpResponse:
    """A file that a worker has made; that it was taken is in the audit log first.

    Raises:
        NotAllowed: the actor may not take along what is in it.
        Gone: there is none, it is not made yet, or not kept any more.
    """
    with transaction.atomic():
        row = file_for(actor, public_id)
        if row.standing(now) != EvidenceFile.State.READY or row.file is None:
            raise Gone("This file is not there (yet, or any more).", hint="Its page says why.")
        record(
            actor, "evidence:file:download", row.target, now=now, file=row.public_id,
            scope=row.app.public_id if row.app else "", sha256=row.sha256,
        )  # fmt: skip
    return _answer(read(row.file), row.name, FORMS[row.form][1], row.file.bytes)


def _answer(
    content: Iterable[bytes], name: str, media_type: str, size: int
) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        content,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(size),
        },
    )


class _Reading:
    """The bytes of a file, which is closed at its end, or earlier by whoever stops reading."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if data := self._file.read(_CHUNK):
            return data
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Read no further."""
        self._file.close()
