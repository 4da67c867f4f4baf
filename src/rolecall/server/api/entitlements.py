"""Entitlements: having an account, the roles, the groups; and who holds them."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.server.access.finding import app_for, entitlement_for
from rolecall.server.access.models import Entitlement, Grant, Presence
from rolecall.server.api.accounts import AccountName, EntitlementName
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Query

__all__ = [
    "EntitlementOut",
    "Find",
    "HolderOut",
    "get_entitlement",
    "list_entitlements",
    "list_holders",
    "of_apps",
    "router",
]

router = Router(tags=["entitlements"])
of_apps = Router(tags=["entitlements"])


class EntitlementOut(EntitlementName):
    """Something one can hold."""

    app: str
    slug: str
    present: bool
    holders: int

    @staticmethod
    def resolve_app(row: Entitlement) -> str:
        """The public one."""
        return row.app.public_id


class HolderOut(Schema):
    """Who holds it, from when to when."""

    account: AccountName
    from_at: datetime
    until_at: datetime | None


class Find(Window):
    """Which entitlements."""

    q: Query = ""
    kind: Entitlement.Kind | None = None
    present: bool = True


@of_apps.get("/{app}/entitlements", response=answers(Page[EntitlementOut]))
def list_entitlements(request: HttpRequest, app: Id, find: Asked[Find]) -> Cut[Entitlement]:
    """What one can hold in an app."""
    found = app_for(actor_of(request), app, "entitlement:read")
    rows = found.entitlements.select_related("app").filter(present=find.present)
    if find.q:
        rows = rows.filter(name__icontains=find.q)
    if find.kind:
        rows = rows.filter(kind=find.kind)
    return cut(rows, find)


@router.get("/{entitlement}", response=answers(EntitlementOut))
def get_entitlement(request: HttpRequest, entitlement: Id) -> Entitlement:
    """One entitlement."""
    return entitlement_for(actor_of(request), entitlement)


@router.get("/{entitlement}/holders", response=answers(Page[HolderOut]))
def list_holders(
    request: HttpRequest, entitlement: Id, window: Asked[Window], *, past: bool = False
) -> Cut[Grant] | Cut[Presence]:
    """Who holds it, or with `past=true` who held it before."""
    found = entitlement_for(actor_of(request), entitlement)
    if found.kind == Entitlement.Kind.ACCOUNT:
        there = Presence.objects.filter(account__app_id=found.app_id, until_at__isnull=not past)
        return cut(there.select_related("account"), window, by="pk")
    held: QuerySet[Grant] = found.grants.filter(until_at__isnull=not past)
    return cut(held.select_related("account"), window, by="pk")
