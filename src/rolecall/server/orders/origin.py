"""Where an access comes from: from us, from before us, or from outside.

Ours is what a verified order brought; before us is what the first sync of an app found there;
everything else somebody did in Notion.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db.models import Q, QuerySet

from rolecall.server.access.models import Change, Grant, Presence, Sync
from rolecall.server.orders.models import Order

__all__ = ["Origin", "of_changes", "of_grants", "of_presences"]

_Operation = Order.Operation
_Kind = Change.Kind
_FIRST: Final = 1
"""The number of an app's first applied sync."""
_OF_CHANGE: Final = {
    _Kind.JOINED: {_Operation.CREATE_ACCOUNT},
    _Kind.LEFT: {_Operation.REMOVE_ACCOUNT},
    _Kind.ROLE: {_Operation.GRANT, _Operation.REVOKE},
    _Kind.ADDED: {_Operation.GRANT},
    _Kind.REMOVED: {_Operation.REVOKE, _Operation.REMOVE_ACCOUNT, _Operation.DELETE_GROUP},
    _Kind.EDITED: {_Operation.UPDATE_ACCOUNT},
    _Kind.MADE: {_Operation.CREATE_GROUP},
    _Kind.RENAMED: {_Operation.RENAME_GROUP},
    _Kind.DELETED: {_Operation.DELETE_GROUP},
}
_OF_ONE_GROUP: Final = frozenset({
    _Kind.ADDED, _Kind.REMOVED, _Kind.MADE, _Kind.RENAMED, _Kind.DELETED
})  # fmt: skip
_OF_GROUPS: Final = frozenset({
    _Operation.CREATE_GROUP, _Operation.RENAME_GROUP, _Operation.DELETE_GROUP
})  # fmt: skip


class Origin(StrEnum):
    """Who brought it."""

    OURS = "ours"
    BEFORE = "before"
    OUTSIDE = "outside"


def of_grants(grants: Collection[Grant]) -> dict[int, Origin]:
    """Of each grant, by its key, where it comes from."""
    accounts = {one.account_id for one in grants}
    verified = defaultdict[tuple[int, int], list[Order]](list)
    for order in _verified(_Operation.GRANT).filter(account__in=accounts):
        verified[(order.account_id or 0, order.entitlement_id or 0)].append(order)
    first = _first_syncs(one.first_sync_id for one in grants if one.first_sync_id)
    return {
        one.pk: _origin(one, first, verified[(one.account_id, one.entitlement_id)])
        for one in grants
    }


def of_presences(presences: Collection[Presence]) -> dict[int, Origin]:
    """Of each presence of an account, by its key, where it comes from."""
    verified = defaultdict[int, list[Order]](list)
    accounts = {one.account_id for one in presences}
    for order in _verified(_Operation.CREATE_ACCOUNT).filter(account__in=accounts):
        verified[order.account_id or 0].append(order)
    first = _first_syncs(one.first_sync_id for one in presences if one.first_sync_id)
    return {one.pk: _origin(one, first, verified[one.account_id]) for one in presences}


def of_changes(changes: Collection[Change]) -> dict[int, Origin]:
    """Of each change in a feed, by its key, where it comes from: us or outside."""
    syncs, accounts = {one.sync_id for one in changes}, {one.account_id for one in changes}
    wanted = Q(account__in=accounts - {None}) | Q(operation__in=_OF_GROUPS)
    ours = defaultdict[tuple[int | None, int | None], list[Order]](list)
    for order in Order.objects.filter(wanted, verified_by__in=syncs - {None}):
        ours[(order.verified_by_id, order.account_id)].append(order)
    return {
        one.pk: Origin.OURS
        if one.sync_id is None
        or any(_brought(order, one) for order in ours[(one.sync_id, one.account_id)])
        or any(_brought(order, one) for order in ours[(one.sync_id, None)])
        else Origin.OUTSIDE
        for one in changes
    }


def _verified(operation: str) -> QuerySet[Order]:
    return Order.objects.filter(operation=operation, verified_at__isnull=False)


def _first_syncs(keys: Iterable[int]) -> set[int]:
    """Which of these syncs are the first of their app."""
    first = Sync.objects.filter(pk__in=set(keys), number=_FIRST)
    return set(first.values_list("pk", flat=True))


def _origin(period: Grant | Presence, first: set[int], orders: Collection[Order]) -> Origin:
    if period.first_sync_id is None:
        return Origin.OURS  # only a verified change of ours comes before a sync
    if any(_within(order, period.from_at) for order in orders):
        return Origin.OURS
    return Origin.BEFORE if period.first_sync_id in first else Origin.OUTSIDE


def _within(order: Order, moment: datetime) -> bool:
    """Whether something was first seen between the order and the proof that it was done."""
    if order.ordered_at is None or order.verified_at is None:
        return False
    return order.ordered_at <= moment <= order.verified_at


def _brought(order: Order, change: Change) -> bool:
    """Whether this order is what a change shows."""
    if order.operation not in _OF_CHANGE[_Kind(change.kind)]:
        return False
    if order.operation == _Operation.REMOVE_ACCOUNT:
        return True  # it ends all that the account held
    if change.kind in _OF_ONE_GROUP:
        return order.entitlement_id == change.entitlement_id
    if change.kind == _Kind.ROLE:
        return order.entitlement_id in {change.entitlement_id, change.before_id}
    return True
