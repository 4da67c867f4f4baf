"""Access as of any past moment, from periods alone, and how well that moment is known.

What a sync found counts from the moment it was read. So a moment inside a sync is half of the one
and half of the other, and `Basis` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    App,
    Entitlement,
    Grant,
    Presence,
    Sync,
)

__all__ = [
    "Basis",
    "access",
    "accounts",
    "accounts_now",
    "basis",
    "beside",
    "during",
    "holders",
    "number",
    "number_now",
    "presence",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What we know about a moment rests on this."""

    sync: Sync | None
    """The last applied sync that had ended by then; None: nothing is known of that moment."""
    age: timedelta | None
    """How old its news were at that moment."""
    reading: Sync | None
    """The sync that was being read at that moment, whose findings are partly in already."""
    complete: Mapping[str, Sync]
    """The last sync by then that was complete in users, groups, roles: what had ended, it knew."""


def basis(app: App, at: datetime) -> Basis:
    """What is known about an app at a moment rests on this."""
    applied = Sync.objects.filter(app=app)
    sync = applied.filter(ended_at__lte=at).order_by("-number").first()
    complete = {}
    for kind in ("user", "group", "role"):
        proving = applied.filter(ended_at__lte=at, complete_types__contains=[kind])
        if (last := proving.order_by("-number").first()) is not None:
            complete[kind] = last
    return Basis(
        sync=sync,
        age=at - sync.ended_at if sync else None,
        reading=applied.filter(started_at__lte=at, ended_at__gt=at).order_by("-number").first(),
        complete=complete,
    )


def during(at: datetime) -> Q:
    """Periods that this moment lies in."""
    return Q(from_at__lte=at) & (Q(until_at=None) | Q(until_at__gt=at))


def beside(at: datetime) -> Q:
    """Periods that this moment does not lie in: `~during(at)`, in words that indexes understand."""
    return Q(from_at__gt=at) | Q(until_at__lte=at)


def accounts(app: App, at: datetime) -> QuerySet[AccountAttributes]:
    """Accounts that were there, as they were described then; `since` is when they came."""
    there = FilteredRelation(
        "account__presences",
        condition=Q(account__presences__from_at__lte=at)
        & (Q(account__presences__until_at=None) | Q(account__presences__until_at__gt=at)),
    )
    return (
        AccountAttributes.objects.filter(during(at), account__app=app)
        .annotate(there=there)
        .filter(there__isnull=False)
        .annotate(since=F("there__from_at"))
        .select_related("account")
    )


def number_now(*apps: App) -> int:
    """How many accounts are there in these apps now."""
    rows = App.objects.filter(pk__in=[app.pk for app in apps])
    return sum(rows.order_by().values_list(accounts_now(), flat=True))


def accounts_now() -> Coalesce:
    """For each app of a query, how many accounts are there, as taking in has written it down.

    Of an app of which no sync was applied yet they are counted, in the same query.
    """
    here = Q(app=OuterRef("pk"))
    known = Entitlement.objects.filter(here, kind=Entitlement.Kind.ACCOUNT).values("holders")[:1]
    there = Account.objects.filter(here, present=True).order_by().values("app")
    return Coalesce(Subquery(known), Subquery(there.values(number=Count("pk"))), 0)


def number(app: App, at: datetime) -> int:
    """How many accounts were there: those of today, without who came since, with who left since.

    Of 100,000 only the few need be looked at that came or left, which an index of periods knows.
    """
    periods = Presence.objects.filter(account__app=app)
    came = periods.filter(from_at__gt=at, until_at=None).count()
    left = periods.filter(from_at__lte=at, until_at__gt=at).count()
    return number_now(app) - came + left


def presence(account: Account, at: datetime) -> Presence | None:
    """The presence of an account at a moment; None if it was not there."""
    return Presence.objects.filter(during(at), account=account).first()


def holders(entitlement: Entitlement, at: datetime) -> QuerySet[Grant] | QuerySet[Presence]:
    """Who held it, with since when: grants, or presences for *has an account*."""
    if entitlement.kind == Entitlement.Kind.ACCOUNT:
        there = Presence.objects.filter(during(at), account__app_id=entitlement.app_id)
        return there.select_related("account")
    held = Grant.objects.filter(during(at), entitlement=entitlement)
    return held.select_related("account", "entitlement")


def access(account: Account, at: datetime) -> QuerySet[Grant]:
    """What an account held, with since when; *has an account* is `presence`."""
    held = Grant.objects.filter(during(at), account=account)
    return held.select_related("account", "entitlement")
