"""Each person hears of each thing once: not at all, at once, or in a daily mail, never empty."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cast import NOW, Role, a_user, acting
from smtp_inbox import plain_of

from rolecall.errors import Gone, Invalid
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import SYSTEM, Actor
from rolecall.server.mail.models import Message
from rolecall.server.mail.post import send_next
from rolecall.server.notifications import choosing, digests
from rolecall.server.notifications.kinds import ABOUT, How, Kind
from rolecall.server.notifications.models import Notice, Timetable
from rolecall.server.notifications.telling import hearing, tell

pytestmark = pytest.mark.django_db
WHY = "You get this because you look after the app Larkspur."
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def wants(user, how, *, hour=8, zone="UTC", kind=Kind.DRIFT):
    """This user has chosen."""
    choosing.choose(acting(user), {kind: how}, hour=hour, zone=zone, now=NOW)
    user.refresh_from_db()


def test_every_kind_is_explained():
    """When it is told, to whom, and how somebody hears of it who has not chosen."""
    assert set(ABOUT) == set(Kind)
    assert {kind for kind, about in ABOUT.items() if about.usual != How.AT_ONCE} == {Kind.PLAN}


def test_at_once_is_one_mail_with_its_reason_and_one_link(ada, inbox, news):
    """Once, however often it is told; the mail says what, why and where to turn it off."""
    assert tell(news(), [ada], why=WHY, now=NOON) == 1
    assert tell(news(), [ada], why=WHY, now=NOON) == 0
    while send_next(NOON):
        pass

    (mail,) = inbox.mails
    body = plain_of(mail)
    assert mail["Subject"] == "Thing 1 Bcc: all@larkspur.example"
    assert mail["Bcc"] is None
    assert WHY in body
    assert "under Notifications" in body
    assert body.count("http") == 1
    assert Notice.objects.get().mailed_at == NOON


def test_long_names_fit(ada, news):
    """A reason with a name of two hundred letters is cut, and its second half is still there."""
    tell(news(), [ada], why=f"You get this because {'x' * 200} chose you.", now=NOON)

    assert Message.objects.get().why.endswith("xxx Choose what you hear of under Notifications.")


def test_each_hears_as_they_chose(ada, news):
    """Not at all leaves no trace; who wants it daily gets no mail now."""
    bo, cy = (a_user(f"{one}@larkspur.example", Role.AUDITOR) for one in ("bo", "cy"))
    wants(bo, How.NONE)
    wants(cy, How.DIGEST)
    told = tell(news(), [ada, bo, cy], why=WHY, now=NOON)

    assert told == 2
    assert [one.recipient for one in Message.objects.all()] == [ada.email]
    assert set(Notice.objects.values_list("user__email", "how")) == {
        (ada.email, How.AT_ONCE),
        (cy.email, How.DIGEST),
    }
    assert hearing(Kind.DRIFT, [ada, bo, cy]) == [ada, cy]


def test_a_daily_mail_comes_once_at_its_hour_and_is_never_empty(ada, inbox, news):
    """In the reader's own zone; what happens after it waits for the next."""
    wants(ada, How.DIGEST, hour=7, zone="America/New_York")  # 12:00 UTC in November
    assert digests.write_due(NOON) == 0
    for number, at in ((1, NOON - timedelta(hours=3)), (2, NOON - timedelta(minutes=1))):
        tell(news(number), [ada], why=WHY, now=at)
    tell(news(3), [ada], why=WHY, now=NOON + timedelta(minutes=1))
    before, after = NOON - timedelta(seconds=1), NOON + timedelta(minutes=5)

    assert digests.write_due(before) == 0
    assert digests.write_due(after) == 1
    assert digests.write_due(after) == 0
    while send_next(after):
        pass
    (mail,) = inbox.mails
    body = plain_of(mail)
    assert mail["Subject"] == "2 things for you in Rolecall"
    assert "Sat 04:00  Thing 1" in body
    assert "Thing 3" not in body
    assert body.count("http") == 1
    assert "You get this once a day" in body
    assert digests.write_due(after + timedelta(hours=23)) == 0
    assert digests.write_due(after + timedelta(days=1)) == 1
    assert digests.write_due(after + timedelta(days=2)) == 0
    assert Message.objects.count() == 2


