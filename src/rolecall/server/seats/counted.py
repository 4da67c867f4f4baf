"""Write down how many seats are taken whenever that changes, so that nobody has to add it up again.

A seat is taken by each account that was there, as long as the source calls it one that takes a
seat; by role, from the periods of its role. Whatever is written here can be read from the periods
again, and is, where the end of it does not agree with the accounts there now: when a source
changes its mind about seats, it has done so for all of the past.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db import connection
from django.db.models import Count

from rolecall.server.access.models import Account, App
from rolecall.server.seats.models import SeatCount

__all__ = ["follow", "recount"]

_QUARTER: Final = timedelta(minutes=15)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ALL: Final = 0
"""Stands for every seat, whatever the role; no row of a role has this key."""
_MOVES: Final = """
    with held as (
        select 0 as role, p.account_id, p.from_at, p.until_at from access_presence p
        where p.from_at >= %(since)s or p.until_at >= %(since)s
        union all
        select e.id, g.account_id, g.from_at, g.until_at
        from access_grant g join access_entitlement e on e.id = g.entitlement_id
        where e.app_id = %(app)s and e.kind = 'role'
          and (g.from_at >= %(since)s or g.until_at >= %(since)s)
    ), moves as (
        select h.role, m.at, m.step
        from held h
        join access_account a on a.id = h.account_id
        cross join lateral (values (h.from_at, 1), (h.until_at, -1)) m (at, step)
        where a.app_id = %(app)s and a.seat and m.at >= %(since)s
    )
    select date_bin(%(quarter)s, at, %(epoch)s) as quarter, role, sum(step)
    from moves group by 1, 2 having sum(step) <> 0 order by 1, 2
"""


def follow(app: App, *, since: datetime) -> None:
    """Count what has changed since a moment; everything, where that does not end with today's."""
    if recount(app, since=since) != _now(app):
        recount(app)


def recount(app: App, *, since: datetime = _EPOCH) -> Counter[int]:
    """Write down again, from the periods, what was taken from a moment on.

    Args:
        app: whose seats; nobody else observes anything in it meanwhile.
        since: nothing before it has changed.

    Returns:
        What is taken at the end: key of a role, or 0 for all of them, → seats.
    """
    begun = since - (since - _EPOCH) % _QUARTER
    known = SeatCount.objects.filter(app=app)
    known.filter(at__gte=begun).delete()
    taken = Counter[int]()
    if (last := known.order_by("-at").first()) is not None:
        taken.update(
            {_ALL: last.taken, **{int(role): number for role, number in last.roles.items()}}
        )
    SeatCount.objects.bulk_create(_counts(app, taken, begun), batch_size=1_000)
    return Counter({role: number for role, number in taken.items() if number})


def _counts(app: App, taken: Counter[int], begun: datetime) -> Iterator[SeatCount]:
    """A row for each quarter that changed something; `taken` goes along to the end."""
    for at, moved in groupby(_moves(app, begun), itemgetter(0)):
        taken.update({role: step for _at, role, step in moved})
        roles = {str(role): number for role, number in taken.items() if role != _ALL and number}
        yield SeatCount(app=app, at=at, taken=taken[_ALL], roles=roles)


def _moves(app: App, begun: datetime) -> list[tuple[datetime, int, int]]:
    """By how many seats each role, and all of them, changed in which quarter; in their order."""
    values: dict[str, Any] = {
        "app": app.pk, "since": begun, "quarter": _QUARTER, "epoch": _EPOCH,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, values)
        moves: list[tuple[datetime, int, int]] = cursor.fetchall()
    return moves


def _now(app: App) -> Counter[int]:
    """The same as accounts say it now."""
    here = Account.objects.filter(app=app, present=True, seat=True).order_by()
    roles = dict(here.values_list("role").annotate(number=Count("pk")))
    total = sum(roles.values())
    roles.pop(None, 0)
    return Counter({_ALL: total, **roles} if total else {})
