"""How many seats were taken at the end of each day or month, from the periods alone.

A seat is taken by each account that was there, as long as the source calls it one that takes a
seat; by role, from the periods of its role. What is between two syncs is known from the later one,
and nothing before the first.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from django.db import connection
from django.utils import timezone

from rolecall.server.access.models import App, Sync

__all__ = ["Point", "Trend", "Unit", "trend_of"]

Unit = Literal["day", "month"]
_DAYS: Final = 90
_MONTHS: Final = 36
_ALL: Final = 0
"""Stands for every seat, whatever the role; no row of a role has this key."""
_MOVES: Final = """
    with accounts as materialized (
        select id from access_account where app_id = %(app)s and seat
    ), held as (
        select 0 as role, p.from_at, p.until_at
        from access_presence p join accounts a on a.id = p.account_id
        union all
        select e.id, g.from_at, g.until_at
        from access_entitlement e
        join access_grant g on g.entitlement_id = e.id
        join accounts a on a.id = g.account_id
        where e.app_id = %(app)s and e.kind = 'role'
    ), moves as (
        select role, from_at as at, 1 as step from held
        union all
        select role, until_at, -1 from held where until_at is not null
    )
    select (date_trunc(%(unit)s, at at time zone %(zone)s))::date, role, sum(step)
    from moves group by 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The end of one day or month."""

    on: date
    """The day, or the first of the month."""
    taken: int
    roles: dict[int, int] = field(default_factory=dict)
    """Key of a role → seats of its holders."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The points of one app, the oldest first; none before its first sync."""

    unit: Unit
    points: tuple[Point, ...]
    roles: tuple[int, ...]
    """Keys of the roles that ever had a seat in these points."""


def trend_of(app: App, unit: Unit, *, now: datetime) -> Trend:
    """Up to 90 days or 36 months, up to and with the one that is not over yet.

    Args:
        app: whose seats.
        unit: day or month, in the zone of whoever looks.
        now: the last point is as of now.
    """
    first = Sync.objects.filter(app=app).order_by("number").first()
    if first is None:
        return Trend(unit=unit, points=(), roles=())
    moves = _moves(app, unit)
    begun, today = (timezone.localdate(at) for at in (first.started_at, now))
    shown = [*_ends(unit, begun, today)]
    points = tuple(_points(moves, shown))
    roles = sorted({role for point in points for role, taken in point.roles.items() if taken})
    return Trend(unit=unit, points=points, roles=tuple(roles))


def _moves(app: App, unit: Unit) -> dict[date, Counter[int]]:
    values: dict[str, Any] = {
        "app": app.pk, "unit": unit, "zone": timezone.get_current_timezone_name()
    }  # fmt: skip
    moves: dict[date, Counter[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, values)
        for on, role, step in cursor.fetchall():
            moves.setdefault(on, Counter())[role] += step
    return moves


def _ends(unit: Unit, begun: date, today: date) -> Iterator[date]:
    """The days or months to show, each by its first day."""
    if unit == "day":
        start = max(begun, today - timedelta(days=_DAYS - 1))
        yield from (start + timedelta(days=n) for n in range((today - start).days + 1))
        return
    last = today.year * 12 + today.month - 1
    start_month = max(begun.year * 12 + begun.month - 1, last - _MONTHS + 1)
    for month in range(start_month, last + 1):
        yield date(month // 12, month % 12 + 1, 1)


def _points(moves: dict[date, Counter[int]], shown: list[date]) -> Iterator[Point]:
    """Running sums; what moved before the first point is in it."""
    taken: Counter[int] = Counter()
    waiting = sorted(moves)
    for on in shown:
        while waiting and waiting[0] <= on:
            taken.update(moves[waiting.pop(0)])
        by_role = {role: number for role, number in taken.items() if role != _ALL}
        yield Point(on=on, taken=taken[_ALL], roles=by_role)
