"""The queue's jobs of this noun: make a large file, and look after those that nobody makes."""

import structlog
from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext

from rolecall.server import clock
from rolecall.server.connectors.pace import pace
from rolecall.server.evidence import asking, making

__all__ = ["make", "take_up"]

log = structlog.get_logger()


@app.task(name=asking.JOB, pass_context=True)
def make(context: JobContext, *, file_id: str) -> None:
    """Make one."""
    making.make(file_id, clock=clock.now, stopping=context.should_abort)


@app.periodic(cron=pace().due_cron)
@app.task(name="evidence:take_up", queueing_lock="evidence:take_up")
def take_up(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Give a job to files that have lost theirs."""
    if files := making.take_up():
        log.warning("evidence_taken_up", files=files)
