"""Seats are written down as they change, and what is written is what the periods say."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from access_app import HOUR, NOON
from django.utils import timezone
from workspaces import a_workspace

from rolecall.server.access import observing
from rolecall.server.access.models import Account, App, Entitlement, Grant, Presence
from rolecall.server.audit.trail import SYSTEM
from rolecall.server.seats.counted import follow, recount
from rolecall.server.seats.counting import apps_of, bill_of, billed, seats_of
from rolecall.server.seats.models import SeatCount
from rolecall.server.seats.trend import trend_of

ROLES = ("owner", "member")
WHO = "abcdef"


def written(app: App) -> list[tuple]:
    """What is written down."""
    return list(SeatCount.objects.filter(app=app).values_list("at", "taken", "roles"))


def slowly(app: App, end: datetime) -> tuple[int, dict[int, int]]:
    """Seats taken just before a moment, and by role: each period is looked at."""

    def lasted(rows) -> list:
        return [
            one
            for one in rows.filter(account__app=app, account__seat=True)
            if one.from_at < end and (one.until_at is None or one.until_at >= end)
        ]

    roles: dict[int, int] = {}
    for one in lasted(Grant.objects.filter(entitlement__kind="role")):
        roles[one.entitlement_id] = roles.get(one.entitlement_id, 0) + 1
    return len(lasted(Presence.objects.all())), roles


def happened(app: App, dice: random.Random, at: datetime) -> None:
    """Somebody leaves, comes back, or has another role."""
    account = Account.objects.get(app=app, external_id=dice.choice(WHO))
    role = dice.choice(Entitlement.objects.filter(app=app, kind="role"))
    if not account.present:
        account.present = True
        account.save()
        Presence.objects.create(account=account, from_at=at, observed_at=at)
        observing.held(account, role, at=at)
    elif dice.random() < 0.5:
        observing.account_gone(account, at=at)
    else:
        observing.held(account, role, at=at)


@pytest.mark.parametrize("seed", range(6))
def test_counting_as_it_happens_is_counting_afterwards(app, sync, seed):
    """Whatever happens, at any distance: rows, and ends of days in any zone, are the periods'."""
    dice, at = random.Random(seed), NOON + HOUR
    sync(a_workspace({who: dice.choice(ROLES) for who in WHO}, {}), 0)
    for _ in range(12):
        at += timedelta(minutes=dice.choice([1, 7, 20, 400, 1440, 9000]), seconds=dice.random())
        happened(app, dice, at)
    counted = written(app)
    recount(app)

    assert written(app) == counted
    for start, taken, roles in counted:
        of_role = {int(role): number for role, number in roles.items()}
        assert (taken, of_role) == slowly(app, start + timedelta(minutes=15))
    for name in ("UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Europe/Berlin"):
        with timezone.override(zone := ZoneInfo(name)):
            for point in trend_of(app, "day", now=at).points:
                end = datetime.combine(point.on + timedelta(days=1), datetime.min.time(), zone)
                assert (point.taken, point.roles) == slowly(app, end.astimezone(UTC))


@pytest.mark.parametrize("seed", range(4))
def test_only_what_is_new_need_be_counted(app, sync, seed):
    """From a moment on is enough, where nothing before it has changed."""
    dice = random.Random(seed)
    sync(a_workspace(dict.fromkeys(WHO, "member"), {}), 0)
    people = list(Account.objects.filter(app=app))
    for number in range(8):
        at = NOON + timedelta(hours=1 + number * dice.randint(0, 3), minutes=dice.randint(0, 59))
        rows = Presence.objects.filter(account=dice.choice(people), until_at=None, from_at__lt=at)
        rows.update(until_at=at)
        recount(app, since=at)
        counted = written(app)
        recount(app)
        assert written(app) == counted


def test_a_sync_writes_down_what_it_changed(app, sync):
    """In its own transaction: the pages' numbers are those of the accounts that it left."""
    sync(a_workspace({"a": "owner", "b": "member", "c": "member"}, {}), 0)
    sync(a_workspace({"a": "owner", "d": "owner"}, {}), 30)
    app.refresh_from_db()
    days = [one.taken for one in trend_of(app, "day", now=NOON + 59 * HOUR).points]
    found = seats_of(app)

    assert {one.role: one.taken for one in found.roles} == {
        role.name: role.holders for role in Entitlement.objects.filter(kind="role", holders__gt=0)
    }
    assert found.bill.taken == bill_of(billed(apps_of(SYSTEM)).get()).taken == 2
    assert days == [3, 2, 2]


def test_a_source_that_changes_its_mind_about_seats_has_done_so_for_all_of_the_past(app, sync):
    """Nobody came or went, and yet fewer take a seat: all of it is counted again."""
    sync(a_workspace(dict.fromkeys("abc", "member"), {}), 0)
    Account.objects.filter(external_id="a").update(seat=False)
    follow(app, since=NOON + 30 * HOUR)

    assert [taken for _at, taken, _roles in written(app)] == [2]
