"""The outbox is emptied each minute."""

import structlog
from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.mail import post

__all__ = ["send"]

log = structlog.get_logger()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="mail:send", lock="mail:send")
def send(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Send what waits; a server that cannot be reached is asked again in a minute."""
    try:
        while post.send_next(clock.now()):
            pass
    except OSError as error:
        log.warning("mail_not_sent", error=type(error).__name__)
