"""What `notion.answers` makes of status, headers and body."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.errors import (
    BadConfig,
    BadToken,
    Conflict,
    Error,
    Gone,
    Invalid,
    NotAllowed,
    NotionBroken,
    RateLimited,
    Retry,
    Unreachable,
    WrongPlan,
)
from rolecall.notion.answers import MAX_WORDS, Answer, data_of, error_of, retry_after_s

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
URL = "https://notion.example/scim/v2/Users"
PAGE = b"<!DOCTYPE html><title>Sign in</title>"


def an_answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    """An answer as the client hands it over."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=body, url=URL, headers=named)


def meant(status: int, body: bytes = b"{}", **headers: str) -> Error | None:
    """What the answer stands for."""
    return error_of(an_answer(status, body, **headers), asked_for="the members", now=NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, BadConfig),
        (308, BadConfig),
        (400, Invalid),
        (401, BadToken),
        (403, WrongPlan),
        (404, Gone),
        (408, Unreachable),
        (409, Conflict),
        (418, Invalid),
        (429, RateLimited),
        (500, NotionBroken),
        (501, NotAllowed),
        (502, NotionBroken),
        (503, NotionBroken),
        (529, RateLimited),
        (100, NotionBroken),
        (700, NotionBroken),
    ],
)
def test_the_status_decides(status: int, kind: type[Error]):
    """Each status is one error of ours, whatever the body holds."""
    for body in (b"", b"{}", b"[]", b"\xff\xfe", b'{"detail": 3}', b"null"):
        assert type(meant(status, body)) is kind


@pytest.mark.parametrize("status", [301, 401, 404, 409, 418, 429, 500, 502, 503, 529])
def test_a_web_page_changes_no_decision_of_the_status(status: int):
    """A proxy's page is survived: it means what the status means."""
    assert type(meant(status, PAGE)) is type(meant(status))


def test_a_web_page_with_403_is_not_notions_refusal():
    """A firewall's page must not look like a workspace without SCIM (Notion: N-128)."""
    assert type(meant(403, PAGE)) is NotAllowed


@pytest.mark.parametrize("body", [b"{}", b"[]", b' \r\n\t{"a": 1}', b"\n[1]", bytearray(b"{}")])
def test_a_body_that_begins_like_json_is_handed_on(body: bytes):
    """A successful answer is usable though its content type lies (Notion: N-025)."""
    answer = an_answer(200, body, content_type="text/html")

    assert data_of(answer, asked_for="x", now=NOW) is body


@pytest.mark.parametrize("body", [b"", b"   ", b"null", b"3", b'"text"', b"OK", PAGE])
def test_success_without_json_is_an_error(body: bytes):
    """200 with a login page, or with nothing, is never read as an empty listing."""
    with pytest.raises(NotionBroken) as caught:
        data_of(an_answer(200, body), asked_for="the members", now=NOW)

    assert ("web page" in caught.value.what) == (body == PAGE)
    assert URL in caught.value.hint


def test_a_web_page_is_known_by_its_content_type_as_well():
    """A page that does not begin with a tag is still called a page."""
    assert "web page" in str(meant(200, b"Sign in", content_type="text/html; charset=utf-8"))
    assert "proxy" in str(meant(502, b"Bad gateway", content_type="text/html"))


def test_a_firewalls_403_is_not_blamed_on_the_plan():
    """403 with a page speaks of a proxy; 403 with JSON of the Enterprise plan."""
    assert "proxy or firewall" in str(meant(403, PAGE))
    assert "Enterprise" in str(meant(403, b"{}"))


@pytest.mark.parametrize("key", ["detail", "message"])
def test_notions_own_words_are_repeated_in_one_line(key: str):
    """The sentence of an error body is shown, without line breaks, and not endlessly."""
    words = meant(400, f'{{"{key}": "No\\n  {"x" * 500}"}}'.encode())

    assert ': "No xxx' in str(words)
    assert "\n" not in str(words)
    assert len(str(words)) < MAX_WORDS + 100


@given(status=st.integers(0, 999), body=st.binary(max_size=80), wait=st.text(max_size=12))
def test_no_answer_breaks_the_reading_of_answers(status: int, body: bytes, wait: str):
    """Whatever comes, there is either an error of ours or a body that looks like JSON."""
    found = meant(status, body, retry_after=wait)

    assert isinstance(found, Error) or (status // 100 == 2 and body.lstrip()[:1] in b"{[")


@pytest.mark.parametrize("status", [429, 529])
def test_the_time_to_wait_is_handed_on(status: int):
    """Both ways of saying "slow down" carry Retry-After."""
    error = meant(status, retry_after="17")

    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 17.0
    assert isinstance(error, Retry)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("3", 3.0),
        (" 120 ", 120.0),
        ("9" * 40, 999999999.0),
        ("", None),
        ("1.5", None),
        ("-3", None),
        ("٣", None),
        ("soon", None),
        ("Sat, 21 Nov 2026 08:00:00 -0000", None),
        ("Sat, 21 Nov 99999 08:00:00 GMT", None),
    ],
)
def test_retry_after_in_seconds(value: str, seconds: float | None):
    """RFC 9110 §10.2.3: digits are seconds; what says nothing is None, never 0."""
    assert retry_after_s(value, now=NOW) == seconds


@given(st.integers(-10_000, 10_000))
def test_retry_after_as_a_date(seconds: int):
    """A date is so many seconds from now, and never a negative wait."""
    value = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert retry_after_s(value, now=NOW) == max(0.0, seconds)
