"""The queue's jobs of this noun: orders of which nobody knows what became of them."""

import structlog
from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.connectors.pace import pace
from rolecall.server.orders import carrying

__all__ = ["look_again"]

log = structlog.get_logger()


@app.periodic(cron=pace().due_cron)
@app.task(name="orders:look_again", queueing_lock="orders:look_again")
def look_again(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Have orders carried again whose answer was lost."""
    if again := carrying.look_again(clock.now()):
        log.warning("orders_carried_again", orders=again)
