"""A line chart as numbers for an inline SVG: pure, and without a colour; the style sheet has those.

The picture is for the eye; the page shows the same numbers as a table behind it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from rolecall.server.seats.trend import Point, Unit

__all__ = ["HEIGHT", "WIDTH", "Chart", "Label", "Mark", "chart_of"]

WIDTH: Final = 720
HEIGHT: Final = 240
_LEFT: Final = 56
_RIGHT: Final = 12
_TOP: Final = 12
_BOTTOM: Final = 32
_TICKS: Final = 4
_NAMES: Final = 6


@dataclass(frozen=True, kw_only=True)
class Label:
    """A word beside an axis, where it stands, in units of the picture."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One point, and what it says when it is pointed at."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Everything its template draws."""

    line: str
    """As `points` of a polyline."""
    area: str
    """The same, closed along the bottom."""
    bought: float | None
    """The height of the line of purchased seats; None: there is none."""
    marks: tuple[Mark, ...]
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    width: int = WIDTH
    height: int = HEIGHT


def chart_of(points: Sequence[Point], purchased: int | None, unit: Unit) -> Chart | None:
    """The chart of these points; None where there is none to draw.

    Args:
        points: the oldest first.
        purchased: drawn as a level line, where it is known.
        unit: how dates are written.
    """
    if not points:
        return None
    top = _round_up(max(*(one.taken for one in points), purchased or 0, 1))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(points) - 1, 1)
    marks = tuple(
        Mark(x=round(_LEFT + at * step, 1), y=_height(one.taken, top), text=_said(one, unit))
        for at, one in enumerate(points)
    )
    line = " ".join(f"{one.x},{one.y}" for one in marks)
    floor = HEIGHT - _BOTTOM
    return Chart(
        line=line,
        area=f"{marks[0].x},{floor} {line} {marks[-1].x},{floor}",
        bought=None if purchased is None else _height(purchased, top),
        marks=marks,
        rows=tuple(
            Label(x=_LEFT - 8, y=_height(value, top), text=f"{value:,}") for value in _levels(top)
        ),
        columns=tuple(_columns(points, marks, unit)),
    )


def _height(value: int, top: int) -> float:
    room = HEIGHT - _TOP - _BOTTOM
    return round(_TOP + room * (1 - value / top), 1)


def _round_up(most: int) -> int:
    """The least of 4, 8, 12, 20, 40, 80, 120, 200, 400 ... that is not below: four whole steps."""
    size = 1
    while 20 * size < most:
        size *= 10
    return next(factor * size for factor in (4, 8, 12, 20) if factor * size >= most)


def _levels(top: int) -> Iterator[int]:
    yield from (top * at // _TICKS for at in range(_TICKS + 1))


def _columns(points: Sequence[Point], marks: Sequence[Mark], unit: Unit) -> Iterator[Label]:
    """Some of the dates, at equal distances, the newest always."""
    every = max(1, -(-(len(points) - 1) // (_NAMES - 1)))
    for at in range(len(points) - 1, -1, -every):
        yield Label(x=marks[at].x, y=HEIGHT - 10, text=_day(points[at].on, unit))


def _day(on: date, unit: Unit) -> str:
    return f"{on:%b %Y}" if unit == "month" else f"{on:%b} {on.day}"


def _said(point: Point, unit: Unit) -> str:
    return f"{_day(point.on, unit)}: {point.taken:,}"
