"""The row that an id names, for somebody who may do something to it: one door for pages and API.

Who may do it to single connectors only is told the same whether or not there is such a row.
"""

from collections.abc import Collection, Iterator

from django.urls import reverse

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.people.permissions import NOWHERE, require
from rolecall.server.people.scopes import Named

__all__ = ["connector_for", "connectors_named", "task_for"]


def connector_for(actor: Actor, public_id: str, action: str = "connector:read") -> Connector:
    """A connector, also a deleted one, with its app.

    Raises:
        NotAllowed: the actor may not do `action` to it.
        Gone: there is none.
    """
    rows = Connector.objects.select_related("app__last_sync", "succeeds")
    found = rows.filter(public_id=public_id).first()
    require(actor, action, *_scopes(found))
    if found is None:
        raise Gone("There is no such connector.", hint="Look for it in the list of connectors.")
    return found


def connectors_named(ids: Collection[str]) -> Iterator[tuple[str, Named]]:
    """What the connectors among these are called, for the users who look after them."""
    for one in Connector.objects.filter(public_id__in=ids):
        address = reverse("connectors:connector", args=(one.public_id,))
        yield one.public_id, Named(name=one.name, address=address)


def task_for(actor: Actor, task_id: str, action: str = "connector:read") -> Task:
    """A task, with its connector, file, sync and the question it waits for.

    Raises:
        NotAllowed: the actor may not do `action` to its connector.
        Gone: there is none.
    """
    rows = Task.objects.select_related("connector__app", "file", "sync", "hold")
    found = rows.filter(id=task_id).first()
    require(actor, action, *_scopes(found.connector if found else None))
    if found is None:
        raise Gone("There is no such run.", hint="Look for it among the connector's runs.")
    return found


def _scopes(connector: Connector | None) -> tuple[str, ...]:
    """What somebody may own to come in here."""
    return (connector.public_id, connector.app.public_id) if connector else (NOWHERE,)
