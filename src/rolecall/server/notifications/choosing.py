"""What somebody wants to hear of, how, and when the daily mail comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Gone, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.notifications.kinds import ABOUT, How, Kind
from rolecall.server.notifications.models import Choice, Timetable
from rolecall.server.people.models import User
from rolecall.server.people.permissions import require
from rolecall.server.people.users import set_zone

__all__ = ["USUAL_HOUR", "Wanted", "choose", "wanted_by"]

USUAL_HOUR: Final = 8
_HOURS: Final = range(24)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How one user hears of things."""

    hows: Mapping[Kind, How]
    """Of every kind."""
    hour: int
    zone: str


def wanted_by(user: User) -> Wanted:
    """What a user has chosen; as usual where they have not."""
    rows = Choice.objects.filter(user=user).values_list("kind", "how")
    said = {Kind(kind): How(how) for kind, how in rows if kind in Kind.values}
    table = Timetable.objects.filter(user=user).first()
    return Wanted(
        hows={kind: said.get(kind, about.usual) for kind, about in ABOUT.items()},
        hour=table.hour if table else USUAL_HOUR,
        zone=user.time_zone,
    )


@transaction.atomic
def choose(
    actor: Actor, hows: Mapping[str, str], *, hour: int, zone: str | None = None, now: datetime
) -> Wanted:
    """Say how oneself hears of things from now on; kinds that are not named stay.

    Args:
        actor: a user, or a key of theirs, for themselves.
        hows: kind → how.
        hour: of the daily mail, 0 to 23.
        zone: that the hour, and all times on one's pages, are in; None: as it is.
        now: when.

    Raises:
        NotAllowed: whoever acts has no role.
        Gone: it is no user who acts.
        Invalid: no such kind, way, hour or zone.
    """
    require(actor, "notification:own")
    user = _oneself(actor)
    odd = [kind for kind, how in hows.items() if kind not in Kind.values or how not in How.values]
    if odd:
        raise Invalid(f"{odd[0][:40]!r} cannot be chosen so.", hint="Choose from the list.")
    if hour not in _HOURS:
        raise Invalid("That is no hour of a day.", hint="Choose one from 0 to 23.")
    before = wanted_by(user)
    for kind, how in hows.items():
        Choice.objects.update_or_create(user=user, kind=kind, defaults={"how": how})
    Timetable.objects.update_or_create(user=user, defaults={"hour": hour})
    if zone is not None and zone != user.time_zone:
        user = set_zone(actor, zone, now=now)
    after = wanted_by(user)
    changed = {kind: how for kind, how in after.hows.items() if how != before.hows[kind]}
    if changed or hour != before.hour:
        record(actor, "notification:choose", user, now=now, hour=hour, changed=changed)
    return after


def _oneself(actor: Actor) -> User:
    found = User.objects.select_for_update(of=("self",)).filter(pk=actor.user or 0).first()
    if found is None:
        raise Gone("There is no such user.", hint="Only users choose what they hear of.")
    return found
