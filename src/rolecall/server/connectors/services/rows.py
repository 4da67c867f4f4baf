"""The connector a use case is about: found, allowed, locked."""

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.locks import connector_rows
from rolecall.server.connectors.models import Connector

__all__ = ["allowed", "locked"]


def allowed(actor: Actor, action: str, connector_id: str) -> Connector:
    """The connector with its app, for reading.

    Args:
        actor: who asks.
        action: of `permissions.ACTIONS`.
        connector_id: its public id.

    Raises:
        Gone: there is none with this id, or it was deleted.
        NotAllowed: the actor may not do this to it.
    """
    found = connector_for(actor, connector_id, action)
    if found.archived_at is not None:
        raise Gone("This connector was deleted.", hint="Look at the list of connectors.")
    return found


def locked(actor: Actor, action: str, connector_id: str) -> Connector:
    """The same, locked until the transaction ends; whoever also locks a task locks that first.

    Raises:
        Gone: there is none with this id, or it was deleted.
        NotAllowed: the actor may not do this to it.
    """
    found = allowed(actor, action, connector_id)
    again = connector_rows().filter(pk=found.pk, archived_at=None).first()
    if again is None:
        raise Gone("This connector was deleted a moment ago.", hint="Look at the list.")
    return again
