"""The runs of a connector, and one of them: log, result, the file it wrote."""

from datetime import timedelta

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from rolecall.errors import Gone
from rolecall.server.connectors.finding import connector_for, task_for
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.models import LogLine, Task
from rolecall.server.connectors.pages.connector import context_of
from rolecall.server.connectors.pages.looks import connector_crumbs, task_look, trigger_words
from rolecall.server.files.store import read
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import duration, link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["download", "run", "runs"]

_LINES = 2000


def _lasted(task: Task) -> timedelta | None:
    return task.ended_at - task.started_at if task.started_at and task.ended_at else None


def _counted(task: Task, what: str) -> int | None:
    """Accounts and grants that a sync added, changed or removed."""
    if task.sync is None:
        return None
    counts = task.sync.counts
    kinds = [counts.get("accounts", {}), *counts.get("grants", {}).values()]
    return sum(int(one.get(what, 0)) for one in kinds)


def _found(task: Task) -> list[tuple[str, dict[str, int]]]:
    """What a sync found, by kind."""
    if task.sync is None:
        return []
    counts = task.sync.counts
    grants = counts.get("grants", {})
    return [
        ("Accounts", counts.get("accounts", {})),
        ("Resources", counts.get("resources", {})),
        *((f"Grants of a {kind}", shift) for kind, shift in grants.items()),
    ]


def _counts(what: str) -> Column[Task]:
    return Column(
        name=what, label=what.capitalize(), value=lambda t: _counted(t, what), number=True
    )


_COLUMNS: tuple[Column[Task], ...] = (
    Column(
        name="started",
        label="Started",
        value=lambda t: t.started_at or t.created_at,
        show=lambda t: link(
            moment(t.started_at or t.created_at), reverse("connectors:run", args=(t.pk,))
        ),
        sort=("created_at",),
    ),
    Column(name="kind", label="Kind", value=lambda t: t.kind, sort=("kind", "created_at")),
    Column(name="trigger", label="Trigger", value=trigger_words),
    Column(name="by", label="Asked by", value=lambda t: t.asked_by, usual=False),
    Column(name="lasted", label="Duration", value=lambda t: duration(_lasted(t))),
    _counts("added"),
    _counts("changed"),
    _counts("removed"),
    Column(
        name="result",
        label="Result",
        value=lambda t: t.state,
        show=lambda t: status(task_look(t)),
        sort=("state", "created_at"),
    ),
    Column(name="message", label="Message", value=lambda t: t.message, usual=False),
    Column(name="id", label="Id", value=lambda t: t.pk, usual=False),
)


def _choices(pairs: list[tuple[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=label) for value, label in pairs)


_TABLE: Table[Task] = Table(
    noun="runs",
    columns=_COLUMNS,
    order="-started",
    filters=(
        Filter(
            name="kind", label="Kind", narrow=one_of("kind"), choices=_choices(Task.Kind.choices)
        ),
        Filter(
            name="result",
            label="Result",
            narrow=one_of("state"),
            choices=_choices(Task.State.choices),
        ),
    ),
    fetch=lambda rows: rows.select_related("sync"),
)


@page("connector:read")
def runs(request: Request, connector_id: str) -> HttpResponseBase:
    """Every sync, test and probe, newest first."""
    one = connector_for(request.actor, connector_id)
    rows = Task.objects.filter(connector=one)
    return show(
        request, "connectors/runs.html", _TABLE, rows, **context_of(request, one), prefix=one.name
    )


@page("connector:read")
def run(request: Request, task_id: str) -> HttpResponse:
    """One run: how it went, line by line."""
    task = task_for(request.actor, task_id)
    one = task.connector
    lines = LogLine.objects.filter(task=task)[:_LINES]
    context = {
        "task": task,
        "connector": one,
        "look": task_look(task),
        "trigger": trigger_words(task),
        "running": task.state in OPEN[:2],
        "lasted": _lasted(task),
        "lines": lines,
        "found": _found(task),
        "may_download": may(request.actor, "connector:download", one.public_id),
        "crumbs": [
            *connector_crumbs(one),
            ("Runs", reverse("connectors:runs", args=(one.public_id,))),
        ],
    }
    template = "connectors/run_live.html" if request.htmx else "connectors/run.html"
    return render(request, template, context)


@page("connector:download")
def download(request: Request, task_id: str) -> HttpResponseBase:
    """The file that the run wrote, in Baton's own form."""
    task = task_for(request.actor, task_id, "connector:download")
    if task.file is None or not task.file.sha256:
        raise Gone("This run's file is not kept any more.", hint="Look at a newer run.")
    return StreamingHttpResponse(
        read(task.file),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{task.pk}.c1z"',
            "Content-Length": str(task.file.bytes),
        },
    )
