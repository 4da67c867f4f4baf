"""What a connector's messages may hold: the protocol's own rules, checked before anything is done.

Pure. Whoever breaks one is told which, as Go's own servers would (`InvalidArgument`).
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from google.protobuf.message import Message

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Invalid

__all__ = [
    "check_eof",
    "check_finish",
    "check_get_tasks",
    "check_heartbeat",
    "check_hello",
    "check_host",
    "check_metadata",
    "check_piece",
]

_LONGEST: Final = 256
_MOST: Final = 100
_ANNOTATIONS: Final = 16
_PIECE: Final = 1 << 20
_SHA256: Final = 32
_NAME: Final = 1024
_TASK: Final = re.compile(r"[a-zA-Z0-9]{27}", re.ASCII)


def check_host(host_id: str) -> None:
    """Of every message.

    Raises:
        Invalid: it is empty, too long, or not printable.
    """
    if not 1 <= len(host_id) <= _LONGEST or not host_id.isprintable():
        raise Invalid("host_id has between 1 and 256 printable characters.")


def check_hello(request: api.BatonServiceHelloRequest) -> None:
    """A connector that says who it is."""
    check_host(request.host_id)
    _check_annotations(request.annotations)
    if request.task_id:
        _check_task(request.task_id)
    if not request.HasField("connector_metadata"):
        raise Invalid("connector_metadata is missing.")
    if len(request.connector_metadata.display_name.encode()) > _NAME:
        raise Invalid("display_name has at most 1024 bytes.")
    _check_texts(request.build_info, request.os_info)


def check_get_tasks(request: api.BatonServiceGetTasksRequest) -> None:
    """A question for several tasks."""
    check_host(request.host_id)
    _check_annotations(request.annotations)
    if not 1 <= request.page_size <= _MOST:
        raise Invalid("page_size is between 1 and 100.")
    for one in request.known_task_ids:
        _check_task(one)


def check_heartbeat(request: api.BatonServiceHeartbeatRequest) -> None:
    """A sign of life."""
    check_host(request.host_id)
    _check_annotations(request.annotations)
    _check_task(request.task_id)
    if len(request.task_ids) > _MOST:
        raise Invalid("task_ids holds at most 100.")
    for one in request.task_ids:
        _check_task(one)


def check_finish(request: api.BatonServiceFinishTaskRequest) -> None:
    """The end of a task."""
    check_host(request.host_id)
    _check_task(request.task_id)
    state = request.WhichOneof("final_state")
    if state is None:
        raise Invalid("Neither success nor error is given.")
    _check_annotations(getattr(request, state).annotations)


def check_metadata(metadata: api.BatonServiceUploadAssetRequest.UploadMetadata) -> None:
    """The beginning of an upload."""
    check_host(metadata.host_id)
    _check_task(metadata.task_id)
    _check_annotations(metadata.annotations)


def check_piece(data: bytes) -> None:
    """A piece of an upload."""
    if not 1 <= len(data) <= _PIECE:
        raise Invalid("A piece of an upload has between 1 byte and 1 MiB.")


def check_eof(eof: api.BatonServiceUploadAssetRequest.UploadEOF) -> None:
    """The end of an upload."""
    _check_annotations(eof.annotations)
    if len(eof.sha256_checksum) != _SHA256:
        raise Invalid("sha256_checksum has 32 bytes.")


def _check_task(task_id: str) -> None:
    if not _TASK.fullmatch(task_id):
        raise Invalid("A task id has 27 letters and digits.")


def _check_annotations(annotations: Collection[object]) -> None:
    if len(annotations) > _ANNOTATIONS:
        raise Invalid("There are at most 16 annotations.")


def _check_texts(*messages: Message) -> None:
    for message in messages:
        for text in _texts(message):
            if len(text) > _LONGEST:
                raise Invalid("What is said of build and system has at most 256 characters each.")


def _texts(message: Message) -> Iterable[str]:
    return (value for _, value in message.ListFields() if isinstance(value, str))
