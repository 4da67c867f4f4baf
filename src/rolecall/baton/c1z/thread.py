"""A thread of one's own, for work that would hold up the event loop.

Owns what a cancellation means to such work: a thread cannot be stopped, so what was asked for comes
to its end first. Thus nobody undoes what a thread is still doing.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["OwnThread"]

Result = TypeVar("Result")


class OwnThread:
    """One thread, started when it is first needed; `await` it with the work to do."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(self, work: Callable[[], Result]) -> Result:
        """Do `work` there, one at a time and in the order of asking, and wait until it has ended.

        A cancellation meanwhile is heard at the caller's next wait.
        """
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        cancelled = False
        while not running.done():
            try:
                await asyncio.wait((running,))
            except asyncio.CancelledError:
                cancelled = True
        if cancelled and (caller := asyncio.current_task()) is not None:
            caller.cancel()
        return running.result()

    def end(self) -> None:
        """Take no more work; the thread ends with what it has."""
        self._pool.shutdown(wait=False)
