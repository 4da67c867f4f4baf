"""A test or a probe: what the credentials can read; and the swap of tokens that may follow."""

import tempfile
from datetime import datetime
from pathlib import Path

from rolecall.connector.checklist import status
from rolecall.errors import Conflict, WrongWorkspace
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors import hosted, tasks, vault
from rolecall.server.connectors.adopting import adopt, lock_to_pin
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.capabilities import capabilities, lines_as_json
from rolecall.server.connectors.health import token_health
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import connector_row
from rolecall.server.connectors.models import Connector, Secret, Task
from rolecall.server.connectors.telling import tell
from rolecall.server.notifications.kinds import Kind

__all__ = ["examine"]


def examine(beat: Beat) -> None:
    """Carry the beat's task out: try what is in use, with what was offered in its place.

    The checklist is in the task's `result`, however it ends.

    Raises:
        Lost: the task became somebody else's.
        Error: the first refusal of the checklist.
    """
    connector = Connector.objects.select_related("app").get(pk=beat.task.connector_id)
    offered = _offered(connector, beat.task)
    tokens = vault.open_all([*vault.current(connector), *offered])
    beat.hide(tokens.values())
    with tempfile.TemporaryDirectory(prefix="rolecall-test-") as folder:
        job = hosted.job_for(connector, tokens, Path(folder))
        lines = hosted.examine(job, beat)
    beat.rest()
    beat.task.result = {
        "lines": lines_as_json(lines),
        "workspace_id": next((one.workspace_id for one in lines if one.workspace_id), ""),
        "capabilities": capabilities(lines),
    }
    if status(job, lines) and (refusals := [one.error for one in lines if one.error]):
        raise refusals[0]
    _insist_on_the_workspace(connector, beat.task)
    _succeed(beat)


def _offered(connector: Connector, task: Task) -> list[Secret]:
    named = task.parameters.get("secrets", [])
    found = list(connector.secrets.filter(public_id__in=named, state=Secret.State.OFFERED))
    if len(found) != len(named):
        raise Conflict("These tokens were replaced since.", hint="Test the newer ones.")
    return found


def _insist_on_the_workspace(connector: Connector, task: Task) -> None:
    pinned, found = connector.app.workspace_id, task.result["workspace_id"]
    if pinned and found and pinned != found:
        raise WrongWorkspace(
            f"This API key belongs to another workspace than {connector.app.name}.",
            hint="Use a key of the same workspace, or add a connector with a new app.",
        )


def _succeed(beat: Beat) -> None:
    now = beat.clock()
    with tasks.ending(beat.task) as task:
        task.result = beat.task.result
        tasks.end(task, Task.State.DONE, now)
        if task.parameters.get("save"):
            lock_to_pin(task.connector, task.result)
        connector = connector_row(task.connector_id)
        connector.last_probe_at = now
        if not task.parameters.get("secrets"):
            connector.capabilities = task.result["capabilities"]
        connector.save(update_fields=["last_probe_at", "capabilities"])
        if task.parameters.get("save"):
            adopt(_asker(task), connector, _offered(connector, task), task.result, now=now)
        relabel(connector)
        _warn(connector, now)


def _warn(connector: Connector, now: datetime) -> None:
    """Tell its owners, once for each token, that it will not work for long."""
    for one in token_health(connector, now):
        if one.warning:
            tell(
                connector,
                Kind.TOKEN,
                f"connector:token:{one.secret.public_id}",
                subject=f"The token of {connector.name} may stop working",
                text=one.warning,
                now=now,
            )


def _asker(task: Task) -> Actor:
    """Who pressed Save; their right to do it was asked for then."""
    by = task.parameters["by"]
    return Actor(kind=by["kind"], id=by["id"], name=by["name"])
