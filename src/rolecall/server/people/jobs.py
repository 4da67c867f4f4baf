"""Sessions that are over, each hour."""

from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.people import devices

__all__ = ["forget_sessions"]


@app.periodic(cron="41 * * * *")
@app.task(queueing_lock="people:sessions")
def forget_sessions(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Drop sessions whose time is over."""
    devices.forget(clock.now())
