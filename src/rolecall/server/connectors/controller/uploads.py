"""Files that a self-hosted connector sends for a task: received whole, proved, and kept apart.

A file waits for its task's success; until then nothing of it counts. Connectors in Go send their
debug log the same way, and nothing but the first bytes tells the two apart. Nobody asks for one
here, and who knows what it says: it is noted, and not kept.
"""

import hashlib
import hmac
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Final, Protocol, cast

from django.db import transaction

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import BadFile, Conflict, Invalid
from rolecall.server.connectors.controller import rules
from rolecall.server.connectors.locks import task_rows
from rolecall.server.connectors.models import Client, LogLine, Task, Upload
from rolecall.server.connectors.taking import holds
from rolecall.server.files.models import File
from rolecall.server.files.store import MAX_BYTES, store

__all__ = ["Received", "begin", "insist_on_lease", "keep", "receive"]

_WAITS: Final = timedelta(days=1)
"""How long a file is kept whose task has not succeeded yet."""
_IN_MEMORY: Final = 1 << 20
_KINDS: Final = {b"C1ZF\0": "c1z", b"C1Z3\0": "v3"}

_Stream = Iterator[api.BatonServiceUploadAssetRequest]


class _Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take them."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """A whole file, whose digest was right; at its beginning."""

    kind: str
    """c1z, v3 or log."""
    size: int
    file: IO[bytes]


def begin(stream: _Stream) -> api.BatonServiceUploadAssetRequest.UploadMetadata:
    """What a file is for, and who sends it.

    Raises:
        Invalid: something else comes first.
    """
    first = next(stream, None)
    if first is None or first.WhichOneof("msg") != "metadata":
        raise Invalid("An upload begins with its metadata.")
    rules.check_metadata(first.metadata)
    return first.metadata


def insist_on_lease(client: Client, host: str, task_id: str) -> None:
    """Before anything of a file is taken.

    Raises:
        Conflict: the task is not this machine's.
    """
    task = Task.objects.filter(pk=task_id, connector=client.connector_id).first()
    if task is None or not holds(task, host) or task.answer is not None:
        raise Conflict("This connector does not have this task (any more).")


@contextmanager
def receive(stream: _Stream) -> Iterator[Received]:
    """The rest of a stream, as a file that is gone when the context ends.

    Raises:
        Invalid: pieces after the end, or of the wrong size; or it is too large.
        BadFile: the digest is another, or the stream ended before it.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="rolecall-upload-") as file:
        size = _spooled(stream, file)
        file.seek(0)
        kind = _KINDS.get(file.read(5), "log")
        file.seek(0)
        yield Received(kind=kind, size=size, file=cast("IO[bytes]", file))


def _spooled(stream: _Stream, file: _Sink) -> int:
    digest, size = hashlib.sha256(), 0
    for request in stream:
        match request.WhichOneof("msg"):
            case "data":
                rules.check_piece(request.data.data)
                digest.update(request.data.data)
                file.write(request.data.data)
                size += len(request.data.data)
            case "eof":
                rules.check_eof(request.eof)
                _insist_on_the_end(stream, digest.digest(), request.eof.sha256_checksum)
                return size
            case _:
                raise Invalid("An upload is its metadata, its data, and its end.")
        if size > MAX_BYTES:
            raise Invalid(f"A file of more than {MAX_BYTES >> 20} MiB is not taken.")
    raise BadFile("The upload broke off before its end.", hint="Send it again.")


def _insist_on_the_end(stream: _Stream, found: bytes, told: bytes) -> None:
    if not hmac.compare_digest(found, told):
        raise BadFile("The digest is not that of what arrived.", hint="Send it again.")
    if next(stream, None) is not None:
        raise Invalid("Something comes after the end of the upload.")


def keep(
    client: Client, meta: api.BatonServiceUploadAssetRequest.UploadMetadata, received: Received,
    now: datetime,
) -> None:  # fmt: skip
    """Note a file for its task; what is no `.c1z` of version 1 is never one.

    Raises:
        Conflict: the task was taken away while the file came in.
    """
    with transaction.atomic():
        rows = task_rows().select_related("connector__app").filter(connector=client.connector_id)
        task = rows.filter(pk=meta.task_id).first()
        if task is None or not holds(task, meta.host_id) or task.answer is not None:
            raise Conflict("This connector does not have this task (any more).")
        Upload.objects.create(
            task=task, attempt=task.attempt, kind=received.kind, received_at=now,
            file=_stored(task, received, now),
        )  # fmt: skip
        text = f"{meta.host_id} sent a file ({received.kind}, {received.size} bytes)."
        LogLine.objects.create(task=task, attempt=task.attempt, at=now, level="info",
                               text=text[:500])  # fmt: skip


def _stored(task: Task, received: Received, now: datetime) -> File | None:
    if received.kind != "c1z":
        return None
    name = f"{task.connector.app.name}-{now:%Y%m%dT%H%M%SZ}.{received.kind}"
    return store(received.file, kind=received.kind, name=name, now=now, expires_at=now + _WAITS)
