"""The queue's jobs of this noun: orders whose answer was lost, and plans that wait."""

import structlog
from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.connectors.pace import pace
from rolecall.server.orders import carrying, waiting

__all__ = ["look_again", "tell_of_plans"]

log = structlog.get_logger()


@app.periodic(cron=pace().due_cron)
@app.task(name="orders:look_again", queueing_lock="orders:look_again")
def look_again(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Have orders carried again whose answer was lost."""
    if again := carrying.look_again(clock.now()):
        log.warning("orders_carried_again", orders=again)


@app.periodic(cron="11 * * * *")
@app.task(name="orders:tell_of_plans", queueing_lock="orders:tell_of_plans")
def tell_of_plans(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Tell of plans that nobody applied or cancelled."""
    if told := waiting.tell_of_plans(clock.now()):
        log.info("plans_told", count=told)
