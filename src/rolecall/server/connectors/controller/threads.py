"""Threads that each have a connection to the database, ended without leaving one open."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Final

from django.db import connection

__all__ = ["end"]

_PATIENCE_S: Final = 5.0


def end(pool: ThreadPoolExecutor, threads: int) -> None:
    """Close each thread's connection, and end them all.

    Args:
        pool: whose threads.
        threads: how many it has at most; so many meet, so that each of them comes.
    """
    together = Barrier(threads)
    for _ in range(threads):
        pool.submit(_close, together)
    pool.shutdown()


def _close(together: Barrier) -> None:
    with suppress(BrokenBarrierError):
        together.wait(_PATIENCE_S)
    connection.close()
