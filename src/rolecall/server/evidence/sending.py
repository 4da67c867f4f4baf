"""An evidence file as an answer, for pages and API."""

import os
from collections.abc import Iterator
from typing import IO, Final

from django.http import StreamingHttpResponse

from rolecall.server.evidence.export import Exported

__all__ = ["sent"]

_CHUNK: Final = 1 << 16


def sent(exported: Exported) -> StreamingHttpResponse:
    """The file, closed when it was read to its end or the answer is closed."""
    return StreamingHttpResponse(
        _Reading(exported.file),
        content_type=exported.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{exported.name}"',
            "Content-Length": str(os.fstat(exported.file.fileno()).st_size),
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
