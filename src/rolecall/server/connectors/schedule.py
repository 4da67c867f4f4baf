"""When the next sync is due: pure arithmetic on intervals and cron lines."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, repeat
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from rolecall.errors import Invalid

__all__ = ["LEAST", "Schedule", "check", "next_due", "retry_due"]

LEAST: Final = timedelta(minutes=15)
"""Between two syncs; whoever wants one sooner presses Sync now."""
MOST: Final = timedelta(days=31)
_FIELDS: Final = 5
_LOOKED_AT: Final = 60
"""Firings of a cron line whose distances are checked: an hour of the densest."""
_RETRIES: Final = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
_SPREAD: Final = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Every so many seconds, or by a cron line in a zone; neither is: only by hand."""

    interval_s: int | None = None
    cron: str = ""
    """minute hour day month weekday"""
    zone: str = "UTC"


def check(schedule: Schedule, now: datetime) -> None:
    """Refuse what makes no sense.

    Raises:
        Invalid: both kinds at once, too often, no cron line, no such zone.
    """
    if schedule.interval_s is not None and schedule.cron:
        raise Invalid("A schedule is an interval or a cron line, not both.", hint="Choose one.")
    _zone(schedule)
    if schedule.interval_s is not None and not (
        LEAST <= timedelta(seconds=schedule.interval_s) <= MOST
    ):
        raise Invalid("An interval is between 15 minutes and 31 days.", hint="Choose another.")
    if schedule.cron:
        _check_cron(schedule, now)


def next_due(schedule: Schedule, after: datetime, seed: str) -> datetime | None:
    """The first moment after `after`; None for a schedule that is empty.

    Args:
        schedule: a checked one.
        after: with zone.
        seed: whose schedule it is; each has its own small delay, so that not all begin at once.
    """
    delay = _delay(seed)
    if schedule.interval_s is not None:
        return after + timedelta(seconds=schedule.interval_s)
    if not schedule.cron:
        return None
    local = (after - delay).astimezone(_zone(schedule))
    found: datetime = croniter(schedule.cron, local).get_next(datetime)
    return found.astimezone(after.tzinfo) + delay


def retry_due(regular: datetime | None, now: datetime, failures: int) -> datetime | None:
    """Sooner than the schedule says, for a sync that failed for a reason that passes.

    Args:
        regular: when it would be due anyway; None is only by hand, and stays so.
        now: the moment of the failure.
        failures: how many in a row, this one included.
    """
    if regular is None:
        return None
    return min(regular, now + _RETRIES[min(failures, len(_RETRIES)) - 1])


def _zone(schedule: Schedule) -> ZoneInfo:
    try:
        return ZoneInfo(schedule.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(
            f"There is no time zone {schedule.zone!r}.", hint="Write for example Europe/Berlin."
        ) from error


def _check_cron(schedule: Schedule, now: datetime) -> None:
    if len(schedule.cron.split()) != _FIELDS or not croniter.is_valid(schedule.cron):
        raise Invalid(
            f"{schedule.cron!r} is not a cron line.",
            hint="Five fields: minute, hour, day, month, weekday; for example 0 6 * * 1-5.",
        )
    fires = croniter(schedule.cron, now)
    try:
        moments = [fire.get_next(datetime) for fire in repeat(fires, _LOOKED_AT)]
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{schedule.cron!r} never comes.", hint="Choose a day there is.") from error
    if any(later - earlier < LEAST for earlier, later in pairwise(moments)):
        raise Invalid(
            f"{schedule.cron!r} comes more often than every 15 minutes.", hint="Choose fewer."
        )


def _delay(seed: str) -> timedelta:
    digest = hashlib.sha256(seed.encode()).digest()
    return _SPREAD * (int.from_bytes(digest[:4], "big") / (1 << 32))
