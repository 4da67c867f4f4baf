"""The controller's tasks: queued, leased, finished; and what connectors said about them. No I/O.

Leases as a real controller must keep them (facts of the protocol, 6.7.7): a sync's ends when its
heartbeats stop, another's after a long time; a finish may come twice or late; an upload counts
only once its task has succeeded. Not thread-safe by itself: `service` holds the lock.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

__all__ = ["Board", "Entry", "Finish", "Lease", "Upload"]

ID_CHARACTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Somebody has taken a task."""

    host: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Finish:
    """Somebody has said how a task ended."""

    host: str
    at: float
    request: api.BatonServiceFinishTaskRequest

    @property
    def code(self) -> int:
        """The gRPC code; 0 is success."""
        return self.request.status.code

    @property
    def succeeded(self) -> bool:
        """Whether it was a success."""
        return self.request.WhichOneof("final_state") == "success"

    @property
    def final(self) -> bool:
        """Whether trying again makes no sense."""
        return self.succeeded or self.request.error.non_retryable


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One asset that arrived whole, its digest checked."""

    host: str
    at: float
    path: Path
    sizes: tuple[int, ...]
    """Bytes of each piece."""


@dataclass(kw_only=True)
class Entry:
    """One task and all that happened to it."""

    task: api.Task
    queued_at: float
    state: str = "queued"
    """`queued`, `leased`, `done` or `failed`."""

    cancelled: bool = False
    leases: list[Lease] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    finishes: list[Finish] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    applied: Upload | None = None
    """The upload that counts."""

    @property
    def kind(self) -> str:
        """The type of the task."""
        return self.task.WhichOneof("task_type") or "none"

    @property
    def ended(self) -> bool:
        """Whether nobody need do anything any more."""
        return self.state in {"done", "failed"}


@dataclass(kw_only=True)
class Board:
    """All tasks."""

    clock: Callable[[], float]
    dice: random.Random = field(default_factory=random.Random)
    sync_lease_s: float = 60.0
    """A sync without a heartbeat for so long is queued again."""

    lease_s: float = 3600.0
    """Any other task that was not finished within so long is queued again."""

    tries: int = 1
    """How often a task that ended with a retryable error is given out in all."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, task: api.Task) -> str:
        """Queue a task; returns its id, which is made up unless the task has one."""
        made = api.Task()
        made.CopyFrom(task)
        made.id = task.id or "".join(self.dice.choices(ID_CHARACTERS, k=27))
        self.entries[made.id] = Entry(task=made, queued_at=self.clock())
        return made.id

    def waiting(self) -> int:
        """How many tasks could be taken now."""
        self._expire()
        return sum(entry.state == "queued" for entry in self.entries.values())

    def take(self, host: str, known: frozenset[str] = frozenset()) -> api.Task | None:
        """Lease the oldest task that is queued, besides those that the host says it has."""
        self._expire()
        for task_id, entry in self.entries.items():
            if entry.state == "queued" and task_id not in known:
                entry.state = "leased"
                entry.leases.append(Lease(host=host, at=self.clock()))
                return entry.task
        return None

    def beat(self, task_id: str) -> bool | None:
        """Note a heartbeat; whether the task is cancelled, None if there is no such lease."""
        entry = self.entries.get(task_id)
        if entry is None or entry.state != "leased":
            return None
        entry.beats.append(self.clock())
        return entry.cancelled

    def may_upload(self, task_id: str, host: str) -> bool:
        """Whether this host has the task."""
        entry = self.entries.get(task_id)
        return bool(
            entry and entry.state == "leased" and entry.leases and entry.leases[-1].host == host
        )

    def uploaded(self, task_id: str, upload: Upload) -> None:
        """Keep an asset, until the end of the task says whether it counts."""
        self.entries[task_id].uploads.append(upload)

    def finish(self, request: api.BatonServiceFinishTaskRequest) -> bool:
        """Take in an end: the first final one decides, later ones are noted; False if unknown."""
        entry = self.entries.get(request.task_id)
        if entry is None:
            return False
        finish = Finish(host=request.host_id, at=self.clock(), request=request)
        entry.finishes.append(finish)
        if entry.ended:
            return True
        if finish.succeeded:
            own = [one for one in entry.uploads if one.host == finish.host]
            entry.state, entry.applied = "done", own[-1] if own else None
        elif finish.final or entry.cancelled or len(entry.leases) >= self.tries:
            entry.state = "failed"
        else:
            entry.state = "queued"
        return True

    def answered(self, task_id: str) -> None:
        """A hello task is done when Hello says its id."""
        if (entry := self.entries.get(task_id)) is not None:
            entry.state = "done"

    def _expire(self) -> None:
        now = self.clock()
        for entry in self.entries.values():
            if entry.state != "leased":
                continue
            last = max([entry.leases[-1].at, *entry.beats[-1:]])
            life = self.sync_lease_s if entry.kind == "sync_full" else self.lease_s
            # Longer each time: on a machine that is too busy for it, a task must end some day.
            if now - last > life * len(entry.leases):
                entry.state = "queued"
