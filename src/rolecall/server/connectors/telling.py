"""Mail to the people who look after a connector: once for each event."""

from datetime import datetime

from rolecall.server.connectors.models import Connector
from rolecall.server.mail.post import post
from rolecall.server.people.models import RoleAssignment, User
from rolecall.server.people.owners import holders

__all__ = ["owners", "tell"]

_Role = RoleAssignment.Role


def owners(connector: Connector) -> list[User]:
    """Who looks after it now: active users, by name."""
    return holders(role=_Role.CONNECTOR_OWNER, scope=connector.public_id)


def tell(connector: Connector, event: str, *, subject: str, text: str, now: datetime) -> int:
    """Tell its owners, or those of its app, or the administrators; how many mails are new."""
    people = owners(connector) or _stand_ins(connector)
    return sum(
        post(
            event,
            one.email,
            subject=subject,
            text=text,
            now=now,
            link=f"/connectors/{connector.public_id}/",
            why=f"You get this because you look after the connector {connector.name}.",
        )
        for one in people
    )


def _stand_ins(connector: Connector) -> list[User]:
    """An app's owners, else the administrators: somebody always hears of it."""
    return holders(role=_Role.APP_OWNER, scope=connector.app.public_id) or holders(
        role__in=(_Role.CONNECTORS, _Role.SUPER)
    )
