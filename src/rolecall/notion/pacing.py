"""How fast we may ask: one pace per token, shared by everybody who uses it.

Notion does not publish SCIM's limit (Notion: N-129). So we start slowly, speed up while nobody
complains, halve on a complaint, and when Notion names a time to wait, everybody waits.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiolimiter import AsyncLimiter

__all__ = ["Pace", "PaceLimits"]

QUIET_S: Final = 5.0
"""Seconds without a complaint after which we go one request a second faster."""

SAME_S: Final = 1.0
"""Complaints within so many seconds are one: they answer requests that were sent together."""

SLOWEST: Final = 0.5
"""Requests per second below which complaints do not push us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """Requests per second; `start == ceiling` is a fixed rate, 0 is no limit at all."""

    start: float = 3.0
    ceiling: float = 10.0


class Pace:
    """Lets requests pass one by one, at a rate that follows Notion's patience.

    Args:
        limits: where to start and where to stop.
    """

    def __init__(self, limits: PaceLimits) -> None:
        self._limits = limits
        self._rate = limits.start
        self._bucket = AsyncLimiter(1, 1 / limits.start) if limits.start else None
        self._held_until = 0.0
        self._changed_at = 0.0
        self._slowed_at = float("-inf")
        self._queue = _Queue()
        self.waited_s = 0.0
        """Seconds that requests spent waiting here, all together."""

    @property
    def rate(self) -> float:
        """Requests per second at present; 0 means unlimited."""
        return self._rate

    @property
    def held_s(self) -> float:
        """Seconds for which Notion still wants to hear nothing."""
        return max(0.0, self._held_until - asyncio.get_running_loop().time())

    async def turn(self, *, urgent: bool = False) -> None:
        """Wait until a request may be sent.

        Args:
            urgent: whether it goes before all that are not; changes do not wait for pages.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        async with self._queue.first(0 if urgent else 1):
            if self._bucket:
                await self._bucket.acquire()
            while (wait := self._held_until - clock()) > 0:  # noqa: ASYNC110 - see below
                await asyncio.sleep(wait)  # a complaint meanwhile makes it longer, so look again
        self.waited_s += clock() - begun

    def complained(self, retry_after_s: float | None) -> None:
        """Notion asked us to slow down.

        Args:
            retry_after_s: for how many seconds it wants to hear nothing, if it said.
        """
        now = asyncio.get_running_loop().time()
        if retry_after_s is not None:
            self._held_until = max(self._held_until, now + retry_after_s)
        adapts = self._rate and self._limits.start != self._limits.ceiling
        if adapts and now - self._slowed_at >= SAME_S:
            self._slowed_at = now
            self._set(max(SLOWEST, self._rate / 2), now)

    def content(self) -> None:
        """Notion answered without a complaint."""
        now = asyncio.get_running_loop().time()
        if not self._rate or self._rate >= self._limits.ceiling:
            return
        self._changed_at = self._changed_at or now
        if now - self._changed_at >= QUIET_S:
            self._set(min(self._limits.ceiling, self._rate + 1), now)

    def _set(self, rate: float, now: float) -> None:
        self._rate = rate
        self._changed_at = now
        self._bucket = AsyncLimiter(1, 1 / rate)


class _Queue:
    """Lets one in at a time: lower ranks first, and within a rank in the order of coming."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    @asynccontextmanager
    async def first(self, rank: int) -> AsyncIterator[None]:
        """Be inside, alone."""
        if self._busy:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (rank, next(self._number), place))
            try:
                await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._next()  # our turn had just come; it is somebody else's now
                raise
        self._busy = True
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        """Let in whoever is next, if anybody waits."""
        while self._waiting:
            place = heapq.heappop(self._waiting)[2]
            if not place.done():
                place.set_result(None)
                return  # still busy: with them
        self._busy = False
