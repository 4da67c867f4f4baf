"""Tell the owners of an app, or the administrators where none wants to hear of it."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from rolecall.server.access.models import App
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News, hearing
from rolecall.server.notifications.telling import tell as tell_people
from rolecall.server.orders.models import Decision
from rolecall.server.people.models import RoleAssignment
from rolecall.server.people.owners import holders

__all__ = ["PATIENCE", "plans_waiting", "tell"]

PATIENCE: Final = timedelta(days=1)
"""How long a plan may wait before somebody is told."""
_Role = RoleAssignment.Role


def tell(app: App, news: News, *, now: datetime) -> int:
    """Tell whoever looks after an app; how many hear of it anew."""
    owners = holders(role=_Role.APP_OWNER, scope=app.public_id)
    people = hearing(Kind(news.kind), owners) or holders(role=_Role.SUPER)
    why = f"You get this because you look after the app {app.name}."
    return tell_people(news, people, why=why, now=now)


@transaction.atomic
def plans_waiting(now: datetime) -> int:
    """Tell of plans that nobody applied or cancelled for a day, once each; how many are told."""
    old = Decision.objects.filter(state=Decision.State.PLANNED, created_at__lt=now - PATIENCE)
    recent = old.filter(created_at__gt=now - 2 * PATIENCE).select_related("app")
    return sum(bool(_tell_of(one, now)) for one in recent.order_by("id"))


def _tell_of(decision: Decision, now: datetime) -> int:
    news = News(
        kind=Kind.PLAN,
        event=f"plan:waiting:{decision.public_id}",
        subject=f"A plan waits: {decision.title}",
        text=f"{decision.decided_by} planned it for {decision.app.name} more than a day ago, and "
        "nothing was changed yet.\n\nApply it, or cancel it.",
        link=f"/decisions/{decision.public_id}",
    )
    return tell(decision.app, news, now=now)
