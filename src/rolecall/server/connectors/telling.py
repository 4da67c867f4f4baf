"""Tell the people who look after a connector: once for each event, each as they chose."""

from datetime import datetime

from rolecall.server.connectors.models import Connector
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News, hearing
from rolecall.server.notifications.telling import tell as tell_people
from rolecall.server.people.models import RoleAssignment, User
from rolecall.server.people.owners import holders

__all__ = ["owners", "tell"]

_Role = RoleAssignment.Role


def owners(connector: Connector) -> list[User]:
    """Who looks after it now: active users, by name."""
    return holders(role=_Role.CONNECTOR_OWNER, scope=connector.public_id)


def tell(
    connector: Connector, kind: Kind, event: str, *, subject: str, text: str, now: datetime
) -> int:
    """Tell its owners, or those of its app, or the administrators; how many hear of it anew."""
    news = News(
        kind=kind,
        event=event,
        subject=subject,
        text=text,
        link=f"/connectors/{connector.public_id}/",
    )
    people = hearing(kind, owners(connector)) or _stand_ins(connector, kind)
    why = f"You get this because you look after the connector {connector.name}."
    return tell_people(news, people, why=why, now=now)


def _stand_ins(connector: Connector, kind: Kind) -> list[User]:
    """An app's owners, else the administrators: somebody always hears of it."""
    of_app = holders(role=_Role.APP_OWNER, scope=connector.app.public_id)
    return hearing(kind, of_app) or holders(role__in=(_Role.CONNECTORS, _Role.SUPER))
