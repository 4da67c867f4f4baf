"""The life of a task: asked for, taken, vouched for, ended; or taken away from who fell silent.

A job of the queue says "try this task now" and nothing else, so that one job too many does no harm
and one too few is noticed: the sweep gives every task that could be taken a job. While a task is
being ended its row is locked; that lock is the lease then, and a killed worker loses it at once.
A self-hosted connector asks for its tasks itself (`controller`); ours is to take in what it sends.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from rolecall.baton.ids import ksuid
from rolecall.errors import Conflict
from rolecall.server.connectors.ended import tell_task_ended
from rolecall.server.connectors.labels import OPEN, relabel
from rolecall.server.connectors.locks import connector_row, task_rows
from rolecall.server.connectors.models import Connector, LogLine, Task
from rolecall.server.connectors.pace import pace

__all__ = [
    "JOB",
    "MOST_ATTEMPTS",
    "OURS",
    "Lost",
    "ask",
    "ask_changes",
    "begin",
    "defer",
    "end",
    "ending",
    "free_again",
    "give_back",
    "give_up",
    "sweep",
    "take",
    "worn_out",
]

JOB: Final = "connectors:carry_out"
"""The queue's name for carrying out a task."""

MOST_ATTEMPTS: Final = 5
"""A task that so many workers died of is not given to a sixth."""

OURS: Final = ~Q(connector__kind="baton") | Q(answer__isnull=False)
"""Tasks that a worker of ours carries out: those of hosted connectors, and taking in what a
self-hosted one has sent."""

_DIED: Final = (
    f"{MOST_ATTEMPTS} workers ended while they carried this out. "
    "Look at the worker's log and at its memory."
)
_SILENT: Final = (
    f"The connector took this {MOST_ATTEMPTS} times and never said how it ended. "
    "Look at its log, and whether it is restarted again and again."
)
_OVER: Final = frozenset(
    {Task.State.DONE, Task.State.FAILED, Task.State.REJECTED, Task.State.CANCELLED}
)
_State = Task.State
_AT_ONCE: Final = 1000
_URGENT: Final = 10
"""A person looks at the page of a test; nobody waits for a sync."""


class Lost(Conflict):
    """The task is not ours any more: it was swept, cancelled, or ended by another worker."""


def ask(
    connector: Connector,
    kind: str,
    *,
    trigger: str,
    asked_by: str,
    now: datetime,
    **parameters: Any,  # noqa: ANN401 - anything JSON holds
) -> Task:
    """Ask for a task, in the caller's transaction, which has the connector locked.

    Raises:
        Conflict: it is a sync, and another one of this connector is not over.
    """
    under_way = Conflict(
        f"A sync of {connector.name} is under way, or waits for a decision.",
        hint="Wait for its end, or decide.",
    )
    if kind == Task.Kind.SYNC and _under_way(connector):
        raise under_way
    task = _made(connector, kind, parameters, trigger=trigger, asked_by=asked_by, now=now)
    try:
        with transaction.atomic():
            task.save(force_insert=True)
    except IntegrityError as error:
        raise under_way from error
    defer(task)
    relabel(connector)
    return task


def ask_changes(
    connector: Connector,
    wanted: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    trigger: str,
    asked_by: str,
    now: datetime,
) -> list[Task]:
    """Ask for changes, as `ask` does for one task; a few statements, however many they are.

    Args:
        connector: locked by the caller.
        wanted: kind and parameters of each.
        trigger: why, as the task's row says it.
        asked_by: who.
        now: the moment.
    """
    made = [
        _made(connector, kind, parameters, trigger=trigger, asked_by=asked_by, now=now)
        for kind, parameters in wanted
    ]
    Task.objects.bulk_create(made, batch_size=_AT_ONCE)
    defer(*made)
    return made


def _made(
    connector: Connector,
    kind: str,
    parameters: Mapping[str, Any],
    *,
    trigger: str,
    asked_by: str,
    now: datetime,
) -> Task:
    return Task(
        id=ksuid(now, os.urandom(16)),
        connector=connector,
        kind=kind,
        trigger=trigger,
        asked_by=asked_by,
        parameters=dict(parameters),
        created_at=now,
    )


def _under_way(connector: Connector) -> bool:
    """Whether a sync is not over; looked at, because the index that forbids a second one waits.

    It would wait for whoever is ending the first one, and that one waits for the connector.
    """
    return connector.tasks.filter(kind=Task.Kind.SYNC, state__in=OPEN).exists()


def take(task_id: str, *, worker: str, now: datetime) -> Task | None:
    """Take a task if it is free; None if it is over, not there, or another worker is at it.

    The returned row's `attempt` is the number under which it may be ended.
    """
    with transaction.atomic():
        task = task_rows().filter(OURS, pk=task_id).first()
        if task is None or not _free(task, now):
            return None
        if worn_out(task):
            give_up(task, now)
            return None
        begin(task, worker, now, lease_s=pace().lease_s)
        return task


