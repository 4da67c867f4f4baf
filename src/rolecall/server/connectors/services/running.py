"""Sync now, stop a sync, pause, go on."""

from datetime import datetime

from django.db import transaction

from rolecall.errors import Conflict, Gone
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import schedule, tasks, vault
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import task_rows
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.schedule import Schedule
from rolecall.server.connectors.services.clients import usable
from rolecall.server.connectors.services.rows import allowed, locked

__all__ = ["cancel", "pause", "resume", "schedule_of", "sync_now"]


@transaction.atomic
def sync_now(actor: Actor, connector_id: str, *, now: datetime) -> Task:
    """A sync as soon as a worker is free; of a self-hosted connector, as soon as it asks for work.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: it is paused, has no credential, or a sync is under way or waits for a decision.
    """
    connector = locked(actor, "connector:run", connector_id)
    if connector.paused_at:
        raise Conflict(f"{connector.name} is paused.", hint="Resume it first.")
    if not _has_credential(connector, now):
        raise Conflict(f"{connector.name} has no credential.", hint="Enter one in its settings.")
    task = tasks.ask(connector, Task.Kind.SYNC, trigger="hand", asked_by=actor.name, now=now)
    record(actor, "connector:sync:start", connector, now=now, scope=connector.public_id,
           task=task.pk)  # fmt: skip
    return task


@transaction.atomic
def cancel(actor: Actor, connector_id: str, task_id: str, *, now: datetime) -> Task:
    """End a task that is queued or running; nothing of it is applied.

    Raises:
        NotAllowed, Gone: as in `rows.locked`; or the connector has no such task.
        Conflict: it is over, or waits for a decision.
    """
    connector = allowed(actor, "connector:run", connector_id)
    task = task_rows().filter(pk=task_id, connector=connector).first()
    if task is None:
        raise Gone("This run is not there.", hint="Look at the list of runs.")
    if task.state not in {Task.State.QUEUED, Task.State.RUNNING}:
        raise Conflict("This run is over, or waits for a decision.", hint="Look at it again.")
    connector = locked(actor, "connector:run", connector_id)
    tasks.end(task, Task.State.CANCELLED, now, message=f"{actor.name} stopped it.")
    record(actor, "connector:task:cancel", connector, now=now, scope=connector.public_id,
           task=task.pk, kind=task.kind)  # fmt: skip
    relabel(connector)
    return task


@transaction.atomic
def pause(actor: Actor, connector_id: str, *, now: datetime) -> Connector:
    """No more scheduled syncs and probes; what is under way goes on to its end.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: it is paused already.
    """
    connector = locked(actor, "connector:run", connector_id)
    if connector.paused_at:
        raise Conflict(f"{connector.name} is paused already.")
    connector.paused_at, connector.due_at = now, None
    connector.save(update_fields=["paused_at", "due_at"])
    record(actor, "connector:pause", connector, now=now, scope=connector.public_id)
    relabel(connector)
    return connector


@transaction.atomic
def resume(actor: Actor, connector_id: str, *, now: datetime) -> Connector:
    """Go by the schedule again, and sync soon.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: it is not paused.
    """
    connector = locked(actor, "connector:run", connector_id)
    if not connector.paused_at:
        raise Conflict(f"{connector.name} is not paused.")
    connector.paused_at = None
    if _has_credential(connector, now) and schedule.next_due(
        schedule_of(connector), now, connector.public_id
    ):
        connector.due_at = now
    connector.save(update_fields=["paused_at", "due_at"])
    record(actor, "connector:resume", connector, now=now, scope=connector.public_id)
    relabel(connector)
    return connector


def _has_credential(connector: Connector, now: datetime) -> bool:
    """To read Notion with; or, where it runs elsewhere, to call us with."""
    if connector.kind == "baton":
        return usable(connector, now).exists()
    return vault.current(connector).exists()


def schedule_of(connector: Connector) -> Schedule:
    """The schedule as a value."""
    return Schedule(interval_s=connector.interval_s, cron=connector.cron, zone=connector.zone)
