"""The past: access as of a moment, what two syncs differ in, the feed."""

from datetime import datetime
from typing import Literal, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.server.access import asof, differences, feed
from rolecall.server.access.finding import app_for, entitlement_for, sync_of
from rolecall.server.access.models import AccountAttributes, App, Change, Grant, Presence
from rolecall.server.access.models.apps import Period
from rolecall.server.api.accounts import AccountName, ChangeOut, EntitlementName, with_origins
from rolecall.server.api.apps import SyncOut
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.entitlements import HolderOut
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Moment

__all__ = [
    "At",
    "Basis",
    "Both",
    "HolderPage",
    "Numbers",
    "Only",
    "Since",
    "Then",
    "ThenPage",
    "accounts_as_of",
    "basis",
    "changes",
    "count_differences",
    "differing_accounts",
    "differing_grants",
    "holders_as_of",
    "of_apps",
    "of_entitlements",
]

of_apps = Router(tags=["history"])
of_entitlements = Router(tags=["history"])


class Basis(Schema):
    """What we know about a moment rests on this."""

    at: datetime
    sync: SyncOut | None
    """The last one that had ended; null is: nothing is known of that moment."""
    age_s: float | None
    """How old its news were."""
    reading: SyncOut | None
    """The sync that was being read just then: a part of what it found is in already."""


class Then(Schema):
    """An account as it was described at a moment."""

    account: AccountName
    name: str
    email: str
    status: str
    since: datetime


class ThenPage(Page[Then]):
    """Accounts at a moment."""

    basis: Basis


class HolderPage(Page[HolderOut]):
    """Holders at a moment."""

    basis: Basis


class At(Window):
    """Which moment."""

    at: Moment


class Since(Window):
    """From when on."""

    since: Moment | None = None


class Both(Window):
    """Two syncs, and after which of them."""

    older: Id
    newer: Id
    only: Literal["older", "newer"] = "newer"


class Only(Schema):
    """A grant that was held after one of two syncs only."""

    account: AccountName
    entitlement: EntitlementName
    from_at: datetime
    until_at: datetime | None


class Numbers(Schema):
    """How much two syncs differ; each kind is a list of its own below."""

    older: SyncOut
    newer: SyncOut
    joined: int
    left: int
    gained: int
    lost: int
    edited: int


def _basis(app: App, at: datetime) -> dict[str, object]:
    known = asof.basis(app, at)
    age_s = known.age.total_seconds() if known.age is not None else None
    return {"at": at, "sync": known.sync, "age_s": age_s, "reading": known.reading}


@of_apps.get("/{app}/as-of", response=answers(Basis))
def basis(request: HttpRequest, app: Id, at: Moment) -> dict[str, object]:
    """What our knowledge of a moment rests on."""
    return _basis(app_for(actor_of(request), app, "account:read"), at)


@of_apps.get("/{app}/as-of/accounts", response=answers(ThenPage))
def accounts_as_of(request: HttpRequest, app: Id, asked: Asked[At]) -> dict[str, object]:
    """The accounts that were there at a moment, as they were described then."""
    found = app_for(actor_of(request), app, "account:read")
    rows: Cut[AccountAttributes] = cut(asof.accounts(found, asked.at), asked, by="pk")
    return {"items": rows.items, "next": rows.next, "basis": _basis(found, asked.at)}


@of_entitlements.get("/{entitlement}/as-of", response=answers(HolderPage))
def holders_as_of(request: HttpRequest, entitlement: Id, asked: Asked[At]) -> dict[str, object]:
    """Who held it at a moment."""
    found = entitlement_for(actor_of(request), entitlement)
    rows = cut(cast("QuerySet[Period]", asof.holders(found, asked.at)), asked, by="pk")
    return {"items": rows.items, "next": rows.next, "basis": _basis(found.app, asked.at)}


@of_apps.get("/{app}/changes", response=answers(Page[ChangeOut]))
def changes(request: HttpRequest, app: Id, asked: Asked[Since]) -> Cut[Change]:
    """The feed: what syncs found different, the newest first."""
    found = app_for(actor_of(request), app, "account:read")
    rows = feed.of_app(found, since=asked.since)
    return with_origins(cut(rows, asked, by="pk", newest_first=True))


@of_apps.get("/{app}/differences", response=answers(Numbers))
def count_differences(request: HttpRequest, app: Id, older: Id, newer: Id) -> dict[str, object]:
    """How much two syncs of an app differ."""
    found, parts = _between(request, app, older, newer)
    numbers = {name: getattr(parts, name).count() for name in _PARTS}
    return numbers | {"older": sync_of(found, older), "newer": sync_of(found, newer)}


@of_apps.get("/{app}/differences/accounts", response=answers(Page[HolderOut]))
def differing_accounts(request: HttpRequest, app: Id, asked: Asked[Both]) -> Cut[Presence]:
    """Who is there after one of two syncs only."""
    _, parts = _between(request, app, asked.older, asked.newer)
    return cut(parts.left if asked.only == "older" else parts.joined, asked, by="pk")


@of_apps.get("/{app}/differences/grants", response=answers(Page[Only]))
def differing_grants(request: HttpRequest, app: Id, asked: Asked[Both]) -> Cut[Grant]:
    """What is held after one of two syncs only."""
    _, parts = _between(request, app, asked.older, asked.newer)
    return cut(parts.lost if asked.only == "older" else parts.gained, asked, by="pk")


_PARTS = ("joined", "left", "gained", "lost", "edited")


def _between(
    request: HttpRequest, app: str, older: str, newer: str
) -> tuple[App, differences.Differences]:
    found = app_for(actor_of(request), app, "account:read")
    return found, differences.between(sync_of(found, older), sync_of(found, newer))
