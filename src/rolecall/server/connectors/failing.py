"""What a failed task leaves: why, for whoever looks; when it is tried again; whom it is told."""

from datetime import datetime
from typing import Final

from rolecall.errors import Error, Fatal, Retry, Stopped
from rolecall.server.connectors import schedule, tasks, vault
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import connector_row
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.services.running import schedule_of
from rolecall.server.connectors.telling import tell
from rolecall.server.notifications.kinds import Kind

__all__ = ["MAIL_AFTER", "fail", "sync_failed"]

MAIL_AFTER: Final = 3
"""Failures in a row."""


def fail(beat: Beat, error: Error) -> None:
    """End the beat's task; what it brought so far is not applied.

    Raises:
        Lost: the task became somebody else's.
    """
    message = beat.clean(str(error))
    beat.error(message)
    beat.rest()
    now = beat.clock()
    with tasks.ending(beat.task) as task:
        task.result = beat.task.result or task.result
        tasks.end(task, Task.State.FAILED, now, error=type(error).__name__, message=message)
        connector = connector_row(task.connector_id)
        if task.kind == Task.Kind.SYNC:
            sync_failed(connector, task, error, now)
        elif _matters(connector, task, error):
            connector.trouble = message
        connector.save()
        relabel(connector)


def sync_failed(connector: Connector, task: Task, error: Error, now: datetime) -> None:
    """What a failed sync means for its connector, locked; the caller saves it."""
    connector.failures += 1
    connector.trouble = task.message
    regular = schedule.next_due(schedule_of(connector), now, connector.public_id)
    if connector.paused_at:
        connector.due_at = None
    elif isinstance(error, Retry | Stopped):
        connector.due_at = schedule.retry_due(regular, now, connector.failures)
    else:
        connector.due_at = regular
    if connector.failures == MAIL_AFTER:
        tell(
            connector,
            Kind.FAILING,
            f"connector:failing:{task.pk}",
            subject=f"{connector.name} cannot sync",
            text=f"The last {MAIL_AFTER} syncs of {connector.name} failed, the newest with:\n\n"
            f"{task.message}\n\nUntil one succeeds, what is shown is from before.",
            now=now,
        )


def _matters(connector: Connector, task: Task, error: Error) -> bool:
    """Whether a failed test or probe says that what is in use does not work."""
    if task.kind == Task.Kind.PROBE:
        return isinstance(error, Fatal)
    return bool(task.parameters.get("save")) and not vault.current(connector).exists()
