"""When the next sync is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.connector.intervals import backoff, next_start, parse_interval

TIMES = st.floats(0, 1e7, allow_nan=False)
EVERY = st.floats(10, 30 * 86400, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1h", 3600), ("1d", 86400), ("1h30m", 5400), (" 10s ", 10)],
)
def test_durations(text: str, seconds: float):
    """Durations are read as people write them."""
    assert parse_interval(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "1", "h", "1.5h", "-1h", "9s", "31d", "1w", "1h 30m", "\u0661\u0660s"]
)
def test_no_durations(text: str):
    """What is none, too short, or too long is refused."""
    with pytest.raises(ValueError, match="it must be"):
        parse_interval(text)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text: str):
    """Whatever is written gives an allowed interval or a `ValueError`."""
    try:
        seconds = parse_interval(text)
    except ValueError:
        return
    assert 10 <= seconds <= 30 * 86400


@given(planned=TIMES, took=TIMES, every=EVERY)
def test_next_start(planned: float, took: float, every: float):
    """Never before the last one ended, never two at once, and on the plan if there is time."""
    ended = planned + took

    due = next_start(planned, ended, every)

    assert due >= ended
    assert due >= planned + every
    if took <= every:
        assert due == planned + every


@given(failures=st.integers(1, 10_000), every=EVERY)
def test_backoff(failures: int, every: float):
    """It grows with the failures, and never makes a retry later than the interval."""
    assert 10 <= backoff(failures, every) <= every
    assert backoff(failures, every) <= backoff(failures + 1, every)
