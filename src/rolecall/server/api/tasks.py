"""Tasks of connectors: syncs, tests, probes; how they went, line by line."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.errors import Gone
from rolecall.server import clock
from rolecall.server.api.door import FAULTS, actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Problem, TaskId
from rolecall.server.connectors.finding import connector_for, task_for
from rolecall.server.connectors.models import Hold, LogLine, Task
from rolecall.server.connectors.services import running
from rolecall.server.files.store import read

__all__ = [
    "Find",
    "HoldOut",
    "LineOut",
    "TaskOut",
    "cancel",
    "download",
    "get_log",
    "get_task",
    "list_tasks",
    "of_connectors",
    "router",
]

router = Router(tags=["tasks"])
of_connectors = Router(tags=["tasks"])


class HoldOut(Schema):
    """Why a sync was not applied, and what somebody decided."""

    id: str
    kind: str
    facts: dict[str, Any]
    raised_at: datetime
    decision: str
    decided_by: str
    decided_at: datetime | None
    reason: str

    @staticmethod
    def resolve_id(row: Hold) -> str:
        """The public one."""
        return row.public_id


class TaskOut(Schema):
    """One piece of work."""

    id: str
    connector: str
    kind: str
    trigger: str
    asked_by: str
    state: str
    attempt: int
    progress: dict[str, Any]
    result: dict[str, Any]
    error: str
    message: str
    sync: str | None
    hold: HoldOut | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @staticmethod
    def resolve_connector(row: Task) -> str:
        """The public one."""
        return row.connector.public_id

    @staticmethod
    def resolve_sync(row: Task) -> str | None:
        """The public one."""
        return row.sync.public_id if row.sync else None

    @staticmethod
    def resolve_hold(row: Task) -> Hold | None:
        """Where there is one."""
        return getattr(row, "hold", None)


class LineOut(Schema):
    """What a task said."""

    attempt: int
    at: datetime
    level: str
    text: str


class Find(Window):
    """Which tasks."""

    kind: Task.Kind | None = None
    state: Task.State | None = None


def _rows() -> QuerySet[Task]:
    return Task.objects.select_related("connector__app", "sync", "hold")


@of_connectors.get("/{connector}/tasks", response=answers(Page[TaskOut]))
def list_tasks(request: HttpRequest, connector: Id, find: Asked[Find]) -> Cut[Task]:
    """The runs of a connector, the newest first."""
    found = connector_for(actor_of(request), connector)
    rows = _rows().filter(connector=found)
    wanted = {"kind": find.kind, "state": find.state}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return cut(rows, find, by="pk", newest_first=True)


@router.get("/{task}", response=answers(TaskOut))
def get_task(request: HttpRequest, task: TaskId) -> Task:
    """One task."""
    return task_for(actor_of(request), task)


@router.get("/{task}/log", response=answers(Page[LineOut]))
def get_log(request: HttpRequest, task: TaskId, window: Asked[Window]) -> Cut[LogLine]:
    """What it said, in order."""
    return cut(task_for(actor_of(request), task).lines.all(), window, by="pk")


@router.post("/{task}/cancel", response=answers(TaskOut))
def cancel(request: HttpRequest, task: TaskId) -> Task:
    """Stop a task that is queued or running; nothing of it is applied."""
    actor = actor_of(request)
    found = task_for(actor, task)
    running.cancel(actor, found.connector.public_id, task, now=clock.now())
    return task_for(actor, task)


@router.get(
    "/{task}/file",
    response={FAULTS: Problem},
    openapi_extra={
        "responses": {
            200: {
                "description": "The `.c1z` that the sync wrote.",
                "content": {"application/octet-stream": {"schema": {"type": "string"}}},
            }
        }
    },
)
def download(request: HttpRequest, task: TaskId) -> StreamingHttpResponse:
    """The `.c1z` that the sync wrote."""
    found = task_for(actor_of(request), task, "connector:download")
    if found.file is None or not found.file.sha256:
        raise Gone("This run's file is not kept (any more).", hint="Look at a newer run.")
    chunks: Iterator[bytes] = read(found.file)
    return StreamingHttpResponse(
        chunks,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{found.pk}.c1z"',
            "Content-Length": str(found.file.bytes),
        },
    )
