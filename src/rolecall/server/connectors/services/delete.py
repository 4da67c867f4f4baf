"""Delete a connector: it is archived, its secrets are forgotten, and what it brought is kept."""

from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import tasks, vault
from rolecall.server.connectors.labels import OPEN, relabel
from rolecall.server.connectors.locks import app_row, task_rows
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.services.clients import end_all
from rolecall.server.connectors.services.rows import allowed, locked
from rolecall.server.people.models import RoleAssignment

__all__ = ["KEPT", "archive", "delete"]

KEPT: Final = (
    "Kept: the app with its accounts, entitlements, grants, reasons and history; the list of runs "
    "with their logs; the audit trail. Forgotten: the credentials. Nothing is changed in Notion."
)


@transaction.atomic
def delete(actor: Actor, connector_id: str, typed_name: str, *, now: datetime) -> Connector:
    """Archive it.

    Args:
        actor: who deletes.
        connector_id: public id.
        typed_name: the connector's name, typed by a person who means it.
        now: the moment.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Invalid: the name is another.
    """
    found = allowed(actor, "connector:delete", connector_id)
    if typed_name.strip() != found.name:
        raise Invalid(
            "The name you typed is not the connector's.", hint=f"Type {found.name} to delete it."
        )
    _end_tasks(found, f"{actor.name} deleted the connector.", now)
    app_row(found.app_id)  # a takeover from it changes both connectors, too
    connector = locked(actor, "connector:delete", connector_id)
    record(actor, "connector:delete", connector, now=now, scope=connector.public_id)
    return archive(connector, by=actor.name, now=now)


def archive(connector: Connector, *, by: str, now: datetime) -> Connector:
    """End everything about it; in the caller's transaction, the row locked."""
    vault.empty(connector.secrets.all(), now)
    end_all(connector, now)
    RoleAssignment.objects.filter(scope=connector.public_id, until_at=None).update(
        until_at=now, ended_by=by
    )
    connector.archived_at, connector.due_at, connector.succeeds = now, None, None
    connector.save()
    Connector.objects.filter(succeeds=connector).update(succeeds=None)
    relabel(connector)
    return connector


def _end_tasks(connector: Connector, why: str, now: datetime) -> None:
    tasks_open = task_rows().filter(connector=connector, state__in=OPEN)
    for task in tasks_open.order_by("id"):
        tasks.end(task, Task.State.CANCELLED, now, message=why)
