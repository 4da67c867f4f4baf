"""Retention, each hour."""

from procrastinate.contrib.django import app

from rolecall.server import clock
from rolecall.server.files import store

__all__ = ["expire"]


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="files:expire")
def expire(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Drop files whose time is over."""
    store.expire(clock.now())
