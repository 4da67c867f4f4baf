"""A controller process as `rolecall controller` runs it, with quick settings.

It loses ends of tasks on purpose: of so many in a hundred as the file LOSE says, half before they
are heard, and half in the answer. What it has lost is noted in the file beside it.
"""

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import structlog

from rolecall.errors import Unreachable
from rolecall.server import clock


def losing(heard: Callable[..., Any], lose: Path) -> Callable[..., Any]:
    """The call that hears how a task ended, on a bad line."""

    def finish(*args: Any) -> Any:
        share = int(lose.read_text("ascii") or 0) if lose.exists() else 0
        lost = random.randrange(100) < share
        before = lost and random.random() < 0.5
        answer = None if before else heard(*args)
        if lost:
            with lose.with_name("lost").open("a", encoding="ascii") as told:
                told.write("call\n" if before else "answer\n")
            raise Unreachable("Lost on the way.")
        return answer

    return finish


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    django.setup()
    from rolecall.server.connectors.controller import service
    from rolecall.server.connectors.controller.serving import Place, run

    if lose := os.environ.get("LOSE"):
        heard = service._METHODS["FinishTask"]
        service._METHODS["FinishTask"] = losing(heard, Path(lose))
    run(Place(bind=f"localhost:{sys.argv[1]}", certificate=sys.argv[2], key=sys.argv[3]), clock.now)
