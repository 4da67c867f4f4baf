"""Tasks of a self-hosted connector, handed out for a time: leased, vouched for, cancelled.

A sync is vouched for by heartbeats; connectors in Go send none for anything else, so that a change
has one long lease with them, and a short one with ours, which vouch for whatever they have: an
answer that was lost on its way to them is given again within minutes. What nobody vouched for is
freed by the same sweep as the tasks of workers.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Error, Gone
from rolecall.server.connectors import tasks
from rolecall.server.connectors.abilities import is_ours
from rolecall.server.connectors.baton.messages import message
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import connector_row, task_rows
from rolecall.server.connectors.models import Client, Task
from rolecall.server.connectors.pace import pace
from rolecall.server.connectors.taking import holds, taker

__all__ = ["lease", "vouch"]

_OPEN: Final = (Task.State.QUEUED, Task.State.RUNNING)
_SYNC: Final = Task.Kind.SYNC

log = structlog.get_logger()


def lease(
    client: Client, host: str, now: datetime, *, most: int = 1, known: Collection[str] = ()
) -> list[api.Task]:
    """Up to `most` tasks that are theirs from now on: changes first, then the oldest.

    Of two changes of one account the second waits for the end of the first. What cannot be said in
    Baton's words, because what it is about is gone, is ended here.
    """
    if not _queued(client).exists():  # most polls bring nothing; they lock nothing, and cost little
        return []
    with transaction.atomic():
        # The state is asked for again: whoever was quicker has changed it since we looked.
        free = task_rows(skip_locked=True).filter(state=Task.State.QUEUED, answer=None)
        found = free.filter(pk__in=_waiting(client, now, known).values("pk"))
        rows = sorted(found.select_related("connector__app"), key=_urgency)
        return list(_taken(client, host, now, rows[:most]))


def vouch(client: Client, host: str, task_id: str, now: datetime) -> bool:
    """Note a sign of life; whether the connector goes on with the task, which may be cancelled.

    Raises:
        Gone: this connector has no such task.
    """
    with transaction.atomic():
        task = task_rows().filter(pk=task_id, connector=client.connector_id).first()
        if task is None:
            raise Gone("This connector has no such task.")
        if not holds(task, host):
            return False
        task.lease_until = now + _life(task, host)
        task.save(update_fields=["lease_until"])
        return True


def _queued(client: Client) -> QuerySet[Task]:
    return Task.objects.filter(connector=client.connector_id, state=Task.State.QUEUED, answer=None)


def _waiting(client: Client, now: datetime, known: Collection[str]) -> QuerySet[Task]:
    """What could be taken now."""
    mine = Task.objects.filter(connector=client.connector_id, answer=None)
    before = (
        mine.filter(state__in=_OPEN, parameters__has_key="account")
        .exclude(kind=_SYNC)
        .annotate(whose=KT("parameters__account"))
        .filter(whose=OuterRef("whose"))
        .filter(
            Q(created_at__lt=OuterRef("created_at"))
            | Q(created_at=OuterRef("created_at"), pk__lt=OuterRef("pk"))
        )
    )
    return (
        mine.filter(Q(lease_until=None) | Q(lease_until__lte=now), state=Task.State.QUEUED)
        .exclude(pk__in=tuple(known))
        .annotate(whose=KT("parameters__account"))
        .exclude(Exists(before))
    )


def _urgency(task: Task) -> tuple[bool, datetime, str]:
    return task.kind == _SYNC, task.created_at, task.pk


def _taken(client: Client, host: str, now: datetime, rows: list[Task]) -> Iterator[api.Task]:
    """The rows, locked, one by one as messages; those that are none are ended."""
    for task in rows:
        if tasks.worn_out(task):
            tasks.give_up(task, now)
            continue
        try:
            made = message(task)
        except Error as error:
            tasks.end(task, Task.State.FAILED, now, error=type(error).__name__, message=str(error))
            relabel(connector_row(task.connector_id))
            continue
        task.client = client
        tasks.begin(task, taker(client, host), now, lease_s=_life(task, host).total_seconds())
        log.info("task_leased", task=task.pk, kind=task.kind, connector=client.connector.public_id)
        yield made


def _life(task: Task, host: str) -> timedelta:
    times = pace()
    vouched = task.kind == _SYNC or is_ours(task.connector, host)
    return timedelta(seconds=times.vouched_lease_s if vouched else times.change_lease_s)
