"""The connector a use case is about: found, allowed, locked."""

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.locks import connector_rows
from rolecall.server.connectors.models import Connector
from rolecall.server.people.permissions import require

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
    found = (
        Connector.objects.select_related("app")
        .filter(public_id=connector_id, archived_at=None)
        .first()
    )
    if found is None:
        raise Gone("This connector is not there (any more).", hint="Look at the list.")
    require(actor, action, found.public_id, found.app.public_id)
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
