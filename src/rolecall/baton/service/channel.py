"""The one channel to a controller: Baton's RPCs, over TLS, kept alive, each with a deadline.

The Go connector makes a new TLS connection for every call; this is one connection for all.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, TypeVar

import grpc
from google.protobuf.message import Message

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.token import Tokens
from rolecall.errors import (
    BadToken,
    Error,
    Gone,
    Invalid,
    NotAllowed,
    NotionBroken,
    Refused,
    Unreachable,
    Unsupported,
)

__all__ = ["Controller"]

Answer = TypeVar("Answer", bound=Message)
Metadata = tuple[tuple[str, str], ...]

CALL_S: Final = 30.0
"""Deadline of a small call, as the Go connector's for FinishTask."""

UPLOAD_S: Final = 3600.0
CHUNK: Final = 512 * 1024
"""Bytes of one piece of an upload; the protocol's limit is twice that."""

_OPTIONS: Final = (
    # Servers in Go cut whoever pings more often than every 5 minutes, or without a call under way.
    ("grpc.keepalive_time_ms", 330_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 30_000),
)
_METHODS: Final = api.DESCRIPTOR.services_by_name["BatonService"].methods_by_name


class Controller:
    """A controller, as its connector sees it; use it as a context manager.

    Args:
        address: ``host:port``.
        roots: certificates to trust, as PEM.
        tokens: gives the access token of the moment; closed with us.
        user_agent: what we call ourselves.
        host_id: which of several connectors with one client id we are.
    """

    def __init__(
        self, address: str, *, roots: bytes, tokens: Tokens, user_agent: str, host_id: str
    ) -> None:
        self.host_id = host_id
        self._tokens = tokens
        self._channel = grpc.aio.secure_channel(
            f"dns:///{address}",
            grpc.ssl_channel_credentials(root_certificates=roots),
            options=(*_OPTIONS, ("grpc.primary_user_agent", user_agent)),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._tokens.close()
        await self._channel.close()

    async def hello(self, request: api.BatonServiceHelloRequest) -> None:
        """Introduce ourselves; with a task id, that is the answer to a hello task."""
        await self._unary("Hello", request, api.BatonServiceHelloResponse)

    async def get_task(self) -> api.BatonServiceGetTaskResponse:
        """The next task, if there is one."""
        request = api.BatonServiceGetTaskRequest(host_id=self.host_id)
        return await self._unary("GetTask", request, api.BatonServiceGetTaskResponse)

    async def get_tasks(self, most: int, known: list[str]) -> api.BatonServiceGetTasksResponse:
        """Up to `most` next tasks besides those that we have."""
        request = api.BatonServiceGetTasksRequest(
            host_id=self.host_id, page_size=most, known_task_ids=known
        )
        return await self._unary("GetTasks", request, api.BatonServiceGetTasksResponse)

    async def heartbeat(self, task_id: str) -> api.BatonServiceHeartbeatResponse:
        """Say that we are still at it."""
        request = api.BatonServiceHeartbeatRequest(host_id=self.host_id, task_id=task_id)
        return await self._unary("Heartbeat", request, api.BatonServiceHeartbeatResponse)

    async def finish(self, request: api.BatonServiceFinishTaskRequest) -> None:
        """Hand in how a task ended."""
        await self._unary("FinishTask", request, api.BatonServiceFinishTaskResponse)

    async def upload(self, task_id: str, source: BinaryIO) -> None:
        """Send a file for a task, from its beginning, piece by piece, with its digest at the end.

        A connection that is gone is waited for.

        Raises:
            Retry: it did not arrive; it may be sent again from its beginning.
        """
        call = self._channel.stream_unary(
            _path("UploadAsset"),
            request_serializer=api.BatonServiceUploadAssetRequest.SerializeToString,
            response_deserializer=api.BatonServiceUploadAssetResponse.FromString,
        )

        def send(metadata: Metadata) -> Awaitable[api.BatonServiceUploadAssetResponse]:
            pieces = _pieces(self.host_id, task_id, source.fileno())
            return call(pieces, metadata=metadata, timeout=UPLOAD_S, wait_for_ready=True)

        await self._authorised("UploadAsset", send)

    async def _unary(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        call = self._channel.unary_unary(
            _path(method),
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        return await self._authorised(
            method, lambda metadata: call(request, metadata=metadata, timeout=CALL_S)
        )

    async def _authorised(
        self, method: str, send: Callable[[Metadata], Awaitable[Answer]]
    ) -> Answer:
        """The answer to a call; a token that is good no more is replaced, once.

        Raises:
            Error: for gRPC's. A body of HTML from a proxy is survived; the code decides.
        """
        for last in (False, True):
            token = await self._tokens.current()
            try:
                return await send((("authorization", f"Bearer {token}"),))
            except grpc.aio.AioRpcError as error:
                refused = error.code() is grpc.StatusCode.UNAUTHENTICATED
                if refused or error.code() is grpc.StatusCode.INTERNAL:
                    # A stream that is refused early may break before we can read the reason.
                    self._tokens.refused(token)
                if last or not refused:
                    raise _error(method, error) from error
        raise AssertionError("the second try returns or raises")


def _path(method: str) -> str:
    return f"/{_METHODS[method].containing_service.full_name}/{method}"


_DEFINITE: Final[dict[Any, type[Error]]] = {
    grpc.StatusCode.UNAUTHENTICATED: BadToken,
    grpc.StatusCode.PERMISSION_DENIED: NotAllowed,
    grpc.StatusCode.INVALID_ARGUMENT: Invalid,
    grpc.StatusCode.NOT_FOUND: Gone,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
    grpc.StatusCode.FAILED_PRECONDITION: Refused,
}
MAX_WORDS: Final = 200


def _error(method: str, error: grpc.aio.AioRpcError) -> Error:
    words = " ".join((error.details() or "").split())[:MAX_WORDS]
    what = f"The controller answered {error.code().name} to {method}: {words}"
    if (kind := _DEFINITE.get(error.code())) is not None:
        return kind(what)
    if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
        return Unreachable(what)
    return NotionBroken(what)


async def _pieces(
    host_id: str, task_id: str, source: int
) -> AsyncIterator[api.BatonServiceUploadAssetRequest]:
    """Metadata, data, and the digest of all data.

    Each call reads at places of its own: one that was given up may still be reading.
    """
    request = api.BatonServiceUploadAssetRequest
    yield request(metadata=request.UploadMetadata(host_id=host_id, task_id=task_id))
    digest, at = hashlib.sha256(), 0
    while piece := await asyncio.to_thread(os.pread, source, CHUNK, at):
        digest.update(piece)
        at += len(piece)
        yield request(data=request.UploadData(data=piece))
    yield request(eof=request.UploadEOF(sha256_checksum=digest.digest()))