def begin(task: Task, worker: str, now: datetime, *, lease_s: float) -> None:
    """Another attempt at a locked row."""
    task.attempt += 1
    task.state, task.worker = _State.RUNNING, worker
    task.lease_until = now + timedelta(seconds=lease_s)
    task.started_at = task.started_at or now
    task.progress = {}
    task.save()


def worn_out(task: Task) -> bool:
    """Whether too many fell silent over it; attempts that ended in an answer do not count."""
    return task.attempt - int(task.result.get("answered", 0)) >= MOST_ATTEMPTS


@contextmanager
def ending(task: Task) -> Iterator[Task]:
    """The transaction that ends an attempt, or notes something for good on its way.

    Yields the row, locked, with its connector.

    Raises:
        Lost: it is not ours any more; nothing of this attempt may have an effect.
    """
    with transaction.atomic():
        rows = task_rows().select_related("connector__app")
        found = rows.filter(pk=task.pk).first()
        if found is None or (found.state, found.attempt) != (_State.RUNNING, task.attempt):
            raise Lost(f"The task {task.pk} is not ours any more.")
        yield found


def end(task: Task, state: str, now: datetime, *, error: str = "", message: str = "") -> None:
    """How it ended, within `ending`.

    Args:
        task: the locked row, with whatever result was put into it.
        state: its last one, or held.
        now: the moment.
        error: the class of the error, if it is one.
        message: for a person.
    """
    task.state, task.ended_at, task.lease_until = state, now, None
    task.error, task.message = error, message
    task.save()
    if state in _OVER:
        tell_task_ended(task, now)


def give_back(task: Task, now: datetime) -> None:
    """Let another worker have it: this one is being stopped.

    Raises:
        Lost: it is not ours any more.
    """
    with ending(task) as row:
        free_again(row, now, f"The worker {row.worker} is being stopped; another one goes on.")


def sweep(now: datetime) -> int:
    """Free the tasks of workers that fell silent, and give a job to every task without; how many.

    A row that is locked is being ended this very moment, and is left alone.
    """
    return _sweep_lapsed(now) + _sweep_forgotten()


@transaction.atomic
def _sweep_lapsed(now: datetime) -> int:
    lapsed = task_rows(skip_locked=True).filter(state=_State.RUNNING, lease_until__lt=now)
    freed = list(lapsed.order_by("id"))
    for task in freed:
        free_again(task, now, f"{task.worker} fell silent; the task begins again.")
    return len(freed)


@transaction.atomic
def _sweep_forgotten() -> int:
    waiting = task_rows(skip_locked=True).filter(OURS, state=_State.QUEUED)
    known = set(
        ProcrastinateJob.objects.filter(task_name=JOB, status__in=("todo", "doing")).values_list(
            "args__task_id", flat=True
        )
    )
    forgotten = [task for task in waiting if task.pk not in known]
    for task in forgotten:
        defer(task)
    return len(forgotten)


def _free(task: Task, now: datetime) -> bool:
    if task.state == _State.RUNNING:
        return task.lease_until is not None and task.lease_until < now
    return task.state == _State.QUEUED and (task.lease_until is None or task.lease_until <= now)


def free_again(task: Task, now: datetime, why: str, *, pause: timedelta = timedelta()) -> None:
    """Let another one have a locked row, after a pause if there is one."""
    LogLine.objects.create(task=task, attempt=task.attempt, at=now, level="warn", text=why[:500])
    task.state, task.worker = _State.QUEUED, ""
    task.lease_until = now + pause if pause else None
    task.save()
    defer(task)


def give_up(task: Task, now: datetime) -> None:
    """End a locked row that too many fell silent over."""
    end(
        task,
        _State.FAILED,
        now,
        error="Interrupted",
        message=_SILENT if task.connector.kind == "baton" else _DIED,
    )
    connector = connector_row(task.connector_id)
    connector.failures += 1
    connector.trouble = task.message
    connector.save(update_fields=["failures", "trouble"])
    relabel(connector)


def defer(*asked: Task) -> None:
    """A job for each, in this transaction.

    By Django's connection, whoever we are: a worker's app has a connection of its own, and a job
    that was deferred there would be carried out before we commit, and stay if we do not.
    """
    jobs = [
        _job(task) for task in asked if task.connector.kind != "baton" or task.answer is not None
    ]
    if jobs:  # a self-hosted connector asks for its tasks itself
        JobManager(DjangoConnector()).batch_defer_jobs(jobs)


def _job(task: Task) -> Job:
    return Job(
        queue="default",
        task_name=JOB,
        task_kwargs={"task_id": task.pk},
        lock=_lock(task),
        queueing_lock=None,
        priority=0 if task.kind == Task.Kind.SYNC else _URGENT,
    )


def _lock(task: Task) -> str | None:
    """What follows what: syncs of one connector, and changes of one account or group.

    Never all tasks of a connector: a change would wait for the end of a long sync.
    """
    if task.kind == Task.Kind.SYNC:
        return f"sync:{task.connector_id}"
    args = {**task.parameters, **task.parameters.get("args", {})}
    about = (args.get(name) for name in ("account", "user_id", "email", "resource", "group_id"))
    subject = next((one for one in about if one), None)
    return f"account:{task.connector.app_id}:{subject}" if subject else None
