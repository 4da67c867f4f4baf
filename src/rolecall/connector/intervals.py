"""How often a sync begins: durations as people write them, and when the next one is due.

Pure: no clock and no dice of its own.
"""

import re
from typing import Final

__all__ = ["backoff", "next_start", "parse_interval"]

LEAST_S: Final = 10.0
MOST_S: Final = 30 * 86400.0

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(?:\d{1,9}[smhd])+", re.ASCII)
_PART: Final = re.compile(r"(\d+)([smhd])", re.ASCII)

FIRST_RETRY_S: Final = 15.0
"""After the first failure that may pass by itself; doubled with every further one."""


def parse_interval(text: str) -> float:
    """Seconds of a duration such as `90s`, `15m`, `1h30m` or `1d`.

    Raises:
        ValueError: it is none, or shorter than 10 seconds, or longer than 30 days.
    """
    if not _DURATION.fullmatch(text.strip()):
        raise ValueError("it must be a duration such as 90s, 15m, 1h or 1d")
    seconds = float(sum(int(n) * _UNITS[unit] for n, unit in _PART.findall(text)))
    if not LEAST_S <= seconds <= MOST_S:
        raise ValueError("it must be between 10s and 30d")
    return seconds


def next_start(planned: float, ended: float, every: float) -> float:
    """When the next sync is planned.

    From start to start, so that the times of day do not wander. A sync that took longer than the
    interval is followed by the next one at once, and the plan counts from there.

    Args:
        planned: when the last one was planned, in seconds of some clock.
        ended: when it ended.
        every: seconds of the interval.
    """
    return max(planned + every, ended)


def backoff(failures: int, every: float) -> float:
    """Seconds to wait after so many failures in a row that may pass; never above the interval."""
    return min(every, FIRST_RETRY_S * 2.0 ** min(failures - 1, 20))
