"""When the next sync is due, and where a connector may go: arithmetic and words, no database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import Invalid, NotAllowed
from rolecall.server.connectors import reach
from rolecall.server.connectors.schedule import LEAST, Schedule, check, next_due, retry_due

NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
moments = st.datetimes(NAIVE, NAIVE.replace(year=2034), timezones=st.just(UTC))


def at(schedule: Schedule, after: datetime) -> datetime:
    """The next moment, without the small delay of its own."""
    due = next_due(schedule, after, "seed")
    assert due is not None
    return due.replace(second=0, microsecond=0)


@given(moments, st.integers(900, 86400))
def test_an_interval_is_kept(after: datetime, seconds: int):
    """From one to the next."""
    due = next_due(Schedule(interval_s=seconds), after, "con_1")

    assert due == after + timedelta(seconds=seconds)


@given(moments, st.sampled_from(["0 6 * * 1-5", "30 */2 * * *", "15 3 1 * *"]), st.text())
def test_a_cron_line_always_comes_later(after: datetime, cron: str, seed: str):
    """And never twice for one firing: what is due is after what was."""
    schedule = Schedule(cron=cron, zone="Europe/Berlin")
    first = next_due(schedule, after, seed)
    second = next_due(schedule, first, seed)

    assert after < first < second
    assert second - first >= LEAST


def test_a_cron_line_follows_its_zone_over_the_change_of_clocks():
    """Six in the morning in Berlin is five in UTC before, and four after, the last of March."""
    schedule = Schedule(cron="0 6 * * *", zone="Europe/Berlin")
    saturday = at(schedule, NOW - timedelta(hours=12))
    sunday = at(schedule, NOW)

    assert (saturday.day, saturday.hour) == (28, 5)
    assert (sunday.day, sunday.hour) == (29, 4)


def test_not_all_begin_at_once():
    """Each has a delay of its own, the same every time, of two minutes at most."""
    schedule = Schedule(cron="0 6 * * *")
    dues = [next_due(schedule, NOW, f"con_{number}") for number in range(50)]

    assert len(set(dues)) == 50
    assert max(dues) - min(dues) < timedelta(minutes=2)
    assert dues[7] == next_due(schedule, NOW, "con_7")


def test_by_hand_only():
    """Neither interval nor cron line: never due, and no retry makes it so."""
    assert next_due(Schedule(), NOW, "x") is None
    assert retry_due(None, NOW, 1) is None


def test_a_passing_failure_is_tried_again_sooner():
    """After 5, 15, 60 minutes; never later than it would be due anyway."""
    regular = NOW + timedelta(hours=24)
    waits = [(retry_due(regular, NOW, failures) - NOW).seconds // 60 for failures in (1, 2, 3, 9)]

    assert waits == [5, 15, 60, 60]
    assert retry_due(NOW + timedelta(minutes=2), NOW, 5) == NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (Schedule(interval_s=3600, cron="0 * * * *"), "not both"),
        (Schedule(interval_s=60), "15 minutes"),
        (Schedule(interval_s=10**9), "31 days"),
        (Schedule(cron="nonsense"), "not a cron line"),
        (Schedule(cron="* * * * * *"), "not a cron line"),
        (Schedule(cron="0 0 30 2 *"), "never comes"),
        (Schedule(cron="*/5 * * * *"), "every 15 minutes"),
        (Schedule(cron="0,10 6 * * *"), "every 15 minutes"),
        (Schedule(cron="0 * * * *", zone="Mars/Olympus"), "no time zone"),
        (Schedule(cron="0 * * * *", zone="../../etc/passwd"), "no time zone"),
    ],
)
def test_what_makes_no_sense_is_refused(schedule: Schedule, why: str):
    """With the reason."""
    with pytest.raises(Invalid, match=why):
        check(schedule, NOW)


@pytest.mark.parametrize(
    "schedule",
    [Schedule(), Schedule(interval_s=900), Schedule(cron="0 6 * * 1-5", zone="Europe/Berlin")],
)
def test_what_makes_sense_is_not(schedule: Schedule):
    """By hand, every quarter of an hour, on weekday mornings."""
    check(schedule, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.notion.com/scim/v2",
        "https://www.notion.so/scim/v2",
        "https://api.notion.com:443/v1",
        "http://127.0.0.1:8090/scim/v2",
        "https://proxy.example:8443/notion",
        "https://gate.example/scim",
    ],
)
def test_where_connectors_may_go(url: str):
    """To Notion, and where the settings file says."""
    reach.insist(url, ("127.0.0.1:8090", "proxy.example:8443", "gate.example"))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.notion.com/scim/v2",
        "https://api.notion.com:8443/v1",
        "https://api.notion.com.evil.example/",
        "https://api.notion.com@evil.example/",
        "https://evil.example/api.notion.com",
        "https://127.0.0.1/",
        "http://127.0.0.1:9999/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:8090/",
        "http://gate.example/scim",
        "file:///etc/passwd",
        "gopher://gate.example/",
        "https://user@gate.example/",
        "https://gate.example/?x=1",
        "https://gate.example/#x",
        "https://gate.example:99999/",
        "https://",
        "",
        "api.notion.com",
    ],
)
def test_where_they_may_not(url: str):
    """Whatever it looks like."""
    with pytest.raises((NotAllowed, Invalid)):
        reach.insist(url, ("127.0.0.1:8090", "proxy.example:8443", "gate.example"))
