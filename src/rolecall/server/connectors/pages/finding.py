"""The row that an address names, for somebody who may see it."""

from rolecall.errors import Gone
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.people.door import Request
from rolecall.server.people.permissions import require

__all__ = ["connector_for", "task_for"]


def connector_for(request: Request, public_id: str, action: str = "connector:read") -> Connector:
    """A connector, with its app.

    Raises:
        Gone: there is none.
        NotAllowed: this person may not do `action` to it.
    """
    rows = Connector.objects.select_related("app__last_sync", "succeeds")
    connector = rows.filter(public_id=public_id).first()
    if connector is None:
        raise Gone("There is no such connector.", hint="Look for it in the list of connectors.")
    require(request.actor, action, connector.public_id, connector.app.public_id)
    return connector


def task_for(request: Request, task_id: str, action: str = "connector:read") -> Task:
    """A task, with its connector, file and sync.

    Raises:
        Gone: there is none.
        NotAllowed: this person may not do `action` to its connector.
    """
    rows = Task.objects.select_related("connector__app", "file", "sync")
    task = rows.filter(id=task_id).first()
    if task is None:
        raise Gone("There is no such run.", hint="Look for it among the connector's runs.")
    require(request.actor, action, task.connector.public_id, task.connector.app.public_id)
    return task
