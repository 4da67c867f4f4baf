"""The locks of this noun, and their order: tasks, then the app, then the connector.

Two connectors, as when one takes over from another, are locked under the lock of their app.
Whoever takes two of them takes them in this order, so that nobody waits for one who waits for them.
They are locks against changes, not against rows that refer to the locked one: the log of a task can
be written while it is being ended.
"""

from django.db.models import QuerySet

from rolecall.server.access.models import App
from rolecall.server.connectors.models import Connector, Task

__all__ = ["app_row", "connector_row", "connector_rows", "task_rows"]


def task_rows(*, skip_locked: bool = False) -> QuerySet[Task]:
    """Tasks, each locked when it is read."""
    return Task.objects.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)


def app_row(pk: int) -> App:
    """An app, locked; taking a sync in holds the same lock."""
    return App.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def connector_rows(*, skip_locked: bool = False) -> QuerySet[Connector]:
    """Connectors with their apps, each locked when it is read."""
    rows = Connector.objects.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
    return rows.select_related("app__last_sync", "succeeds")


def connector_row(pk: int) -> Connector:
    """One connector, locked."""
    return connector_rows().get(pk=pk)
