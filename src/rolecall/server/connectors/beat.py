"""A running task's signs of life: lease, log and progress, from a thread beside the work.

The work runs in an event loop, where the database may not be asked; it only says things, and this
thread writes them. Whoever finds that the task is not theirs any more, or that the worker is being
stopped, hears it once, and ends.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

import structlog
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction

from rolecall.server.connectors.models import LogLine, Task
from rolecall.server.connectors.pace import pace

__all__ = ["Beat"]

LONGEST: Final = 500
MOST_LINES: Final = 2000
"""Of one attempt; a workspace that is odd in a hundred thousand places is told once."""

log = structlog.get_logger()


class Beat:
    """Vouches for one attempt at a task; a context manager.

    Args:
        task: as `tasks.take` returned it.
        clock: the time now.
        stopping: whether this worker is being stopped.
    """

    def __init__(
        self, task: Task, *, clock: Callable[[], datetime], stopping: Callable[[], bool]
    ) -> None:
        self.task = task
        self.clock = clock
        self._stopping = stopping
        self._lines: deque[tuple[datetime, str, str]] = deque()
        self._told = 0
        self._progress: dict[str, int] = {}
        self._secrets: Collection[str] = ()
        self._over = threading.Event()
        self._interrupt: Callable[[], None] | None = None
        self.lost = False
        """The task is somebody else's now."""
        self.stopped = False
        """The worker is being stopped."""
        self._thread = threading.Thread(target=self._run, name=f"beat {task.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.rest()

    def rest(self) -> None:
        """Stop vouching: what is left to say is written, and the ending transaction takes over."""
        self._over.set()
        self._thread.join()

    def hide(self, secrets: Collection[str]) -> None:
        """Take these values out of whatever is said from now on."""
        self._secrets = tuple(secrets)

    def interrupt_with(self, interrupt: Callable[[], None]) -> None:
        """What ends the work early; called at most once, from the thread."""
        self._interrupt = interrupt

    def info(self, message: str, /, **facts: object) -> None:
        """A unit of work was done."""
        self._say("info", message, facts)

    def warn(self, message: str, /, **facts: object) -> None:
        """It goes on, and somebody should know."""
        self._say("warn", message, facts)

    def error(self, message: str, /, **facts: object) -> None:
        """It does not go on."""
        self._say("error", message, facts)

    def tick(self, what: str, count: int, total: int) -> None:
        """How far a listing is: rows so far, rows to come (0 if unknown)."""
        self._progress = {**self._progress, what: count, f"{what}_total": total}

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text

    def _say(self, level: str, message: str, facts: dict[str, object]) -> None:
        self._told += 1
        if self._told > MOST_LINES:
            return
        if self._told == MOST_LINES:
            level, message, facts = "warn", "The log ends here; it grew too long.", {}
        told = "".join(f" {key}={value}" for key, value in facts.items())
        self._lines.append((self.clock(), level, self.clean(f"{message}{told}")[:LONGEST]))

    def _run(self) -> None:
        try:
            while not self._over.wait(pace().beat_s):
                self._beat()
            self._write()
        finally:
            connection.close()

    def _beat(self) -> None:
        """One sign of life; without the database, as long as the lease lasts."""
        try:
            if not self._write():
                self.lost = True
        except DatabaseTrouble as error:
            log.warning("beat_not_written", task=self.task.pk, error=type(error).__name__)
            connection.close()
            until = self.task.lease_until
            self.lost = until is None or self.clock() > until
        self.stopped = self.stopped or self._stopping()
        if (self.lost or self.stopped) and self._interrupt:
            interrupt, self._interrupt = self._interrupt, None
            interrupt()

    def _write(self) -> bool:
        """Extend the lease and write what was said; False if the task is not ours any more."""
        if self.lost:
            return False
        until = self.clock() + timedelta(seconds=pace().lease_s)
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        try:
            with transaction.atomic():
                ours = Task.objects.filter(
                    pk=self.task.pk, attempt=self.task.attempt, state=Task.State.RUNNING
                ).update(lease_until=until, progress=self._progress)
                if ours:
                    self._keep(lines)
        except DatabaseTrouble:
            self._lines.extendleft(reversed(lines))
            raise
        if ours:
            self.task.lease_until = until
        return bool(ours)

    def _keep(self, lines: list[tuple[datetime, str, str]]) -> None:
        LogLine.objects.bulk_create(
            LogLine(task=self.task, attempt=self.task.attempt, at=at, level=level, text=text)
            for at, level, text in lines
        )
