"""One task from taken to acknowledged: do the work, keep the lease, and say how it ended.

Owns heartbeats, cancellation, and the end that a controller is told. What the work is, is up to
the handler; how many go on at once is up to `worker`. However the work ends, short of a kill, the
controller hears of it.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships no types

from rolecall.baton.engine import Log
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.channel import Controller
from rolecall.errors import BadToken, Code, Error, Fatal, Interrupted, Refused, Retry

__all__ = [
    "SYNC",
    "Finished",
    "Handler",
    "Lease",
    "Limits",
    "in_seconds",
    "jitter",
    "service_code",
    "write_error",
    "write_success",
]

SYNC: Final = "sync_full"
"""The kind of task that controllers expect heartbeats of from its very beginning."""

NON_RETRYABLE: Final = "\ntask failed and is non-retryable"
"""How the Go connector ends the message of an error that no repetition mends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a task came to."""

    response: Message | None = None
    annotations: tuple[Any, ...] = ()


class Handler(Protocol):
    """Carries out tasks."""

    async def __call__(self, task: api.Task) -> Finished:
        """Carry out one.

        Raises:
            Error: it failed; its class says whether trying again makes sense.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Numbers that tests make small; all but counts in seconds."""

    concurrency: int = 3
    least_poll: float = 1.0
    """Between two polls that brought nothing; a controller's 0 does not make us spin."""

    least_gap: float = 0.1
    """Between any two polls."""

    most_poll: float = 300.0
    least_heartbeat: float = 1.0
    most_heartbeat: float = 300.0
    heartbeat: float = 30.0
    """If the controller does not say."""

    failures: int = 10
    """Heartbeats in a row that may fail before a task is given up; refusals before we give up."""

    first_pause: float = 1.0
    """After a first failure; it grows with the square of their number."""

    longest_pause: float = 60.0
    finish_for: float = 600.0
    """How long an unacknowledged end is repeated."""

    last_poll: float = 2.0
    """For the answer to a poll that is under way when we are told to stop: it may hold a task."""

    grace: float = 20.0
    """For running tasks, once we are told to stop; a quarter of it is for saying how they ended."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """A task that we have; `run` it once."""

    task: api.Task
    controller: Controller
    handler: Handler
    log: Log
    limits: Limits
    heartbeat_s: float
    """What the controller asks for; 0 if it does not say."""

    turn: AbstractAsyncContextManager[object]
    """Entered before the work is begun, and left when it has ended."""

    changed: Callable[[], None]
    """Told when `busy` may have changed."""

    busy: bool = True
    """Whether it takes one of the places for work; not while it only waits or hands in."""

    _work: "asyncio.Future[Finished] | None" = None
    _abandoned: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kind(self) -> str:
        """The type of the task."""
        return self.task.WhichOneof("task_type") or "none"

    def cancel(self) -> None:
        """Tell the work to stop; it may still come to a good end."""
        if self._work is not None:
            self._work.cancel()

    def abandon(self) -> None:
        """Wait for the work no longer, and say that it was interrupted."""
        self._abandoned.set()

    async def run(self) -> Code:
        """Do the work and hand in how it ended; returns its code."""
        self._work = asyncio.ensure_future(self._do())
        beat = asyncio.ensure_future(self._keep(self._work))
        finish = api.BatonServiceFinishTaskRequest(
            host_id=self.controller.host_id, task_id=self.task.id
        )
        code = await self._ended(self._work, finish)
        self._now_busy(busy=False)
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)
        if self.kind != "hello" or code is not Code.OK:  # else Hello itself was the answer
            await self._hand_in(finish)
        return code

    def _now_busy(self, *, busy: bool) -> None:
        self.busy = busy
        self.changed()

    async def _do(self) -> Finished:
        async with self.turn:
            self._now_busy(busy=True)
            return await self.handler(self.task)

    async def _ended(
        self, work: "asyncio.Future[Finished]", finish: api.BatonServiceFinishTaskRequest
    ) -> Code:
        """Wait for the end, and write it down."""
        try:
            write_success(finish, await self._unless_abandoned(work))
        except asyncio.CancelledError:
            return write_error(
                finish, Interrupted("The task was cancelled, or this connector stops.")
            )
        except Error as error:
            self.log("a task failed", task_id=self.task.id, why=str(error))
            return write_error(finish, error)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not lose the task
            self.log("a task failed by a defect", task_id=self.task.id, error=repr(error))
            return write_error(
                finish, Error(f"A defect in the connector ({type(error).__name__}).")
            )
        return Code.OK

    async def _unless_abandoned(self, work: "asyncio.Future[Finished]") -> Finished:
        """What the work comes to, or a cancellation if nobody waits for it any more."""
        abandoned = asyncio.ensure_future(self._abandoned.wait())
        try:
            await asyncio.wait((work, abandoned), return_when=asyncio.FIRST_COMPLETED)
        finally:
            abandoned.cancel()
        if not work.done():
            work.cancel()
            raise asyncio.CancelledError
        return work.result()

    async def _keep(self, work: "asyncio.Future[Finished]") -> None:
        """Heartbeats while the work goes on; cancels it when told to, or when nobody listens."""
        limits, failures = self.limits, 0
        pause = self.heartbeat_s or limits.heartbeat
        if self.kind != SYNC:
            await asyncio.sleep(self._clamped(pause))
        while not work.done():
            try:
                answer = await self.controller.heartbeat(self.task.id)
            except Error as error:
                failures += 1
                self.log("a heartbeat was not heard", task_id=self.task.id, why=error.what)
                if isinstance(error, Refused) and self.kind != SYNC:
                    return  # nobody wants to hear how a change goes on; its end they will
                if failures >= limits.failures or isinstance(error, Refused):
                    work.cancel()
                    return
            else:
                failures = 0
                pause = in_seconds(answer.next_heartbeat) or pause
                if answer.cancelled:
                    self.log("a task was cancelled", task_id=self.task.id)
                    work.cancel()
                    return
            await asyncio.sleep(self._clamped(pause))

    def _clamped(self, pause: float) -> float:
        return min(max(pause, self.limits.least_heartbeat), self.limits.most_heartbeat)

    async def _hand_in(self, finish: api.BatonServiceFinishTaskRequest) -> None:
        """Repeat the end until it is acknowledged, refused, or nobody can be waiting for it."""
        clock, limits = asyncio.get_running_loop().time, self.limits
        until, failures = clock() + limits.finish_for, 0
        while True:
            try:
                await self.controller.finish(finish)
            except (Retry, BadToken) as error:
                failures += 1
                if clock() >= until:
                    self.log("the end of a task was not heard", task_id=finish.task_id)
                    return
                self.log("the end of a task is repeated", task_id=finish.task_id, why=error.what)
                pause = min(limits.first_pause * failures**2, limits.longest_pause)
                await asyncio.sleep(pause * jitter())
            except Error as error:
                self.log("the end of a task is refused", task_id=finish.task_id, why=error.what)
                return
            else:
                return


def write_success(finish: api.BatonServiceFinishTaskRequest, done: Finished) -> None:
    """Write what a task came to into its end."""
    finish.success.annotations.extend(done.annotations)
    if done.response is not None:
        finish.success.response.Pack(done.response, deterministic=True)
    finish.success.SetInParent()


def write_error(finish: api.BatonServiceFinishTaskRequest, error: Error) -> Code:
    """Write an error into the end of a task, in place of a success."""
    code, final = service_code(error), isinstance(error, Refused | Fatal)
    finish.error.non_retryable = final
    message = f"{error}{NON_RETRYABLE if final else ''}"
    finish.status.CopyFrom(Status(code=int(code), message=message))
    return code


def service_code(error: Error) -> Code:
    """The gRPC code of a task's error: what a person must mend first is FAILED_PRECONDITION."""
    return Code.FAILED_PRECONDITION if isinstance(error, Fatal) else error.code


def in_seconds(duration: Duration) -> float:
    """A duration of the protocol; none is 0."""
    return max(0.0, duration.seconds + duration.nanos / 1e9)


def jitter() -> float:
    """A factor around 1 that spreads repetitions."""
    return random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
