"""What the queue is done with does not pile up."""

import asyncio
from types import SimpleNamespace

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from rolecall.server.connectors import jobs


def a_job(status: str, *, hours: int) -> int:
    """A job that came to this state so long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status) "
            "values ('default', 'x', '{}', %s) returning id",
            (status,),
        )
        (pk,) = cursor.fetchone()
        cursor.execute("delete from procrastinate_events where job_id = %s", (pk,))
        cursor.execute(
            "insert into procrastinate_events (job_id, type, at) "
            "values (%s, 'deferred', now() - make_interval(hours => %s))",
            (pk, hours),
        )
    return int(pk)


@pytest.mark.usefixtures("transactional_db")
def test_jobs_that_ended_long_ago_go():
    """Failed, cancelled and aborted ones after a week; what is to come stays, however old."""
    kept = {a_job("failed", hours=24 * 6), a_job("todo", hours=24 * 30)}
    for status in ("succeeded", "failed", "cancelled", "aborted"):
        a_job(status, hours=24 * 8)

    context = SimpleNamespace(app=app)
    asyncio.run(jobs.prune.func(context, 0))

    assert set(ProcrastinateJob.objects.values_list("pk", flat=True)) == kept


def test_it_comes_by_itself():
    """Each hour, and never twice at once."""
    periodic = {one.task.name: one for one in app.periodic_registry.periodic_tasks.values()}

    assert periodic["connectors:prune"].cron == "47 * * * *"
    assert periodic["connectors:prune"].task.queueing_lock == "connectors:prune"
