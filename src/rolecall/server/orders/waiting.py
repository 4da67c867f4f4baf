"""Plans that wait: told to the app's owners, once each."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from rolecall.server.access.telling import tell
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News
from rolecall.server.orders.models import Decision

__all__ = ["PATIENCE", "tell_of_plans"]

PATIENCE: Final = timedelta(days=1)
"""How long a plan may wait before somebody is told."""
_LATEST: Final = timedelta(days=30)
"""Nobody is told of older ones for the first time: a worker was not down for so long."""


@transaction.atomic
def tell_of_plans(now: datetime) -> int:
    """Tell of plans that nobody applied or cancelled for a day; of how many."""
    plans = Decision.objects.filter(
        state=Decision.State.PLANNED,
        created_at__lt=now - PATIENCE,
        created_at__gt=now - _LATEST,
    )
    return sum(_tell_of(one, now) for one in plans.select_related("app").order_by("id"))


def _tell_of(decision: Decision, now: datetime) -> bool:
    news = News(
        kind=Kind.PLAN,
        event=f"plan:waiting:{decision.public_id}",
        subject=f"A plan waits: {decision.title}",
        text=f"{decision.decided_by} planned it for {decision.app.name} more than a day ago, and "
        "nothing was changed yet.\n\nApply it, or cancel it.",
        link=f"/decisions/{decision.public_id}",
    )
    return tell(decision.app, news, now=now) > 0
