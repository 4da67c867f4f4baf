"""The queue's jobs of this noun: messages each minute, daily mails at each hour, and tidying."""

import structlog
from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.notifications import delivering, digests

__all__ = ["deliver", "forget", "write_digests"]

log = structlog.get_logger()


@app.periodic(cron="* * * * *")
@app.task(
    name="notifications:deliver",
    queueing_lock="notifications:deliver",
    lock="notifications:deliver",
)
def deliver(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Send what is due; a receiver that is away is asked again in a minute."""
    while delivering.deliver_next(clock.now()):
        pass


@app.periodic(cron="*/5 * * * *")
@app.task(name="notifications:digests", queueing_lock="notifications:digests")
def write_digests(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Write daily mails; some zones are a half or a quarter of an hour beside the others."""
    if written := digests.write_due(clock.now()):
        log.info("digests_written", count=written)


@app.periodic(cron="23 4 * * *")
@app.task(name="notifications:forget", queueing_lock="notifications:forget")
def forget(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Drop messages of long ago."""
    if dropped := delivering.forget(clock.now()):
        log.info("deliveries_forgotten", count=dropped)
