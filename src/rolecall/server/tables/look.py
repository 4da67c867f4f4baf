"""How small things look on every page: icons, moments, statuses. The templates' own words.

A status is always icon, word and colour; a moment is relative, with the exact one on hover in the
viewer's zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Final, Literal

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from rolecall.server import clock

__all__ = [
    "NOTHING",
    "Look",
    "address_of",
    "as_html",
    "duration",
    "exact",
    "icon",
    "link",
    "mark",
    "moment",
    "plain",
    "register",
    "relative",
    "status",
]

register = template.Library()

NOTHING: Final = "\u2013"
_DAY: Final = timedelta(days=1)
_RELATIVE: Final = timedelta(days=30)
"""Beyond this a date says more than a distance."""
_KEPT: Final = 512
"""So many icons, statuses and remarks are put together once: a page has hundreds, mostly alike."""
_ROW: Final = "_row_"
"""Stands for a row in the path of its page."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a status is shown."""

    word: str
    tone: Literal["good", "busy", "warn", "bad", "idle"]
    icon: str


@register.simple_tag
@lru_cache(maxsize=_KEPT)
def icon(name: str) -> SafeString:
    """One of our icons; decoration, so that a screen reader passes over it."""
    turning = " turning" if name == "turning" else ""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="#i-{}"/></svg>', turning, name
    )


@register.simple_tag
@lru_cache(maxsize=_KEPT)
def status(look: Look) -> SafeString:
    """A status: icon, word, colour."""
    return format_html('<span class="status {}">{}{}</span>', look.tone, icon(look.icon), look.word)


@register.simple_tag
@lru_cache(maxsize=_KEPT)
def mark(word: str, picture: str = "") -> SafeString:
    """A small remark beside something, without judgement."""
    return format_html('<span class="mark">{}{}</span>', icon(picture) if picture else "", word)


@register.simple_tag
def link(text: object, address: str, second: str = "") -> SafeString:
    """A link, and a quieter second line under it."""
    under = f'<span class="second">{as_html(second)}</span>' if second else ""
    # A page has a hundred of them; each of its parts is escaped, as `format_html` would do.
    return mark_safe(f'<a href="{escape(address)}">{as_html(text)}</a>{under}')  # noqa: S308


def as_html(text: object) -> str:
    """Text for a page: escaped, unless it is marked as safe."""
    return text if isinstance(text, SafeString) else escape(str(text))


def address_of(page: str, public_id: str) -> str:
    """The path of a row's page: Django's `reverse`, asked once for each kind of page.

    Args:
        page: its name, as in `access:account`.
        public_id: the row's; letters, digits and `_`.
    """
    before, after = _around(page)
    return f"{before}{public_id}{after}"


@lru_cache
def _around(page: str) -> tuple[str, str]:
    """What stands before and after the row in the path of its page."""
    before, _, after = reverse(page, args=(_ROW,)).rpartition(_ROW)
    return before, after


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A moment: relative, the exact one on hover; a dash for none."""
    if at is None:
        return NOTHING
    words = relative(at, clock.now())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(timespec="seconds"), exact(at),
        words,
    )  # fmt: skip


@register.filter
def exact(at: datetime | None) -> str:
    """A moment in full, with its zone: Mar 3, 2026, 14:05:09 CET."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return f"{_date(local)}, {local:%H:%M:%S} {local.tzname()}"


@register.filter
def duration(span: timedelta | None) -> str:
    """A length of time in its two largest units: 1 h 5 min, 12 s."""
    if span is None:
        return NOTHING
    seconds = max(0, round(span.total_seconds()))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for unit, length in units:
        count, seconds = divmod(seconds, length)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts[:2]) or "under 1 s"


@register.filter
def plain(value: object) -> str:
    """What was noted of a deed, as a person would write it: words, commas, a dash for nothing."""
    match value:
        case None:
            words = ""
        case bool():
            words = "yes" if value else "no"
        case Mapping():
            words = "; ".join(f"{str(k).replace('_', ' ')}: {plain(v)}" for k, v in value.items())
        case list() | tuple():
            words = ", ".join(map(plain, value))
        case _:
            words = str(value)
    return words or NOTHING


def relative(at: datetime, now: datetime) -> str:
    """How far away a moment is, in words; a date when that is more than a month."""
    distance = abs(now - at)
    if distance > _RELATIVE:
        return _date(timezone.localtime(at))
    if distance < timedelta(minutes=1):
        return "just now" if at <= now else "in a moment"
    count, unit = _largest(distance)
    words = f"{count} {unit}{'s' * (count > 1)}"
    return f"{words} ago" if at < now else f"in {words}"


def _largest(distance: timedelta) -> tuple[int, str]:
    for unit, length in (("day", _DAY), ("hour", timedelta(hours=1))):
        if distance >= length:
            return distance // length, unit
    return distance // timedelta(minutes=1), "minute"


def _date(at: datetime) -> str:
    return f"{at:%b} {at.day}, {at.year}"
