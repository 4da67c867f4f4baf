"""Tell the owners of an app, or the administrators where none of them wants to hear of it."""

from datetime import datetime

from rolecall.server.access.models import App
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News, hearing
from rolecall.server.notifications.telling import tell as tell_people
from rolecall.server.people.models import RoleAssignment
from rolecall.server.people.owners import holders

__all__ = ["tell"]

_Role = RoleAssignment.Role


def tell(app: App, news: News, *, now: datetime) -> int:
    """Tell whoever looks after an app; how many hear of it anew."""
    owners = holders(role=_Role.APP_OWNER, scope=app.public_id)
    people = hearing(Kind(news.kind), owners) or holders(role=_Role.SUPER)
    why = f"You get this because you look after the app {app.name}."
    return tell_people(news, people, why=why, now=now)
