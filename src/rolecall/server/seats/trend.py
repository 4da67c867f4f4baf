"""How many seats were taken at the end of each day or month, as it was written down.

What is between two syncs is known from the later one, and nothing before the first.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, Literal

from django.db import connection
from django.utils import timezone

from rolecall.server.access.models import App, Sync

__all__ = ["Point", "Trend", "Unit", "trend_of"]

Unit = Literal["day", "month"]
_DAYS: Final = 90
_MONTHS: Final = 36
_LAST: Final = """
    select coalesce(c.taken, 0), coalesce(c.roles, '{}')
    from unnest(%(ends)s) with ordinality e (at, number)
    left join lateral (
        select taken, roles from seats_seatcount
        where app_id = %(app)s and at < e.at order by at desc limit 1
    ) c on true
    order by e.number
"""
"""What was taken at each of these moments: one look into the index for each."""


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
    begun, today = (timezone.localdate(at) for at in (first.started_at, now))
    points = tuple(_points(app, [*_spans(unit, begun, today)]))
    roles = sorted({role for point in points for role, taken in point.roles.items() if taken})
    return Trend(unit=unit, points=points, roles=tuple(roles))


def _spans(unit: Unit, begun: date, today: date) -> Iterator[tuple[date, date]]:
    """The days or months to show: the first day of each, and the first after it."""
    if unit == "day":
        start = max(begun, today - timedelta(days=_DAYS - 1))
        days = [start + timedelta(days=n) for n in range((today - start).days + 1)]
        yield from ((day, day + timedelta(days=1)) for day in days)
        return
    last = today.year * 12 + today.month - 1
    start_month = max(begun.year * 12 + begun.month - 1, last - _MONTHS + 1)
    firsts = [date(n // 12, n % 12 + 1, 1) for n in range(start_month, last + 2)]
    yield from pairwise(firsts)


def _points(app: App, spans: list[tuple[date, date]]) -> Iterator[Point]:
    """What was taken when each of them ended, in the zone of whoever looks."""
    zone = timezone.get_current_timezone()
    ends = [datetime.combine(after, time(), zone) for _on, after in spans]
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"app": app.pk, "ends": ends})
        found = cursor.fetchall()
    for (on, _after), (taken, roles) in zip(spans, found, strict=True):
        by_role = {int(role): number for role, number in json.loads(roles).items()}
        yield Point(on=on, taken=taken, roles=by_role)
