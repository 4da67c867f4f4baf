"""An event loop whose time jumps: tests of waiting that do not wait."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Jumping(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, moves the clock there."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class FastLoop(asyncio.SelectorEventLoop):
    """A loop that begins at 1000 s and never sleeps."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds, as far as the timers have moved them."""
        return 1000.0 + self._jumping.now


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end, however many seconds it believes to wait."""
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(work)
