"""Work through a controller's tasks: poll, run, keep the lease, and always say how it ended.

What a task comes to is up to the handlers. This module owns when to poll, how many tasks run at
once, heartbeats, cancellation, and that every task that was taken is finished or handed back,
whatever happens to us short of a kill.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # ships no types

from rolecall.baton.engine import Log
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.channel import Controller
from rolecall.errors import BadToken, Code, Error, Fatal, Interrupted, Refused, Retry

__all__ = ["Finished", "Handler", "Limits", "Worker", "service_code"]


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
    """Numbers that tests make small; all in seconds."""

    concurrency: int = 3
    least_poll: float = 1.0
    """Between two polls that brought nothing; a controller's 0 does not make us spin."""

    most_poll: float = 300.0
    least_heartbeat: float = 1.0
    heartbeat: float = 30.0
    """If the controller does not say."""

    failures: int = 10
    """Heartbeats in a row that may fail before a task is given up."""

    longest_pause: float = 60.0
    finish_for: float = 600.0
    """How long an unacknowledged end is repeated."""

    grace: float = 20.0
    """For running tasks, once we are told to stop."""


@dataclass(slots=True)
class Worker:
    """The loop; `run` it until `stop`."""

    controller: Controller
    hello: api.BatonServiceHelloRequest
    handler: Handler
    log: Log
    limits: Limits = field(default_factory=Limits)
    many: bool = False
    """Whether to ask for several tasks at once (BATON_GET_TASKS)."""

    finished: Callable[[str, Code], None] | None = None
    """Told of each task that ended, by kind and code; for metrics."""

    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _poll_s: float = 0.0
    _heartbeat_s: float = 0.0

    def stop(self) -> None:
        """Take no more tasks, hand back those that run, and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            Error: the controller does not want us; trying again makes no sense.
        """
        await self._introduce()
        failures = 0
        while not self._stopping.is_set():
            await self._free_slot()
            if self._stopping.is_set():
                break
            try:
                taken = await self._poll()
                failures = 0
            except Retry as error:
                failures += 1
                self.log("the controller cannot be reached", why=error.what, failures=failures)
                await self._pause(min(failures**2, self.limits.longest_pause) * _jitter())
                continue
            if not taken:
                await self._pause(max(self._poll_s, self.limits.least_poll))
        await self._hand_back()

    async def _introduce(self) -> None:
        """Say hello until it is heard; give up only if we are not wanted."""
        pause = 1.0
        while not self._stopping.is_set():
            try:
                await self.controller.hello(self.hello)
            except Retry as error:
                self.log("the controller cannot be reached", why=error.what)
                await self._pause(min(pause, self.limits.most_poll) * _jitter())
                pause *= 2
            else:
                self.log("connected to the controller", host_id=self.controller.host_id)
                return

    async def _free_slot(self) -> None:
        """Wait until a task may be taken, or we are to stop."""
        while len(self._running) >= self.limits.concurrency and not self._stopping.is_set():
            stopping = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait(
                [*self._running.values(), stopping], return_when=asyncio.FIRST_COMPLETED
            )
            stopping.cancel()

    async def _poll(self) -> bool:
        """Ask for work and begin it; whether there was any."""
        answer: api.BatonServiceGetTaskResponse | api.BatonServiceGetTasksResponse
        if self.many:
            most = 2 * self.limits.concurrency - len(self._running)
            answer = await self.controller.get_tasks(min(max(most, 1), 100), list(self._running))
            tasks = list(answer.tasks)
        else:
            answer = await self.controller.get_task()
            tasks = [answer.task] if answer.HasField("task") else []
        self._poll_s = min(_seconds(answer.next_poll), self.limits.most_poll)
        self._heartbeat_s = _seconds(answer.next_heartbeat) or self.limits.heartbeat
        new = [task for task in tasks if task.id and task.id not in self._running]
        work = [task for task in new if task.WhichOneof("task_type") not in {None, "none"}]
        for task in work:
            self._running[task.id] = asyncio.ensure_future(self._task(task))
        return bool(work)

    async def _task(self, task: api.Task) -> None:
        """Run one task from its first heartbeat to its acknowledged end."""
        kind = task.WhichOneof("task_type") or "none"
        self.log("task taken", task_id=task.id, kind=kind)
        try:
            work = asyncio.ensure_future(self.handler(task))
            beat = asyncio.ensure_future(self._keep_lease(task, work))
            code = await self._ended(task, kind, work)
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
            if self.finished:
                self.finished(kind, code)
            self.log("task finished", task_id=task.id, kind=kind, code=code.name)
        finally:
            self._running.pop(task.id, None)

    async def _ended(self, task: api.Task, kind: str, work: "asyncio.Future[Finished]") -> Code:
        """Wait for the end, and hand it in; returns what it was."""
        code, finish = Code.OK, self._finish(task.id)
        try:
            done = await work
            finish.success.annotations.extend(done.annotations)
            if done.response is not None:
                finish.success.response.Pack(done.response, deterministic=True)
            finish.success.SetInParent()
            if kind == "hello":
                return code  # answered by Hello itself
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            code = _fail(finish, Interrupted("The task was cancelled, or this connector stops."))
        except Error as error:
            code = _fail(finish, error)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not lose the task
            self.log("a task failed by a defect", task_id=task.id, error=repr(error))
            code = _fail(finish, Error(f"A defect in the connector ({type(error).__name__})."))
        await self._hand_in(finish)
        return code

    def _finish(self, task_id: str) -> api.BatonServiceFinishTaskRequest:
        return api.BatonServiceFinishTaskRequest(host_id=self.controller.host_id, task_id=task_id)

    async def _hand_in(self, finish: api.BatonServiceFinishTaskRequest) -> None:
        """Repeat the end until it is acknowledged, refused, or nobody can be waiting for it."""
        clock = asyncio.get_running_loop().time
        until, failures = clock() + self.limits.finish_for, 0
        while True:
            try:
                await asyncio.shield(self.controller.finish(finish))
            except Retry as error:
                failures += 1
                if clock() >= until:
                    self.log("the end of a task was not heard", task_id=finish.task_id)
                    return
                pause = min(failures**2, self.limits.longest_pause) * _jitter()
                self.log("the end of a task is repeated", task_id=finish.task_id, why=error.what)
                await asyncio.sleep(pause)
            except BadToken:
                failures += 1
                if failures > self.limits.failures:
                    return
                await asyncio.sleep(_jitter())
            except Error as error:
                self.log("the end of a task is refused", task_id=finish.task_id, why=error.what)
                return
            else:
                return

    async def _keep_lease(self, task: api.Task, work: "asyncio.Future[Finished]") -> None:
        """Heartbeats while the work goes on; cancels it when told to, or when nobody listens."""
        failures = 0
        if task.WhichOneof("task_type") != "sync_full":
            await asyncio.sleep(max(self._heartbeat_s, self.limits.least_heartbeat))
        while not work.done():
            pause = self._heartbeat_s
            try:
                answer = await self.controller.heartbeat(task.id)
                failures = 0
                pause = _seconds(answer.next_heartbeat) or pause
                if answer.cancelled:
                    work.cancel()
                    return
            except Error as error:
                failures += 1
                self.log("a heartbeat was not heard", task_id=task.id, why=error.what)
                if failures >= self.limits.failures or isinstance(error, Refused):
                    work.cancel()
                    return
            await asyncio.sleep(max(pause, self.limits.least_heartbeat))

    async def _hand_back(self) -> None:
        """Cancel what runs; each task hands in its own end, as far as the grace allows."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=self.limits.grace)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless we are to stop."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _fail(finish: api.BatonServiceFinishTaskRequest, error: Error) -> Code:
    """Write an error into the end of a task."""
    code = service_code(error)
    final = not isinstance(error, Retry) and isinstance(error, Refused | Fatal)
    tail = "\ntask failed and is non-retryable" if final else ""
    finish.error.non_retryable = final
    finish.status.CopyFrom(Status(code=int(code), message=f"{error}{tail}"))
    return code


def service_code(error: Error) -> Code:
    """The gRPC code of a task's error: what a person must mend first is FAILED_PRECONDITION."""
    return Code.FAILED_PRECONDITION if isinstance(error, Fatal) else error.code


def _seconds(duration: Duration) -> float:
    return max(0.0, duration.seconds + duration.nanos / 1e9)


def _jitter() -> float:
    return random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
