"""What one person holds in every app, at a moment: their accounts there, and what these held.

Whose an account was is known only since somebody or an address said so. So a moment is asked of
the accounts that are the person's now, and of those that were theirs then; `Held` says which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery

from rolecall.server.access import origins
from rolecall.server.access.asof import during
from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    App,
    Entitlement,
    Grant,
    PersonLink,
    Presence,
    Sync,
)
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import scopes_of

__all__ = ["MOST", "Held", "Holdings", "Place", "accounts_of", "apps_for", "grants_of", "holdings"]

MOST: Final = 1000
"""So many roles and groups are put on one page; an evidence file holds all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One account that was there at that moment, and what it held."""

    account: Account
    name: str
    """As it was described then."""
    email: str
    status: str
    there: Presence
    roles: Sequence[Grant]
    groups: Sequence[Grant]
    matched: str
    """now: theirs at that moment and today; later: matched after that moment; before: theirs at
    that moment, and not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One app, and what we know of that moment in it."""

    app: App
    sync: Sync | None
    """The last one that had ended by then; None: nothing is known of that moment."""
    age: timedelta | None
    """How old its news were at that moment."""
    reading: Sync | None
    """The one that was being read just then, whose findings are partly in already."""
    accounts: Sequence[Held]
    ended: Sequence[Account]
    """Accounts of theirs that were not there at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Everything one person held."""

    places: Sequence[Place]
    """Where they have or had an account."""
    elsewhere: Sequence[Place]
    """Other apps that were looked at, and hold no account of theirs."""
    more: bool
    """Whether there was more than `MOST`, and this is not all."""

    @property
    def accounts(self) -> int:
        """How many accounts were there."""
        return sum(len(place.accounts) for place in self.places)


def apps_for(actor: Actor, action: str = "account:read") -> QuerySet[App]:
    """The managed apps of which this actor may see accounts."""
    rows = App.objects.exclude(state=App.State.UNMANAGED)
    scopes = scopes_of(actor, action)
    return rows if scopes is None else rows.filter(public_id__in=scopes)


def accounts_of(person: Person, at: datetime) -> Q:
    """Accounts that are this person's now, or were at that moment."""
    then = PersonLink.objects.filter(during(at), person=person).values("account_id")
    return Q(person=person) | Q(pk__in=then)


def grants_of(accounts: Sequence[Account], at: datetime) -> QuerySet[Grant]:
    """Roles and groups that these accounts held."""
    held = Grant.objects.filter(during(at), account__in=accounts)
    return held.select_related("entitlement").order_by("-entitlement__kind", "entitlement__name")


def holdings(actor: Actor, person: Person, at: datetime) -> Holdings:
    """What a person held at a moment, in the apps of which this actor may see accounts."""
    apps = list(apps_for(actor))
    found = Account.objects.filter(accounts_of(person, at), app__in=apps)
    accounts = list(found.order_by("name", "pk"))
    grants = list(grants_of(accounts, at)[: MOST + 1])
    shown = grants[:MOST]
    origins.mark(shown)
    held = _held(person, at, accounts, shown)
    news = _news(apps, at)
    places = [
        _place(app, at, news[app.pk], [one for one in accounts if one.app_id == app.pk], held=held)
        for app in apps
    ]
    return Holdings(
        places=[one for one in places if one.accounts or one.ended],
        elsewhere=[one for one in places if not (one.accounts or one.ended)],
        more=len(grants) > MOST,
    )


def _held(
    person: Person, at: datetime, accounts: list[Account], grants: list[Grant]
) -> dict[int, Held]:
    """By account, those that were there."""
    there = list(Presence.objects.filter(during(at), account__in=accounts))
    described = {
        one.account_id: one
        for one in AccountAttributes.objects.filter(during(at), account__in=accounts)
    }
    links = PersonLink.objects.filter(during(at), person=person, account__in=accounts)
    then = set(links.values_list("account_id", flat=True))
    by_key = {one.pk: one for one in accounts}
    role = Entitlement.Kind.ROLE
    made = {}
    for presence in there:
        account = by_key[presence.account_id]
        words = described.get(account.pk, account)
        own = [one for one in grants if one.account_id == account.pk]
        made[account.pk] = Held(
            account=account, name=words.name, email=words.email, status=words.status,
            there=presence, matched=_matched(account, person, then),
            roles=[one for one in own if one.entitlement.kind == role],
            groups=[one for one in own if one.entitlement.kind != role],
        )  # fmt: skip
    return made


def _matched(account: Account, person: Person, then: set[int]) -> str:
    if account.person_id != person.pk:
        return "before"
    return "now" if account.pk in then else "later"


def _news(apps: list[App], at: datetime) -> dict[int, tuple[Sync | None, Sync | None]]:
    """By app, the last sync that had ended by then, and the one that was being read."""
    own = Sync.objects.filter(app=OuterRef("pk")).order_by("-number").values("pk")
    ended = Subquery(own.filter(ended_at__lte=at)[:1])
    reading = Subquery(own.filter(started_at__lte=at, ended_at__gt=at)[:1])
    rows = list(
        App.objects.filter(pk__in=[one.pk for one in apps]).values_list("pk", ended, reading)
    )
    syncs = Sync.objects.in_bulk([key for _app, *keys in rows for key in keys if key])
    return {app: (syncs.get(last), syncs.get(now)) for app, last, now in rows}


def _place(
    app: App,
    at: datetime,
    news: tuple[Sync | None, Sync | None],
    own: list[Account],
    *,
    held: dict[int, Held],
) -> Place:
    sync, reading = news
    return Place(
        app=app,
        sync=sync,
        age=at - sync.ended_at if sync else None,
        reading=reading,
        accounts=[held[one.pk] for one in own if one.pk in held],
        ended=[one for one in own if one.pk not in held],
    )
