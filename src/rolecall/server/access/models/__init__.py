"""What was observed in each app, as periods, and why it should be so.

A period is open until something ended it. `from_at` is when it was first read, `until_at` when it
was first read as gone; the moments between two syncs are not known. An open row was last seen by
the last sync applied to its app; a closed one by `last_sync`. Nothing here cascades: history
belongs to the app and outlives connectors.

Columns of current facts on `Account`, `Resource` and `Entitlement` are kept by taking in, in the
transaction that moves the periods; pages read them, and `asof` reads only periods.
"""

from rolecall.server.access.models.apps import App, Sync
from rolecall.server.access.models.observed import (
    Account,
    AccountAttributes,
    Change,
    Entitlement,
    Grant,
    Presence,
    Resource,
    ResourcePeriod,
)
from rolecall.server.access.models.why import PersonLink, Reason

__all__ = [
    "Account",
    "AccountAttributes",
    "App",
    "Change",
    "Entitlement",
    "Grant",
    "PersonLink",
    "Presence",
    "Reason",
    "Resource",
    "ResourcePeriod",
    "Sync",
]
