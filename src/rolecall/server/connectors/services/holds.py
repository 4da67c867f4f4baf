"""Decide about a sync that was not applied because it looked wrong."""

from datetime import datetime

from django.db import transaction

from rolecall.errors import Conflict, Gone
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import tasks
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import task_rows
from rolecall.server.connectors.models import Connector, Hold, Task
from rolecall.server.connectors.services.rows import allowed, locked

__all__ = ["confirm", "reject", "waiting"]


def waiting(connector: Connector) -> Hold | None:
    """The hold that waits for a decision, for the banner."""
    holds = Hold.objects.select_related("task__file")
    return holds.filter(task__connector=connector, task__state=Task.State.HELD).first()


@transaction.atomic
def confirm(
    actor: Actor, connector_id: str, hold_id: str, *, now: datetime, reason: str = ""
) -> Task:
    """Apply exactly the file that was held; the worker refuses if anything was applied since.

    Raises:
        NotAllowed, Gone: as in `rows.locked`; or the connector has no such hold.
        Conflict: somebody has decided already, or the file is not kept any more.
    """
    connector, hold = _undecided(actor, connector_id, hold_id)
    if hold.task.file_id is None:
        raise Conflict(
            "The file of this sync is not kept any more.", hint="Reject it, and sync again."
        )
    _decide(hold, "confirmed", actor, now=now, reason=reason)
    hold.task.state, hold.task.message, hold.task.ended_at = Task.State.QUEUED, "", None
    hold.task.save()
    tasks.defer(hold.task)
    record(actor, "connector:hold:confirm", connector, now=now, scope=connector.public_id,
           reason=reason, task=hold.task.pk, kind=hold.kind, **hold.facts)  # fmt: skip
    relabel(connector)
    return hold.task


@transaction.atomic
def reject(
    actor: Actor, connector_id: str, hold_id: str, *, now: datetime, reason: str = ""
) -> Task:
    """Never apply it. The connector shows an error until a later sync goes well.

    Raises:
        NotAllowed, Gone: as in `rows.locked`; or the connector has no such hold.
        Conflict: somebody has decided already.
    """
    connector, hold = _undecided(actor, connector_id, hold_id)
    _decide(hold, "rejected", actor, now=now, reason=reason)
    said = f"{actor.name} rejected this sync. {hold.task.message}"
    tasks.end(hold.task, Task.State.REJECTED, now, message=said)
    connector.trouble = f"{actor.name} rejected the last sync: what is shown is from before it."
    connector.save(update_fields=["trouble"])
    record(actor, "connector:hold:reject", connector, now=now, scope=connector.public_id,
           reason=reason, task=hold.task.pk, kind=hold.kind, **hold.facts)  # fmt: skip
    relabel(connector)
    return hold.task


def _undecided(actor: Actor, connector_id: str, hold_id: str) -> tuple[Connector, Hold]:
    """The connector and its hold, whose task is locked."""
    connector = allowed(actor, "connector:decide", connector_id)
    found = Hold.objects.filter(public_id=hold_id, task__connector=connector).first()
    if found is None:
        raise Gone("There is no such question.", hint="Look at the connector's page.")
    task = task_rows().get(pk=found.task_id)
    connector = locked(actor, "connector:decide", connector_id)
    hold = Hold.objects.get(pk=found.pk)
    hold.task = task
    if hold.decision or task.state != Task.State.HELD:
        by = f" by {hold.decided_by}" if hold.decided_by else ""
        raise Conflict(f"This has been decided{by}.", hint="Look at the page again.")
    return connector, hold


def _decide(hold: Hold, decision: str, actor: Actor, *, now: datetime, reason: str) -> None:
    hold.decision, hold.decided_by, hold.decided_at = decision, actor.name, now
    hold.reason = reason.strip()
    hold.save()
