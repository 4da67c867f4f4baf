"""Tell the nouns above what connectors have brought: a task that ended, a sync that was applied.

Connectors know no orders; whoever does registers functions, which run in the same transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rolecall.server.access.models import Sync
from rolecall.server.connectors.models import Task

__all__ = ["register", "tell_sync_applied", "tell_task_ended"]

TaskEnded = Callable[[Task, datetime], None]
SyncApplied = Callable[[Sync, Task, datetime], None]


@dataclass(frozen=True, kw_only=True)
class _Listener:
    on_task_end: TaskEnded | None
    on_sync_applied: SyncApplied | None


_listeners: dict[str, _Listener] = {}


def register(
    noun: str,
    *,
    on_task_end: TaskEnded | None = None,
    on_sync_applied: SyncApplied | None = None,
) -> None:
    """Have these called.

    Args:
        noun: who listens; once per noun.
        on_task_end: given a task in its last state, its row locked, and the moment.
        on_sync_applied: given a sync, the task that brought it, and the moment.
    """
    _listeners[noun] = _Listener(on_task_end=on_task_end, on_sync_applied=on_sync_applied)


def tell_task_ended(task: Task, now: datetime) -> None:
    """Tell all of them."""
    for listener in _listeners.values():
        if listener.on_task_end is not None:
            listener.on_task_end(task, now)


def tell_sync_applied(sync: Sync, task: Task, now: datetime) -> None:
    """Tell all of them."""
    for listener in _listeners.values():
        if listener.on_sync_applied is not None:
            listener.on_sync_applied(sync, task, now)
