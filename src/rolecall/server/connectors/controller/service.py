"""Baton's service as self-hosted connectors call it: each call known by its token, and checked.

Parses, asks, answers. What a call comes to is in `hosts`, `leasing`, `uploads` and `finishing`;
errors leave as the gRPC codes that they carry, with their sentence and nothing else.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import grpc
import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import BadToken, Code, Error, Retry, Unsupported
from rolecall.server.connectors import finishing
from rolecall.server.connectors.controller import hosts, leasing, rules, tokens, uploads
from rolecall.server.connectors.controller.threads import end
from rolecall.server.connectors.models import Client
from rolecall.server.connectors.pace import pace

__all__ = ["Calls", "Server", "serve_calls"]

AT_ONCE: Final = 16
"""Calls that are worked on beside each other; an upload is one call for as long as it takes."""
_GRACE_S: Final = 5.0
_LARGEST: Final = 8 << 20
"""Bytes of one message: an answer that lists a lot; pieces of files have 1 MiB at most."""
_SERVICE: Final = api.DESCRIPTOR.services_by_name["BatonService"]

log = structlog.get_logger()


class Calls:
    """The calls, by the names that the protocol gives them.

    Args:
        clock: the time now.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def hello(self, client: Client, request: api.BatonServiceHelloRequest) -> Message:
        """A connector says who it is."""
        rules.check_hello(request)
        hosts.greet(client, request, self._clock())
        return api.BatonServiceHelloResponse()

    def get_task(self, client: Client, request: api.BatonServiceGetTaskRequest) -> Message:
        """A connector asks for work."""
        rules.check_host(request.host_id)
        hosts.see(client, request.host_id, self._clock())
        given = leasing.lease(client, request.host_id, self._clock())
        none = api.Task(none=api.Task.NoneTask())
        return api.BatonServiceGetTaskResponse(
            task=given[0] if given else none,
            next_poll=_next_poll(busy=bool(given)),
            next_heartbeat=_seconds(pace().next_heartbeat_s),
        )

    def get_tasks(self, client: Client, request: api.BatonServiceGetTasksRequest) -> Message:
        """The same, for several at once."""
        rules.check_get_tasks(request)
        hosts.see(client, request.host_id, self._clock())
        given = leasing.lease(
            client,
            request.host_id,
            self._clock(),
            most=request.page_size,
            known=request.known_task_ids,
        )
        return api.BatonServiceGetTasksResponse(
            tasks=given,
            next_poll=_next_poll(busy=bool(given)),
            next_heartbeat=_seconds(pace().next_heartbeat_s),
        )

    def heartbeat(self, client: Client, request: api.BatonServiceHeartbeatRequest) -> Message:
        """A connector vouches for a task."""
        rules.check_heartbeat(request)
        hosts.see(client, request.host_id, self._clock())
        named = dict.fromkeys([request.task_id, *request.task_ids])
        goes_on = {one: leasing.vouch(client, request.host_id, one, self._clock()) for one in named}
        return api.BatonServiceHeartbeatResponse(
            next_heartbeat=_seconds(pace().next_heartbeat_s),
            cancelled=not goes_on[request.task_id],
            cancelled_task_ids=[one for one, on in goes_on.items() if not on],
        )

    def finish_task(self, client: Client, request: api.BatonServiceFinishTaskRequest) -> Message:
        """A connector says how a task ended."""
        rules.check_finish(request)
        hosts.see(client, request.host_id, self._clock())
        finishing.finish_for(client, request, self._clock())
        return api.BatonServiceFinishTaskResponse()

    def upload_asset(
        self, client: Client, stream: Iterator[api.BatonServiceUploadAssetRequest]
    ) -> Message:
        """A connector sends a file for a task."""
        meta = uploads.begin(stream)
        uploads.insist_on_lease(client, meta.host_id, meta.task_id)
        with uploads.receive(stream) as received:
            uploads.keep(client, meta, received, self._clock())
        return api.BatonServiceUploadAssetResponse()

    def start_debugging(self, client: Client, request: api.StartDebuggingRequest) -> Message:
        """Refused: what a connector logs stays with its owner, unless they ask for it.

        Raises:
            Unsupported: always.
        """
        del client, request
        raise Unsupported("This controller starts no debugging.")


