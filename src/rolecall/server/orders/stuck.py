"""Orders that wait for somebody: failed, lost, or not verified for a day. Changes nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from django.db.models import Exists, OuterRef, Q

from rolecall.server.orders.models import ManualStep, Order
from rolecall.server.orders.undoing import KEPT_FOR

__all__ = ["Waits", "wanted"]

_State = Order.State
_LONG: Final = timedelta(days=1)
"""Syncs are hourly: what none of them could show within a day, none will by itself."""


class Waits(StrEnum):
    """What an order waits for."""

    FAILED = "failed"
    """To be tried again, or given up: it was not done, nobody has ordered anything about the same
    since, and nobody has said that it cannot be done. After 30 days it is history."""
    LOST = "lost"
    """To be found out: its answer was lost, and nothing will be tried by itself."""
    UNVERIFIED = "unverified"
    """To be seen: reported as done more than a day ago, and no sync could show it yet."""


def wanted(what: Waits, *, now: datetime) -> Q:
    """What is true of the orders that wait for this."""
    return _HOW[what](now)


def _failed(now: datetime) -> Q:
    since = Order.objects.filter(
        app=OuterRef("app"), effect=OuterRef("effect"), pk__gt=OuterRef("pk")
    ).exclude(ordered_at=None)
    declined = ManualStep.objects.filter(order=OuterRef("pk"), state=ManualStep.State.CANNOT)
    return (
        Q(state__in=(_State.FAILED, _State.STILL_PRESENT), ordered_at__gt=now - KEPT_FOR)
        & ~Exists(since)
        & ~Exists(declined)
    )


def _lost(now: datetime) -> Q:
    del now
    return Q(state=_State.UNKNOWN, retry_at=None)


def _unverified(now: datetime) -> Q:
    # No interface shows guests: what was said of them is all that there will ever be.
    guests = Q(operation=Order.Operation.REMOVE_ACCOUNT, account=None)
    return Q(state=_State.APPLIED, applied_at__lt=now - _LONG) & ~guests


_HOW: Final[Mapping[Waits, Callable[[datetime], Q]]] = MappingProxyType({
    Waits.FAILED: _failed,
    Waits.LOST: _lost,
    Waits.UNVERIFIED: _unverified,
})  # fmt: skip
