"""What a connector's label says, from what is known of it: one rule, in one place."""

from rolecall.server.connectors.models import Connector, Task

__all__ = ["OPEN", "label", "relabel"]

State = Connector.State

OPEN = (Task.State.QUEUED, Task.State.RUNNING, Task.State.HELD)
"""States of a task that something is still to come of."""


def relabel(connector: Connector) -> None:
    """Keep the label in step, in the transaction that changed something."""
    now = label(connector)
    if now != connector.state:
        connector.state = now
        connector.save(update_fields=["state"])


def label(connector: Connector) -> str:
    """Its state: what needs a person goes before what goes by itself."""
    syncs = set(
        connector.tasks.filter(kind=Task.Kind.SYNC, state__in=OPEN).values_list("state", flat=True)
    )
    rules = (
        (connector.archived_at, State.ARCHIVED),
        (Task.State.HELD in syncs, State.NEEDS_CONFIRMATION),
        (connector.missed_at, State.NOT_SEEN),
        (syncs or _being_connected(connector), State.SYNCING),
        (connector.paused_at, State.PAUSED),
        (connector.trouble, State.ERROR),
        (connector.last_success_at, State.CONNECTED),
    )
    return next((state for so, state in rules if so), State.NOT_CONNECTED)


def _being_connected(connector: Connector) -> bool:
    """Whether a test is under way that a sync will follow by itself."""
    return connector.tasks.filter(
        kind=Task.Kind.TEST, state__in=OPEN, parameters__save=True
    ).exists()
