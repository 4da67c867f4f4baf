"""Baton's seven RPCs as a controller answers them: checked, recorded, and spoiled by script.

The handlers come from the protocol's descriptor. Owns what is valid and in which order a message,
its mishap, its effect and its answer happen; what the effects are is `board`'s.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from controller.board import Upload
from controller.mishaps import Mishap
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

__all__ = ["Desk", "Received", "handlers"]

SERVICE = api.DESCRIPTOR.services_by_name["BatonService"]
TASK_ID = re.compile(r"[a-zA-Z0-9]{27}")
MAX_PIECE = 1024 * 1024
MAX_TOTAL = 512 * 1024 * 1024
CODE = grpc.StatusCode


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message that arrived, whatever became of it."""

    kind: str
    at: float
    """Monotonic seconds."""

    request: Any = None
    """The protobuf message; for Token the form; for UploadAsset the metadata."""

    metadata: dict[str, str]
    peer: str = ""
    deadline_s: float | None = None


class Invalid(Exception):
    """A message that breaks the protocol's rules."""


class Desk(Protocol):
    """What the handlers need of the controller."""

    folder: Path

    def came(self, received: Received) -> None:
        """Note it."""

    def mishap(self, kind: str) -> Mishap | None:
        """What goes wrong with this one."""

    def client_of(self, bearer: str) -> str | None:
        """Whose token it is."""

    def act(self, kind: str, request: Any) -> Message | None:
        """The effect and the answer; None if there is no such lease or task."""

    def cut(self, peer: str) -> None:
        """Cut a connection."""

    def restart(self, seconds: float) -> None:
        """Be gone for a while."""

    def forget_tokens(self) -> None:
        """No token is good any more."""


def seconds(amount: float) -> Duration:
    """As the protocol says it."""
    made = Duration()
    made.FromMicroseconds(round(amount * 1e6))
    return made


