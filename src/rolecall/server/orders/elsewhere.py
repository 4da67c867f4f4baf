"""What a connector on its owner's machine will refuse by a limit of its own, told before.

Our connector guards itself, whoever asks: within an hour it changes no more people than somebody
would by hand, unless the owner of its machine has said so there. Nothing that we send can raise it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from rolecall.connector.guard import cap
from rolecall.server.access.models import Account, App, Grant
from rolecall.server.connectors.abilities import is_ours
from rolecall.server.orders.facts import connector_of
from rolecall.server.orders.models import Decision, Order

__all__ = ["Beyond", "beyond"]

_HOUR: Final = timedelta(hours=1)
_State = Order.State
_CHANGED: Final = (_State.ORDERED, _State.APPLIED, _State.VERIFIED, _State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """A plan that reaches more people than the connector lets be changed."""

    people: int
    """Whom it reaches, with those who were changed within the last hour."""
    limit: int


def beyond(decision: Decision, *, now: datetime) -> Beyond | None:
    """Whether applying what is planned goes beyond the connector's own limit; None if not.

    The limit of a hosted connector is ours to raise, and a number that is confirmed does so.
    """
    if not _guards_itself(decision.app):
        return None
    planned = decision.orders.filter(state=_State.PLANNED, by_hand=False)
    lately = Order.objects.filter(
        app=decision.app_id, state__in=_CHANGED, ordered_at__gt=now - _HOUR, by_hand=False
    )
    people = _people(planned) | _people(lately)
    limit = cap(Account.objects.filter(app=decision.app_id, present=True).count())
    return Beyond(people=len(people), limit=limit) if len(people) > limit else None


def _guards_itself(app: App) -> bool:
    connector = connector_of(app)
    if connector is None or connector.kind != "baton":
        return False
    newest = connector.hosts.order_by("-seen_at").first()
    return newest is not None and is_ours(connector, newest.name)


def _people(orders: QuerySet[Order]) -> set[str]:
    """Public ids, and addresses of people who are to come."""
    found = set(orders.exclude(account=None).values_list("account__public_id", flat=True))
    for wish in orders.values_list("wish", flat=True):
        found |= set(str(wish.get("members", "")).split())
    coming = orders.filter(operation=Order.Operation.CREATE_ACCOUNT, account=None)
    found |= {
        str(wish.get("email", "")).casefold() for wish in coming.values_list("wish", flat=True)
    }
    gone = orders.filter(operation=Order.Operation.DELETE_GROUP).values("entitlement")
    members = Grant.objects.filter(entitlement__in=gone, until_at=None)
    return found | set(members.values_list("account__public_id", flat=True))