class Server:
    """A running gRPC server; `stop` it once."""

    def __init__(self, server: grpc.Server, pool: ThreadPoolExecutor) -> None:
        self._server, self._pool = server, pool

    def stop(self) -> None:
        """Take no more calls, let those that there are end, and leave no connection open."""
        self._server.stop(_GRACE_S).wait()
        end(self._pool, AT_ONCE)


def serve_calls(address: str, clock: Callable[[], datetime]) -> tuple[Server, int]:
    """Serve gRPC without TLS, for a front that has it.

    Args:
        address: `unix:PATH` or `HOST:PORT`; port 0 is any.
        clock: the time now.

    Returns:
        What to stop, and the port.
    """
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="controller")
    options = (
        ("grpc.max_receive_message_length", _LARGEST),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.so_reuseport", 0),
    )
    server = grpc.server(pool, options=options)
    calls = Calls(clock)
    handlers = {
        method.name: _handler(method, _METHODS[method.name], calls, clock)
        for method in _SERVICE.methods
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers),)
    )
    port = server.add_insecure_port(address)
    server.start()
    return Server(server, pool), port


_METHODS: Final[dict[str, Callable[..., Message]]] = {
    "Hello": Calls.hello,
    "GetTask": Calls.get_task,
    "GetTasks": Calls.get_tasks,
    "Heartbeat": Calls.heartbeat,
    "FinishTask": Calls.finish_task,
    "UploadAsset": Calls.upload_asset,
    "StartDebugging": Calls.start_debugging,
}


def _handler(
    method: Any,  # noqa: ANN401 - a descriptor, whose type differs between protobuf's variants
    call: Callable[..., Message],
    calls: Calls,
    clock: Callable[[], datetime],
) -> "grpc.RpcMethodHandler[Any, Message]":
    """One call: who is it, what do they want, what comes of it."""

    def answer(request: Any, context: grpc.ServicerContext) -> Message:  # noqa: ANN401 - by method
        close_old_connections()
        try:
            headers = dict(context.invocation_metadata())
            client = tokens.client_of(str(headers.get("authorization", "")), clock())
            return call(calls, client, request)
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes a code
            gone = not context.is_active()
            code, words = (grpc.StatusCode.CANCELLED, "") if gone else _told(error, method.name)
        context.abort(code, words)
        raise AssertionError("abort raises")

    made, told = getattr(api, method.input_type.name), getattr(api, method.output_type.name)
    kind = (
        grpc.stream_unary_rpc_method_handler
        if made is api.BatonServiceUploadAssetRequest
        else grpc.unary_unary_rpc_method_handler
    )
    return kind(
        answer, request_deserializer=made.FromString, response_serializer=told.SerializeToString
    )


def _told(error: Exception, call: str) -> tuple[grpc.StatusCode, str]:
    """An error as its caller hears it; of a defect no more than its class."""
    if isinstance(error, Error):
        if not isinstance(error, Retry | BadToken):
            log.info("call_refused", call=call, why=error.what)
        return _CODES[error.code], str(error)
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("no_database", call=call, error=type(error).__name__)
        connection.close()
        return grpc.StatusCode.UNAVAILABLE, "The database does not answer. Try again."
    log.error("controller_bug", call=call, exc_info=error)
    return grpc.StatusCode.INTERNAL, f"A defect of the controller ({type(error).__name__})."


_CODES: Final = {
    number: next(one for one in grpc.StatusCode if one.value[0] == number) for number in Code
}


def _next_poll(*, busy: bool) -> Duration:
    return _seconds(pace().busy_poll_s if busy else pace().idle_poll_s)


def _seconds(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))