def handlers(desk: Desk) -> grpc.GenericRpcHandler:
    """All methods of the service."""
    made = {}
    for name, method in SERVICE.methods_by_name.items():
        request = getattr(api, method.input_type.name)
        answer = getattr(api, method.output_type.name)
        kind, act = (
            (grpc.stream_unary_rpc_method_handler, _uploading(desk))
            if name == "UploadAsset"
            else (grpc.unary_unary_rpc_method_handler, _answering(desk, name))
        )
        made[name] = kind(
            act,
            request_deserializer=request.FromString,
            response_serializer=answer.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(SERVICE.full_name, made)


def _answering(desk: Desk, kind: str) -> Callable[[Any, grpc.ServicerContext], Message]:
    def answer(request: Any, context: grpc.ServicerContext) -> Message:
        _note(desk, kind, request, context)
        mishap = desk.mishap(kind)
        _before(desk, mishap, context)
        _authenticate(desk, context)
        try:
            validate(kind, request)
        except Invalid as error:
            context.abort(CODE.INVALID_ARGUMENT, str(error))
        answer = desk.act(kind, request)
        if answer is None:
            context.abort(CODE.NOT_FOUND, "no such task, or its lease is over")
        _after(desk, mishap, context)
        return answer

    return answer


def _note(desk: Desk, kind: str, request: Any, context: grpc.ServicerContext) -> None:
    left = context.time_remaining()
    desk.came(
        Received(
            kind=kind,
            at=time.monotonic(),
            request=request,
            metadata={key: str(value) for key, value in context.invocation_metadata()},
            peer=context.peer(),
            deadline_s=left if left is not None and left < 1e9 else None,
        )
    )


def _authenticate(desk: Desk, context: grpc.ServicerContext) -> str:
    metadata = dict(context.invocation_metadata())
    client = desk.client_of(str(metadata.get("authorization", "")))
    if client is None:
        context.abort(CODE.UNAUTHENTICATED, "this token is not good")
    return str(client)


def _before(desk: Desk, mishap: Mishap | None, context: grpc.ServicerContext) -> None:
    if mishap is None:
        return
    if mishap.do == "hold":
        time.sleep(mishap.seconds)
    elif mishap.do == "refuse":
        context.abort(mishap.code, "refused by script")
    elif mishap.do == "cut_before":
        desk.cut(context.peer())
        context.abort(CODE.UNAVAILABLE, "cut")
    elif mishap.do == "restart":
        desk.restart(mishap.seconds)
        context.abort(CODE.UNAVAILABLE, "restarted")
    elif mishap.do == "forget_tokens":
        desk.forget_tokens()


def _after(desk: Desk, mishap: Mishap | None, context: grpc.ServicerContext) -> None:
    if mishap is None:
        return
    if mishap.do == "hold_after":
        time.sleep(mishap.seconds)
    elif mishap.do == "refuse_after":
        context.abort(mishap.code, "refused by script, after the effect")
    elif mishap.do == "cut_after":
        desk.cut(context.peer())
        context.abort(CODE.UNAVAILABLE, "cut")


def validate(kind: str, request: Any) -> None:
    """The protocol's own rules for a message (facts of the protocol, appendix A).

    Raises:
        Invalid: one is broken.
    """
    _that(1 <= len(request.host_id) <= 256, "host_id")
    _that(len(getattr(request, "annotations", ())) <= 16, "annotations")
    if kind in {"Heartbeat", "FinishTask", "UploadAsset"}:
        _that(bool(TASK_ID.fullmatch(request.task_id)), "task_id")
    if kind == "Hello":
        _that(request.task_id == "" or bool(TASK_ID.fullmatch(request.task_id)), "task_id")
        _that(request.HasField("connector_metadata"), "connector_metadata")
        told = [*_texts(request.build_info), *_texts(request.os_info)]
        _that(all(len(text) <= 256 for text in told), "build_info, os_info")
    if kind == "GetTasks":
        _that(1 <= request.page_size <= 100, "page_size")
        _that(all(TASK_ID.fullmatch(one) for one in request.known_task_ids), "known_task_ids")
    if kind == "FinishTask":
        state = request.WhichOneof("final_state")
        _that(state is not None, "final_state")
        _that(len(getattr(request, state).annotations) <= 16, "annotations of the end")
        _that((state == "success") == (request.status.code == 0), "status")


def _texts(message: Message) -> list[str]:
    return [value for _, value in message.ListFields() if isinstance(value, str)]


def _that(so: bool, what: str) -> None:  # noqa: FBT001 - reads like the sentence it is
    if not so:
        raise Invalid(f"invalid {what}")


def _uploading(desk: Desk) -> Callable[[Iterator[Any], grpc.ServicerContext], Message]:
    def upload(pieces: Iterator[Any], context: grpc.ServicerContext) -> Message:
        mishap = desk.mishap("UploadAsset")
        _before(desk, mishap, context)
        _authenticate(desk, context)
        path = desk.folder / f"upload-{time.monotonic_ns()}.bin"
        try:
            meta, sizes = _stored(_watched(desk, pieces, mishap, context), path)
            _note(desk, "UploadAsset", meta, context)
        except Invalid as error:
            path.unlink(missing_ok=True)
            context.abort(CODE.INVALID_ARGUMENT, str(error))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        whole = Upload(host=meta.host_id, at=time.monotonic(), path=path, sizes=sizes)
        answer = desk.act("UploadAsset", (meta.task_id, whole))
        if answer is None:
            path.unlink(missing_ok=True)
            context.abort(CODE.NOT_FOUND, "this task is not leased to this host")
        _after(desk, mishap, context)
        return answer

    return upload


def _watched(
    desk: Desk, pieces: Iterator[Any], mishap: Mishap | None, context: grpc.ServicerContext
) -> Iterator[Any]:
    """The stream, cut where the script says so."""
    for number, piece in enumerate(pieces, 1):
        yield piece
        if mishap and mishap.do == "cut_within" and number >= mishap.piece:
            desk.cut(context.peer())
            context.abort(CODE.UNAVAILABLE, "cut")


def _stored(pieces: Iterator[Any], path: Path) -> tuple[Any, tuple[int, ...]]:
    """Write the data to the file; returns the metadata and the sizes of the pieces."""
    meta, ended, digest, sizes = None, False, hashlib.sha256(), []
    with path.open("wb") as sink:
        for piece in pieces:
            kind = piece.WhichOneof("msg")
            _that(not ended and kind is not None, "order: something after eof")
            _that((kind == "metadata") == (meta is None), "order: metadata is first, and once")
            if kind == "metadata":
                meta = piece.metadata
                validate("UploadAsset", meta)
            elif kind == "data":
                data = piece.data.data
                _that(1 <= len(data) <= MAX_PIECE, "data")
                sizes.append(len(data))
                _that(sum(sizes) <= MAX_TOTAL, "size")
                digest.update(data)
                sink.write(data)
            else:
                _that(piece.eof.sha256_checksum == digest.digest(), "sha256_checksum")
                ended = True
    _that(ended, "end: no eof")
    return meta, tuple(sizes)
