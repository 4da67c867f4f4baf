"""The queue's jobs: carry a task out, sweep, start what is due."""

import os
import socket
from contextlib import suppress

import structlog
from asgiref.sync import sync_to_async
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobContext
from procrastinate.jobs import Status

from rolecall.server import clock
from rolecall.server.connectors import due, tasks, work
from rolecall.server.connectors.controller import tokens
from rolecall.server.connectors.controller.hosts import mark_missing
from rolecall.server.connectors.pace import pace

__all__ = ["carry_out", "forget", "prune", "start_due", "sweep"]

_JOBS_LAST_H = 24 * 7
"""Of jobs that failed: successful ones go at once. Tasks, with what became of them, stay."""

log = structlog.get_logger()


@app.task(name=tasks.JOB, pass_context=True)
def carry_out(context: JobContext, *, task_id: str) -> None:
    """Carry a task out, unless somebody else does."""
    work.carry_out(
        task_id,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        clock=clock.now,
        stopping=context.should_abort,
    )


@app.periodic(cron=pace().sweep_cron)
@app.task(name="connectors:sweep", queueing_lock="connectors:sweep", pass_context=True)
async def sweep(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Free what dead workers held: jobs of the queue, then tasks.

    A job of a task is never handed on: whoever wakes up late would end it under the new worker's
    hands. The task gets a new one, and periodic jobs come again by themselves.
    """
    manager = context.app.job_manager
    stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=pace().stalled_s)
    for job in stalled:
        with suppress(ConnectorException):  # another worker sweeps, too
            if job.id is not None and (job.task_name == tasks.JOB or job.queueing_lock):
                await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
            else:
                await manager.retry_job(job)
    freed = await sync_to_async(tasks.sweep, thread_sensitive=False)(clock.now())
    if stalled or freed:
        log.warning("swept", jobs=len(tuple(stalled)), tasks=freed)


@app.periodic(cron=pace().due_cron)
@app.task(name="connectors:start_due", queueing_lock="connectors:start_due")
def start_due(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Start syncs and probes whose time has come."""
    now = clock.now()
    started = due.start_syncs(now)
    started += due.start_probes(now)
    if missed := mark_missing(now):
        log.warning("connectors_missed", count=missed)
    if forgotten := due.forget_offers(now):
        log.info("tokens_forgotten", count=forgotten)
    if started:
        log.info("started", tasks=started)


@app.periodic(cron="41 3 * * *")
@app.task(name="connectors:forget", queueing_lock="connectors:forget")
def forget(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate says when it was due
    """Drop the log of runs of long ago, and tokens of which nobody has any use."""
    due.forget_lines(clock.now())
    tokens.forget(clock.now())


@app.periodic(cron="47 * * * *")
@app.task(name="connectors:prune", queueing_lock="connectors:prune", pass_context=True)
async def prune(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - when it was due
    """Drop jobs of the queue that ended long ago, however they ended."""
    await context.app.job_manager.delete_old_jobs(
        _JOBS_LAST_H, include_failed=True, include_cancelled=True, include_aborted=True
    )
