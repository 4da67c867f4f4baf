"""The daily mail: what somebody wanted to hear of once a day, if there is anything.

A notice belongs to the first mail hour after it, in its reader's own zone. So a mail is never
empty, and one that is late by an outage is still written.
"""

from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from rolecall.server.mail.post import post
from rolecall.server.notifications.choosing import USUAL_HOUR
from rolecall.server.notifications.models import Notice, Timetable
from rolecall.server.people.models import User

__all__ = ["last_hour", "write_due"]

_NAMED: Final = 50
_DAY: Final = timedelta(days=1)


def write_due(now: datetime) -> int:
    """Write every daily mail whose hour has come; how many."""
    waiting = Notice.objects.filter(mailed_at=None, user__is_active=True)
    users = User.objects.filter(pk__in=waiting.values("user")).order_by("pk")
    return sum(_write(user, now) for user in users)


def last_hour(zone: str, hour: int, now: datetime) -> tuple[date, datetime]:
    """The reader's day of the last mail hour until now, and that moment."""
    local = now.astimezone(ZoneInfo(zone))
    for day in (local.date(), local.date() - _DAY):
        moment = datetime.combine(day, clock_time(hour), ZoneInfo(zone))
        if moment <= now:
            return day, moment
    raise AssertionError(f"no {hour} o'clock in {zone} within the day before {now}")


@transaction.atomic
def _write(user: User, now: datetime) -> bool:
    Timetable.objects.get_or_create(user=user, defaults={"hour": USUAL_HOUR})
    table = Timetable.objects.select_for_update().get(user=user)
    day, until = last_hour(user.time_zone, table.hour, now)
    if table.last_day is not None and table.last_day >= day:
        return False  # the hour was changed after today's mail
    rows = Notice.objects.select_for_update().filter(
        user=user, mailed_at=None, created_at__lt=until
    )
    notices = list(rows.order_by("id"))
    if not notices:
        return False
    post(
        f"digest:{user.public_id}:{day.isoformat()}",
        user.email,
        subject=_subject(notices),
        text=_text(notices, user.time_zone),
        now=now,
        link="/me/notifications",
        why="You get this once a day, if there is anything, because you chose it on your page, "
        "under Notifications.",
    )
    Notice.objects.filter(pk__in=[one.pk for one in notices]).update(mailed_at=now)
    table.last_day = day
    table.save(update_fields=["last_day"])
    return True


def _subject(notices: list[Notice]) -> str:
    if len(notices) == 1:
        return notices[0].subject
    return f"{len(notices)} things for you in Rolecall"


def _text(notices: list[Notice], zone: str) -> str:
    lines = [
        f"- {one.created_at.astimezone(ZoneInfo(zone)):%a %H:%M}  {one.subject}"
        for one in notices[:_NAMED]
    ]
    if len(notices) > _NAMED:
        lines.append(f"- and {len(notices) - _NAMED} more")
    return "Since the last of these mails:\n\n" + "\n".join(lines)
