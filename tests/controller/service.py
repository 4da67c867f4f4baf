"""A controller for tests: the real protocol over real TLS, with a script of tasks and mishaps.

Use it as a context manager. Everything runs in threads of this process; every method may be called
from any thread. It shares nothing with the client but the generated messages.
"""

import datetime as dt
import secrets
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc

from controller import pages
from controller.assertions import Doorkeeper, TokenRefused
from controller.authority import HOST, certify, new_identity
from controller.board import Board, Entry, Upload
from controller.front import Connection, Front, Reply, json_reply
from controller.mishaps import Mishap, Mishaps
from controller.rpcs import Received, handlers, seconds
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

__all__ = ["Controller", "Pace"]

KEPT = 100_000
"""Messages that are remembered."""


@dataclass(kw_only=True)
class Pace:
    """What connectors are told about time, in seconds; may be changed while running."""

    next_poll: float = 0.05
    next_heartbeat: float = 10.0
    heartbeat_again: float | None = None
    """What a heartbeat's answer says; as `next_heartbeat` if None."""

    skew: float = 0.0
    """By how much the controller's clock is ahead of the machine's."""


@dataclass(kw_only=True)
class Controller:
    """One controller with one registered connector, on a free port of this machine."""

    pace: Pace = field(default_factory=Pace)
    offers_get_tasks: bool = True
    identity: Any = field(default_factory=new_identity)
    board: Board = field(default_factory=lambda: Board(clock=time.monotonic))
    doorkeeper: Doorkeeper = field(init=False)
    mishaps: Mishaps = field(default_factory=Mishaps)
    folder: Path = field(init=False)
    port: int = 0
    _received: deque[Received] = field(default_factory=lambda: deque(maxlen=KEPT))
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.doorkeeper = Doorkeeper(
            clients={self.identity.client_id: self.identity.public}, clock=self._clock
        )

    def __enter__(self) -> Self:
        self._scratch = tempfile.TemporaryDirectory(prefix="controller-")
        self.folder = Path(self._scratch.name)
        context = certify(self.folder, self.today())
        self._grpc = grpc.server(futures.ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        self._grpc.add_generic_rpc_handlers([handlers(self)])
        local = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        self._front = Front(context=context, grpc_port=local, token=self._token, port=self.port)
        self._front.start()
        self.port = self._front.port
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._front.stop()
        self._grpc.stop(grace=None).wait(10)
        self._scratch.cleanup()

    @staticmethod
    def today() -> dt.datetime:
        """The time for certificates."""
        return dt.datetime.now(dt.UTC)

    # What a connector needs to know

    @property
    def client_id(self) -> str:
        """Of the registered connector."""
        return str(self.identity.client_id)

    @property
    def client_secret(self) -> str:
        """Of the registered connector."""
        return str(self.identity.client_secret)

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{HOST}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """Whom to trust."""
        return self.folder / "ca.pem"

    @property
    def environ(self) -> dict[str, str]:
        """The same as variables for the command."""
        return {
            "BATON_CLIENT_ID": self.client_id,
            "BATON_CLIENT_SECRET": self.client_secret,
            "BATON_C1_API_HOST": self.address,
            "SSL_CERT_FILE": str(self.ca_file),
        }

    # The script

    def enqueue(self, task: api.Task) -> str:
        """Queue a task; returns its id."""
        with self._changed:
            return self.board.add(task)

    def cancel(self, task_id: str) -> None:
        """Say `cancelled` at the next heartbeat."""
        with self._changed:
            self.board.entries[task_id].cancelled = True

    def spoil(self, *mishaps: Mishap) -> None:
        """Replace all mishaps; none are left without arguments."""
        with self._changed:
            self.mishaps.set(mishaps)

    def forget_tokens(self) -> None:
        """No access token is good any more."""
        with self._changed:
            self.doorkeeper.forget_tokens()

    def cut(self, peer: str = "") -> None:
        """Cut one connection, or all."""
        self._front.cut(peer)

    def down(self) -> None:
        """Refuse and cut all connections, as if the machine were gone."""
        self._front.down()

    def up(self) -> None:
        """Be there again, on the same port."""
        self._front.up()

    def restart(self, seconds: float = 0.0) -> None:
        """Be gone for a while, and know no token afterwards."""
        self.down()
        self.forget_tokens()
        time.sleep(seconds)
        self.up()

    def html(self, status: int) -> None:
        """Answer every RPC by a proxy's page with this status; 0 ends that. Cuts connections."""
        self._front.html_status = status
        self.cut()

    # What was seen

    def received(self, kind: str = "") -> list[Received]:
        """Messages that arrived, oldest first; of one kind, or all."""
        with self._changed:
            return [one for one in self._received if kind in {"", one.kind}]

    def connections(self, alpn: str = "h2") -> list[Connection]:
        """Every TLS connection that was accepted."""
        return [one for one in self._front.connections if one.alpn == alpn]

    def entry(self, task_id: str) -> Entry:
        """All about a task; it goes on changing."""
        return self.board.entries[task_id]

    def uploads(self, task_id: str) -> list[Upload]:
        """Assets that arrived whole for a task."""
        return list(self.entry(task_id).uploads)

    def wait_until(self, so: Callable[[], Any], timeout: float = 10.0) -> Any:
        """Wait for something to be so after a message; returns what it is.

        Raises:
            TimeoutError: it did not become so.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while not (found := so()):
                if (left := end - time.monotonic()) <= 0:
                    raise TimeoutError([(one.kind, one.state) for one in self._entries()])
                self._changed.wait(min(left, 0.05))
        return found

    def wait_finished(self, task_id: str, timeout: float = 10.0) -> Entry:
        """Wait until a task is done or failed."""
        self.wait_until(lambda: self.entry(task_id).ended, timeout)
        return self.entry(task_id)

    def wait_for(self, kind: str, count: int = 1, timeout: float = 10.0) -> list[Received]:
        """Wait for so many messages of a kind."""
        self.wait_until(lambda: len(self.received(kind)) >= count, timeout)
        return self.received(kind)

    def _entries(self) -> Iterable[Entry]:
        return self.board.entries.values()

    # What the handlers need (see `rpcs.Desk`)

    def came(self, received: Received) -> None:
        """Note a message."""
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()

    def mishap(self, kind: str) -> Mishap | None:
        """What goes wrong with this one."""
        with self._changed:
            return self.mishaps.on(kind)

    def client_of(self, bearer: str) -> str | None:
        """Whose token it is."""
        with self._changed:
            return self.doorkeeper.client_of(bearer)

    def act(self, kind: str, request: Any) -> Any:
        """The effect of a message, and its answer; None if there is no such task or lease."""
        with self._changed:
            try:
                return getattr(self, f"_{kind.lower()}")(request)
            finally:
                self._changed.notify_all()

    def _hello(self, request: api.BatonServiceHelloRequest) -> Any:
        if request.task_id:
            self.board.answered(request.task_id)
        return api.BatonServiceHelloResponse()

    def _gettask(self, request: api.BatonServiceGetTaskRequest) -> Any:
        return api.BatonServiceGetTaskResponse(
            task=self.board.take(request.host_id),
            next_poll=seconds(self.pace.next_poll),
            next_heartbeat=seconds(self.pace.next_heartbeat),
        )

    def _gettasks(self, request: api.BatonServiceGetTasksRequest) -> Any:
        known = frozenset(request.known_task_ids)
        found = []
        while len(found) < request.page_size and (task := self.board.take(request.host_id, known)):
            found.append(task)
        return api.BatonServiceGetTasksResponse(
            tasks=found,
            next_poll=seconds(self.pace.next_poll),
            next_heartbeat=seconds(self.pace.next_heartbeat),
        )

    def _heartbeat(self, request: api.BatonServiceHeartbeatRequest) -> Any:
        cancelled = self.board.beat(request.task_id)
        if cancelled is None:
            return None
        pause = self.pace.heartbeat_again
        return api.BatonServiceHeartbeatResponse(
            cancelled=cancelled,
            next_heartbeat=seconds(self.pace.next_heartbeat if pause is None else pause),
        )

    def _uploadasset(self, came: tuple[str, Upload]) -> Any:
        task_id, upload = came
        if not self.board.may_upload(task_id, upload.host):
            return None
        self.board.uploaded(task_id, upload)
        return api.BatonServiceUploadAssetResponse()

    def _finishtask(self, request: api.BatonServiceFinishTaskRequest) -> Any:
        return api.BatonServiceFinishTaskResponse() if self.board.finish(request) else None

    def _startdebugging(self, _request: api.StartDebuggingRequest) -> Any:
        return api.StartDebuggingResponse(status=False)

    # The token endpoint

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> Reply:
        self.came(Received(kind="Token", at=time.monotonic(), request=form, metadata=headers))
        mishap = self.mishap("Token")
        if (spoilt := _instead(mishap)) is not None:
            return spoilt
        try:
            with self._changed:
                reply = json_reply(200, self.doorkeeper.exchange(form))
        except TokenRefused as error:
            return json_reply(401, {"error": "invalid_client", "error_description": str(error)})
        if mishap is None:
            return reply
        held = mishap.seconds if mishap.do in {"hold", "hold_after"} else 0.0
        return replace(reply, cut=mishap.do == "cut_after", hold_s=held)

    def _clock(self) -> float:
        return time.time() + self.pace.skew


def _instead(mishap: Mishap | None) -> Reply | None:
    """What the token endpoint says without looking at the request."""
    if mishap is None:
        return None
    if mishap.do == "refuse":
        return json_reply(mishap.status, {"error": "refused by script"})
    if mishap.do == "html":
        return Reply(status=mishap.status, body=pages.PAGE, kind="text/html")
    return Reply(cut=True) if mishap.do == "cut_before" else None


def unknown_id() -> str:
    """A task id that no task has."""
    return "".join(secrets.choice("abcdef") for _ in range(27))
