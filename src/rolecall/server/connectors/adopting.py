"""From a token that works to the token that is used. For the page that saves, and the worker."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rolecall.errors import Conflict, WrongWorkspace
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import tasks, vault
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.locks import app_row
from rolecall.server.connectors.models import Connector, Secret, Task

__all__ = ["adopt", "lock_to_pin"]


def lock_to_pin(connector: Connector, found: Mapping[str, Any]) -> None:
    """Lock the app if `adopt` will pin its workspace; before the connector is locked."""
    if found.get("workspace_id") and not connector.app.workspace_id:
        app_row(connector.app_id)


def adopt(
    actor: Actor,
    connector: Connector,
    offered: Iterable[Secret],
    found: Mapping[str, Any],
    *,
    now: datetime,
) -> Task:
    """Use these tokens, and ask for a sync; in the caller's transaction, the connector locked.

    Args:
        actor: who saves.
        connector: whose they are.
        offered: tokens that a test found to work.
        found: that test's result.
        now: the moment.

    Raises:
        WrongWorkspace: the API key belongs to another workspace than the app's.
        Conflict: a sync waits for a decision.
    """
    _pin(actor, connector, str(found.get("workspace_id", "")), now)
    slots = vault.promote(offered, now)
    connector.overlap_check = connector.app.last_sync_id is not None
    connector.trouble = ""
    connector.capabilities = found["capabilities"]
    connector.due_at = None if connector.paused_at else now
    connector.save(update_fields=["overlap_check", "trouble", "capabilities", "due_at"])
    record(actor, "connector:token:replace", connector, now=now, scope=connector.public_id,
           slots=slots)  # fmt: skip
    return _sync(actor, connector, now)


def _sync(actor: Actor, connector: Connector, now: datetime) -> Task:
    """A sync with the new token; one that runs with the old one is followed by one that is due."""
    syncs = connector.tasks.filter(kind=Task.Kind.SYNC, state__in=OPEN)
    if (there := syncs.first()) is None:
        return tasks.ask(
            connector, Task.Kind.SYNC, trigger="credential", asked_by=actor.name, now=now
        )
    if there.state == Task.State.HELD:
        raise Conflict(
            "A sync waits for a decision.", hint="Confirm or reject it, then save the token."
        )
    return there


def _pin(actor: Actor, connector: Connector, workspace_id: str, now: datetime) -> None:
    app = connector.app
    if not workspace_id or app.workspace_id == workspace_id:
        return
    if app.workspace_id:
        raise WrongWorkspace(
            f"This API key belongs to another workspace than {app.name}.",
            hint="Use a key of the same workspace, or add a connector with a new app.",
        )
    app.workspace_id = workspace_id
    app.save(update_fields=["workspace_id"])
    record(actor, "app:workspace:pin", app, now=now, scope=app.public_id,
           workspace_id=workspace_id)  # fmt: skip
