"""What is different between the states that two syncs left: the sum, not the way there.

The way there, sync by sync, is `feed`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from rolecall.errors import Invalid
from rolecall.server.access.asof import beside, during
from rolecall.server.access.models import AccountAttributes, Grant, Presence, Sync

__all__ = ["Differences", "between"]

_Rows = TypeVar("_Rows", Presence, Grant)
_Period = TypeVar("_Period", Presence, Grant, AccountAttributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Queries, each of one kind; a role that changed is one grant lost and one gained."""

    joined: QuerySet[Presence]
    left: QuerySet[Presence]
    gained: QuerySet[Grant]
    """Held after the newer sync, and not after the older."""
    lost: QuerySet[Grant]
    edited: QuerySet[AccountAttributes]
    """How accounts that were there both times are described now; `before_id` is the key of how they
    were described."""


def between(older: Sync, newer: Sync) -> Differences:
    """What is different after `newer` from after `older`.

    Raises:
        Invalid: they are of two apps, or in the wrong order.
    """
    if older.app_id != newer.app_id:
        raise Invalid("These two syncs are of different apps.", hint="Choose two of one app.")
    if older.number > newer.number:
        raise Invalid("The newer of the two syncs must come second.")
    then, now = older.ended_at, newer.ended_at
    people = Q(account__app_id=older.app_id)
    things = Q(entitlement__app_id=older.app_id)
    presences = Presence.objects.filter(people).select_related("account")
    grants = Grant.objects.filter(things).select_related("account", "entitlement")
    return Differences(
        joined=_only(presences, now, then, "account"),
        left=_only(presences, then, now, "account"),
        gained=_only(grants, now, then, "account", "entitlement"),
        lost=_only(grants, then, now, "account", "entitlement"),
        edited=_edited(then, now, people),
    )


def _only(rows: QuerySet[_Rows], here: datetime, there: datetime, *same: str) -> QuerySet[_Rows]:
    """Periods at one moment without one about the same at the other."""
    about = {f"{name}_id": OuterRef(f"{name}_id") for name in same}
    others = rows.model.objects.filter(during(there), **about)
    return _apart(rows, here, there).exclude(Exists(others))


def _edited(then: datetime, now: datetime, people: Q) -> QuerySet[AccountAttributes]:
    before = AccountAttributes.objects.filter(during(then), account_id=OuterRef("account_id"))
    other = before.exclude(
        name=OuterRef("name"),
        email=OuterRef("email"),
        status=OuterRef("status"),
        attributes=OuterRef("attributes"),
    )
    described = AccountAttributes.objects.filter(people).select_related("account")
    changed = _apart(described, now, then)
    return changed.annotate(before_id=Subquery(other.values("pk")[:1])).exclude(before_id=None)


def _apart(rows: QuerySet[_Period], here: datetime, there: datetime) -> QuerySet[_Period]:
    """Periods at one moment that do not last to the other.

    Whatever lasts is no difference; that is said so that a million of them need not be compared.
    """
    return rows.filter(during(here), beside(there))
