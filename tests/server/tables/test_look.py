"""How moments and lengths of time are said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from rolecall.server.tables.look import duration, exact, icon, link, moment, plain, relative

NOW = datetime(2026, 3, 3, 14, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (16 * 60, "16 minutes ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (47 * 3600, "1 day ago"),
        (30 * 86400, "30 days ago"),
        (31 * 86400, "Jan 31, 2026"),
        (-30, "in a moment"),
        (-3600, "in 1 hour"),
        (-40 * 86400, "Apr 12, 2026"),
    ],
)
def test_a_moment_in_words(seconds, words):
    """Near moments are distances, far ones dates; both ways in time."""
    assert relative(NOW - timedelta(seconds=seconds), NOW) == words


def test_a_moment_carries_the_exact_one_in_the_viewers_zone():
    """On hover the date, the time and the zone by name; for machines ISO 8601."""
    with timezone.override(ZoneInfo("Europe/Berlin")):
        shown = str(moment(NOW))

    assert 'datetime="2026-03-03T14:05:09+00:00"' in shown
    assert 'title="Mar 3, 2026, 15:05:09 CET"' in shown


def test_no_moment_is_a_dash():
    """Nothing is said of what never was."""
    assert moment(None) == exact(None) == duration(None) == "\u2013"


@pytest.mark.parametrize(
    ("noted", "words"),
    [
        ("Ana", "Ana"),
        (7, "7"),
        (True, "yes"),
        (False, "no"),
        (None, "\u2013"),
        ("", "\u2013"),
        ([], "\u2013"),
        (["api_key", "scim_token"], "api_key, scim_token"),
        ({"added": ["ana@acme.example"], "ended": []}, "added: ana@acme.example; ended: \u2013"),
        ({"after": {"rest_url": ""}}, "after: rest url: \u2013"),
    ],
)
def test_what_was_noted_reads_as_text(noted, words):
    """No brackets, quotes or None of a programming language stand on a page."""
    assert plain(noted) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under 1 s"), (12, "12 s"), (65, "1 min 5 s"), (3900, "1 h 5 min"), (90061, "1 d 1 h")],
)
def test_a_length_of_time(seconds, words):
    """The two largest units."""
    assert duration(timedelta(seconds=seconds)) == words


@given(text=st.text(max_size=40), address=st.text(max_size=40))
def test_hostile_text_stays_text(text, address):
    """No name, address or icon can end an attribute or begin a tag."""
    for shown in (str(link(text, address, text)), str(icon(text))):
        bare = shown.replace("<a ", "").replace("</a>", "").replace("<span ", "")
        bare = bare.replace("</span>", "").replace("<svg ", "").replace("</svg>", "")

        assert "<" not in bare.replace("<use ", "")
        assert shown.count('"') % 2 == 0
