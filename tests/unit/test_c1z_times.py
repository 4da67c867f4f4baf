"""Times as a c1z stores them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.baton.c1z.times import from_text, to_text
from rolecall.errors import BadFile

MOMENTS = st.datetimes(
    # hypothesis wants bounds without a zone
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
NOON = datetime(2026, 11, 21, 12, 0, 0, 500000, tzinfo=UTC)


@given(MOMENTS)
def test_a_time_comes_back_as_it_went(moment):
    """Nothing is lost, to the microsecond."""
    assert from_text(to_text(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_text_sorts_like_time(a, b):
    """SQL compares the text, so its order is the order of time."""
    assert (to_text(a) < to_text(b)) == (a < b)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 12:00:00.5",
        "2026-11-21 12:00:00.500000",
        "2026-11-21 12:00:00.500000123",
        "2026-11-21T12:00:00.5Z",
        "2026-11-21 12:00:00.5+00:00",
        "2026-11-21 14:00:00.5+02:00",
        "2026-11-21 14:00:00.5 +0200 CEST",
        "2026-11-21 12:00:00.5 +0000 UTC m=+0.123",
    ],
)
def test_every_form_that_writers_have_used_is_read(text):
    """With a zone or without, with nanoseconds, as Go prints it."""
    assert from_text(text) == NOON


def test_another_zone_is_written_as_utc():
    """The zone is not stored, so the text is always UTC; zeros at the end are left out."""
    assert to_text(NOON.astimezone(timezone(timedelta(hours=5)))) == "2026-11-21 12:00:00.5"
    assert to_text(NOON.replace(microsecond=0)) == "2026-11-21 12:00:00"


def test_a_time_without_a_zone_is_refused():
    """Guessing a zone loses access at night."""
    with pytest.raises(ValueError, match="zone"):
        to_text(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01 00:00:00", "0001-01-01 00:00:00+14:00"])
def test_what_is_no_time_is_a_bad_file(text):
    """Never a bare ValueError from the depth."""
    with pytest.raises(BadFile):
        from_text(text)
