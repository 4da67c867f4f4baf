"""How far a sync or a batch is: a bar on a terminal, a line every ten seconds elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rolecall.connector import log
from rolecall.connector.source import Tick

__all__ = ["progress"]

EVERY_S: Final = 10.0


@contextmanager
def progress(*, terminal: bool, doing: str = "Syncing resources") -> Iterator[Tick]:
    """What to call with (what, rows so far, rows to come).

    Args:
        terminal: whether somebody is watching stderr.
        doing: what the lines say elsewhere.
    """
    if not terminal:
        yield _lines(doing)
        return
    from rich import progress as bars  # noqa: PLC0415 - only where a terminal is attached
    from rich.console import Console  # noqa: PLC0415 - the same

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, bars.TaskID] = {}

        def tick(what: str, count: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what)
            shown.update(tasks[what], completed=count, total=max(total, count))

        yield tick


def _lines(doing: str) -> Tick:
    last = time.monotonic()

    def tick(what: str, count: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_S:
            last = time.monotonic()
            log.info(doing, resource_type_id=what, count=count, total=total)

    return tick