def test_another_hour_makes_no_second_mail_on_a_day(ada, news):
    """Whoever moves the hour after today's mail gets the rest tomorrow."""
    wants(ada, How.DIGEST, hour=12)
    tell(news(1), [ada], why=WHY, now=NOON - timedelta(hours=1))
    assert digests.write_due(NOON) == 1
    tell(news(2), [ada], why=WHY, now=NOON + timedelta(hours=1))
    wants(ada, How.DIGEST, hour=15)

    assert digests.write_due(NOON + timedelta(hours=4)) == 0
    assert digests.write_due(NOON + timedelta(hours=27)) == 1
    assert Timetable.objects.get().last_day == date(2026, 11, 22)


def test_an_outage_delays_a_daily_mail_and_loses_nothing(ada, news):
    """A worker that was down for two days writes one mail with all of it."""
    wants(ada, How.DIGEST)
    for day in (1, 2):
        tell(news(day), [ada], why=WHY, now=NOON + timedelta(days=day))

    assert digests.write_due(NOON + timedelta(days=3)) == 1
    assert "Thing 1" in Message.objects.get().text
    assert "Thing 2" in Message.objects.get().text


def test_who_was_deactivated_gets_no_daily_mail(ada, news):
    """Their notices stay, and come when they are back."""
    wants(ada, How.DIGEST)
    tell(news(), [ada], why=WHY, now=NOON)
    ada.is_active = False
    ada.save()

    assert digests.write_due(NOON + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("now", "day", "moment"),
    [
        ("2026-03-29T02:30Z", date(2026, 3, 29), "2026-03-29T00:30Z"),  # 02:30 is left out
        ("2026-10-25T00:40Z", date(2026, 10, 25), "2026-10-25T00:00Z"),  # 02:00 comes twice
        ("2026-10-25T01:40Z", date(2026, 10, 25), "2026-10-25T00:00Z"),
        ("2026-11-20T23:59Z", date(2026, 11, 20), "2026-11-20T01:00Z"),
    ],
)
def test_the_hour_where_clocks_change(now, day, moment):
    """In Berlin at 2: each day has exactly one mail hour, whatever the clocks do."""
    found = digests.last_hour("Europe/Berlin", 2, datetime.fromisoformat(now))

    assert found[0] == day
    assert abs(found[1] - datetime.fromisoformat(moment)) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("hows", "hour", "zone"),
    [
        ({"drift:closed": How.NONE}, 8, "UTC"),
        ({Kind.DRIFT: "weekly"}, 8, "UTC"),
        ({}, 24, "UTC"),
        ({}, 8, "Mars/Base"),
    ],
)
def test_what_cannot_be_chosen_is_refused(ada, hows, hour, zone):
    """And nothing of it is kept."""
    with pytest.raises(Invalid):
        choosing.choose(acting(ada), hows, hour=hour, zone=zone, now=NOW)

    assert choosing.wanted_by(ada).hour == choosing.USUAL_HOUR
    assert not Event.objects.filter(action="notification:choose").exists()


def test_a_key_chooses_for_its_user(ada):
    """A program of somebody's sets what they hear of, and leaves their zone alone."""
    key = Actor(kind="key", id="key_1", name="A key", user=ada.pk)
    choosing.choose(key, {Kind.HELD: How.NONE}, hour=9, now=NOW)

    assert choosing.wanted_by(ada).hows[Kind.HELD] == How.NONE
    assert choosing.wanted_by(ada).hour == 9


def test_a_choice_is_on_record_once(ada):
    """Saving the same again is no deed; nobody but a user can choose."""
    wants(ada, How.NONE)
    wants(ada, How.NONE)

    event = Event.objects.get(action="notification:choose")
    assert event.detail["changed"] == {Kind.DRIFT: How.NONE}
    with pytest.raises(Gone):
        choosing.choose(SYSTEM, {}, hour=8, zone="UTC", now=NOW)
