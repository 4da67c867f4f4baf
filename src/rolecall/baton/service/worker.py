"""Work through a controller's tasks: say hello, poll, run a few at once, stop in good order.

What a task comes to is up to the handlers, and one task's course is `lease`. This module owns when
to poll, how many tasks run at once, that one sync waits for the other without taking the place of
a change, and that every task that was taken is finished or handed back when we stop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from rolecall.baton.engine import Log
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.channel import Controller
from rolecall.baton.service.lease import (
    SYNC,
    Finished,
    Handler,
    Lease,
    Limits,
    in_seconds,
    jitter,
    service_code,
)
from rolecall.errors import Code, Error, Retry, Unsupported

__all__ = ["Finished", "Handler", "Limits", "Worker", "service_code"]

Answer = TypeVar("Answer")

HELD: Final = 10
"""Leases for each place of work: syncs that wait and ends that are repeated take no place."""

AT_ONCE: Final = 100
"""Tasks that the protocol lets us ask for in one call."""


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

    heard: Callable[[bool], None] | None = None
    """Told whether the controller answered, each time that we greet it or ask for work."""

    _leases: dict[str, Lease] = field(default_factory=dict)
    _running: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _one_sync: asyncio.Lock = field(default_factory=asyncio.Lock)
    _places: asyncio.Semaphore = field(init=False)
    _poll_s: float = 0.0
    _heartbeat_s: float = 0.0

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.limits.concurrency)

    def stop(self) -> None:
        """Take no more tasks, hand back those that run, and return."""
        self._stopping.set()
        self._changed.set()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            Error: the controller does not want us; trying again makes no sense.
        """
        try:
            await self._introduce()
            await self._serve()
        finally:
            await self._hand_back()

    async def _introduce(self) -> None:
        """Say hello until it is heard; give up only if we are not wanted."""
        pause = self.limits.first_pause
        while not self._stopping.is_set():
            try:
                if await self._unless_stopped(self._said_hello()) is None:
                    return
            except Retry as error:
                self._tell(heard=False)
                self.log("the controller cannot be reached", why=str(error))
                await self._pause(min(pause, self.limits.most_poll) * jitter())
                pause *= 2
            else:
                self._tell(heard=True)
                self.log("connected to the controller", host_id=self.controller.host_id)
                return

    async def _said_hello(self) -> bool:
        await self.controller.hello(self.hello)
        return True

    async def _serve(self) -> None:
        """Poll and begin tasks until stopped."""
        failures = refusals = 0
        while await self._free_place():
            try:
                taken = await self._unless_stopped(self._poll())
            except Error as error:
                failures += 1
                refusals += not isinstance(error, Retry)
                if refusals > self.limits.failures:
                    raise
                self._tell(heard=False)
                self.log("the controller cannot be reached", why=str(error), failures=failures)
                pause = min(self.limits.first_pause * failures**2, self.limits.longest_pause)
                await self._pause(pause * jitter())
                continue
            failures = refusals = 0
            self._tell(heard=True)
            least = self.limits.least_gap if taken else max(self._poll_s, self.limits.least_poll)
            await self._pause(least)

    def _tell(self, *, heard: bool) -> None:
        if self.heard:
            self.heard(heard)

    async def _free_place(self) -> bool:
        """Wait until a task may be taken; False if we are to stop instead."""
        places = self.limits.concurrency
        while not self._stopping.is_set():
            if self._busy() < places and len(self._leases) < HELD * places:
                return True
            self._changed.clear()
            await self._changed.wait()
        return False

    def _busy(self) -> int:
        return sum(lease.busy for lease in self._leases.values())

    async def _poll(self) -> bool:
        """Ask for work and begin it; whether there was any."""
        tasks = await (self._several() if self.many else self._one())
        new = [task for task in tasks if task.id and task.id not in self._leases]
        work = [task for task in new if task.WhichOneof("task_type") not in {None, "none"}]
        for task in work:
            self._begin(task)
        return bool(work)

    async def _one(self) -> list[api.Task]:
        answer = await self.controller.get_task()
        self._heed(answer)
        return [answer.task] if answer.HasField("task") else []

    async def _several(self) -> list[api.Task]:
        most = min(max(self.limits.concurrency - self._busy(), 1), AT_ONCE)
        try:
            answer = await self.controller.get_tasks(most, list(self._leases))
        except Unsupported:  # by a controller that is older than the question
            self.many = False
            return await self._one()
        self._heed(answer)
        return list(answer.tasks)

    def _heed(
        self, answer: api.BatonServiceGetTaskResponse | api.BatonServiceGetTasksResponse
    ) -> None:
        """Note when the controller wants to hear from us."""
        self._poll_s = min(in_seconds(answer.next_poll), self.limits.most_poll)
        self._heartbeat_s = in_seconds(answer.next_heartbeat)

    def _begin(self, task: api.Task) -> None:
        syncing = task.WhichOneof("task_type") == SYNC
        lease = Lease(
            task=task,
            controller=self.controller,
            handler=self.handler,
            log=self.log,
            limits=self.limits,
            heartbeat_s=self._heartbeat_s,
            turn=self._turn(syncing=syncing),
            changed=self._changed.set,
            busy=not (syncing and any(one.kind == SYNC for one in self._leases.values())),
        )
        self._leases[task.id] = lease
        self._running[task.id] = asyncio.ensure_future(self._see_through(lease))

    @asynccontextmanager
    async def _turn(self, *, syncing: bool) -> AsyncIterator[None]:
        """One place of work; for a sync, once the sync before it has ended."""
        async with AsyncExitStack() as stack:
            if syncing:
                await stack.enter_async_context(self._one_sync)
            await stack.enter_async_context(self._places)
            yield

    async def _see_through(self, lease: Lease) -> None:
        """Run one task from its first heartbeat to its acknowledged end."""
        task_id, kind = lease.task.id, lease.kind
        self.log("task taken", task_id=task_id, kind=kind)
        try:
            code = await lease.run()
            if self.finished:
                self.finished(kind, code)
            self.log("task finished", task_id=task_id, kind=kind, code=code.name)
        finally:
            del self._leases[task_id], self._running[task_id]
            self._changed.set()

    async def _hand_back(self) -> None:
        """Cancel what runs; each task hands in its own end, as far as the grace allows."""
        for lease in self._leases.values():
            lease.cancel()
        await self._all_ended(self.limits.grace * 3 / 4)
        for lease in self._leases.values():
            lease.abandon()
        await self._all_ended(self.limits.grace / 4)

    async def _all_ended(self, seconds: float) -> None:
        if running := list(self._running.values()):
            await asyncio.wait(running, timeout=seconds)

    async def _unless_stopped(self, question: Coroutine[Any, Any, Answer]) -> Answer | None:
        """The answer; None if we are told to stop and it does not come soon."""
        asked = asyncio.ensure_future(question)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((asked, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                await asyncio.wait((asked,), timeout=self.limits.last_poll)
        finally:
            stopping.cancel()
            asked.cancel()
        return asked.result() if asked.done() else None

    async def _pause(self, seconds: float) -> None:
        """Wait, unless we are to stop."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
