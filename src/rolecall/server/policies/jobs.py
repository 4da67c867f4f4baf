"""The queue's jobs of this noun: policies that are broken are told of."""

import structlog
from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.policies import telling

__all__ = ["tell_of_broken"]

log = structlog.get_logger()


@app.periodic(cron="*/10 * * * *")
@app.task(name="policies:tell_of_broken", queueing_lock="policies:tell_of_broken")
def tell_of_broken(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Look at every workspace's administrators."""
    if told := telling.tell_of_broken(clock.now()):
        log.info("policies_told", count=told)
