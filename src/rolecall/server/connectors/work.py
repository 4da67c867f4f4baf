"""From a job to the end of its task: take it, carry it out, and say how it ended."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

import psycopg
import structlog
from django.db import Error as DjangosTrouble

from rolecall.errors import Error, Interrupted, Unfinished
from rolecall.server.connectors import tasks
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.changing import change
from rolecall.server.connectors.examining import examine
from rolecall.server.connectors.failing import fail
from rolecall.server.connectors.models import Task
from rolecall.server.connectors.syncing import sync

__all__ = ["carry_out"]

log = structlog.get_logger()

_DATABASE_TROUBLE = (DjangosTrouble, psycopg.Error)
"""Django does not translate what its driver says while rows are copied."""

_HANDLERS = MappingProxyType({
    Task.Kind.SYNC: sync,
    Task.Kind.TEST: examine,
    Task.Kind.PROBE: examine,
    Task.Kind.GRANT: change,
    Task.Kind.REVOKE: change,
    Task.Kind.CREATE_ACCOUNT: change,
    Task.Kind.CREATE_RESOURCE: change,
    Task.Kind.DELETE_RESOURCE: change,
    Task.Kind.ACTION: change,
})  # fmt: skip


def carry_out(
    task_id: str,
    *,
    worker: str,
    clock: Callable[[], datetime],
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Carry a task out if it is free; if it is not, somebody else does.

    Args:
        task_id: which.
        worker: what this process is called.
        clock: the time now.
        stopping: whether this worker is being stopped; the task is then given back.
    """
    task = tasks.take(task_id, worker=worker, now=clock())
    if task is None:
        return
    with Beat(task, clock=clock, stopping=stopping) as beat:
        try:
            _attempt(beat)
        except tasks.Lost:
            log.warning("task_lost", task=task.pk, attempt=task.attempt)


def _attempt(beat: Beat) -> None:
    try:
        _HANDLERS[Task.Kind(beat.task.kind)](beat)
    except Interrupted:
        if beat.lost:
            raise tasks.Lost(f"The task {beat.task.pk} is not ours any more.") from None
        beat.rest()
        tasks.give_back(beat.task, beat.clock())
    except tasks.Lost:
        raise
    except Error as error:
        fail(beat, error)
    except _DATABASE_TROUBLE:
        raise  # the lease lapses, and the task begins again
    except Exception as bug:
        log.exception("task_bug", task=beat.task.pk, kind=beat.task.kind)
        fail(beat, _told(bug))


def _told(bug: Exception) -> Error:
    """A bug of ours, said without its text, which could hold anything."""
    return Unfinished(
        f"Something went wrong that should not ({type(bug).__name__}).",
        hint="The worker's log has the details; please report it.",
    )
