"""How a task ends, by whichever way its end is told: hosted here, or over a self-hosted one's call.

One message for both, `FinishTaskRequest`, kept whole in the task's row. Ends come late, come twice
and come from somebody who lost the task meanwhile; the row, locked, decides what each still means:

    taken, and told by its taker      the end
    put back, or given up as silent   what was done was done: a success counts
    taken by somebody else            a change that was made was made; a sync is theirs to finish
    over                              nothing: it was told before
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Code, Error, Gone, Invalid, Unfinished, Unreachable
from rolecall.server.connectors import tasks
from rolecall.server.connectors.failing import sync_failed
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import connector_row, task_rows
from rolecall.server.connectors.models import Client, LogLine, Task, Upload
from rolecall.server.connectors.pace import pace
from rolecall.server.connectors.taking import holds
from rolecall.server.keys.looks import without_secrets

__all__ = ["TRIED_FOR", "finish", "finish_for"]

TRIED_FOR: Final = timedelta(days=1)
"""How long a change that fails for a reason that passes is tried again."""
KEPT_FOR: Final = timedelta(days=30)
_LONGEST: Final = 2000
_NON_RETRYABLE: Final = "task failed and is non-retryable"
"""How connectors in Go end the message of an error that no repetition mends."""

_State = Task.State
_PASSES: Final = frozenset({
    Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.RESOURCE_EXHAUSTED, Code.ABORTED, Code.UNAVAILABLE,
})  # fmt: skip
_NAMES: Final = {
    Code.CANCELLED: "Interrupted",
    Code.INVALID_ARGUMENT: "Invalid",
    Code.DEADLINE_EXCEEDED: "Unreachable",
    Code.NOT_FOUND: "Gone",
    Code.ALREADY_EXISTS: "Conflict",
    Code.PERMISSION_DENIED: "NotAllowed",
    Code.RESOURCE_EXHAUSTED: "RateLimited",
    Code.FAILED_PRECONDITION: "Refused",
    Code.ABORTED: "Conflict",
    Code.UNIMPLEMENTED: "Unsupported",
    Code.UNAVAILABLE: "Unreachable",
    Code.UNAUTHENTICATED: "BadToken",
}
"""Code → class of `rolecall.errors`; of any other code nobody knows what it did."""


def finish(task: Task, request: api.BatonServiceFinishTaskRequest, now: datetime) -> None:
    """End an attempt of a taker in this process.

    Args:
        task: as `tasks.take` returned it.
        request: how it ended.
        now: the moment.

    Raises:
        Lost: the task is not theirs any more; nothing was changed.
    """
    with tasks.ending(task) as row:
        _end(row, request, now)


@transaction.atomic
def finish_for(client: Client, request: api.BatonServiceFinishTaskRequest, now: datetime) -> None:
    """End a task of a self-hosted connector, as far as what it says still counts.

    Raises:
        Gone: this connector has no such task.
    """
    rows = task_rows().select_related("connector__app").filter(connector=client.connector_id)
    task = rows.filter(pk=request.task_id).first()
    if task is None:
        raise Gone("This connector has no such task.")
    if _counts(task, request):
        _end(task, request, now)
    else:
        _note(task, now, f"{request.host_id} says how it ended, too late to count.")


def _counts(task: Task, request: api.BatonServiceFinishTaskRequest) -> bool:
    if task.answer is not None and task.kind == Task.Kind.SYNC:
        return False  # it was told before, and is being taken in
    done, change = request.HasField("success"), task.kind != Task.Kind.SYNC
    if task.state == _State.RUNNING:
        return holds(task, request.host_id) or (done and change)
    if task.state == _State.QUEUED:
        return done and task.attempt > 0
    return done and change and (task.state, task.error) == (_State.FAILED, "Interrupted")


def _end(task: Task, request: api.BatonServiceFinishTaskRequest, now: datetime) -> None:
    if said := request.status.message:  # some say their tokens too
        request.status.message = without_secrets(said)
    task.answer = request.SerializeToString()
    if request.HasField("error"):
        _failed(task, request, now)
    elif task.kind == Task.Kind.SYNC:
        _sent(task, now)
    else:
        tasks.end(task, _State.DONE, now)
        relabel(connector_row(task.connector_id))


def _sent(task: Task, now: datetime) -> None:
    """A sync has been read and sent; a worker of ours takes it in, by the same code as any other.

    That can take longer than a connector waits for the answer to its call.
    """
    sent = Upload.objects.filter(task=task, attempt=task.attempt).exclude(kind="log").last()
    if sent is None or sent.file is None:
        _refuse(task, _unreadable(sent), now)
        return
    sent.file.expires_at = now + KEPT_FOR
    sent.file.save(update_fields=["expires_at"])
    task.file, task.state, task.worker, task.lease_until = sent.file, _State.QUEUED, "", None
    task.result = {**task.result, "answered": task.attempt}
    task.save()
    tasks.defer(task)


def _unreadable(sent: Upload | None) -> Error:
    if sent is None:
        return Unfinished(
            "The connector says that it has synced, and sent no file.", hint="Look at its log."
        )
    return Invalid(
        "The connector sent a file of version 3 (C1Z3), which Rolecall does not read.",
        hint="It was asked for version 1: remove --storage-engine (BATON_STORAGE_ENGINE) from "
        "its settings.",
    )


def _failed(task: Task, request: api.BatonServiceFinishTaskRequest, now: datetime) -> None:
    code, message = _code(request.status.code), _words(request.status.message)
    passes = not request.error.non_retryable and code in _PASSES
    if passes and code is Code.CANCELLED and not tasks.worn_out(task):
        task.answer = None
        tasks.free_again(task, now, "The connector gave it back; it begins again.")
    elif task.kind == Task.Kind.SYNC:
        error = Unreachable(message) if not request.error.non_retryable else Invalid(message)
        _refuse(task, error, now, name=_NAMES.get(code, "Unfinished"))
    elif passes and now < task.created_at + TRIED_FOR:
        _put_off(task, message, now)
    else:
        name = _NAMES.get(code, "Unverified")
        tasks.end(task, _State.FAILED, now, error=name, message=message)
        relabel(connector_row(task.connector_id))


def _put_off(task: Task, message: str, now: datetime) -> None:
    """A change that failed for a reason that passes: again, later each time."""
    answered = int(task.result.get("answered", 0)) + 1
    task.answer, task.result = None, {**task.result, "answered": answered}
    pause = timedelta(seconds=pace().put_off_s * min(answered**2, 15))
    tasks.free_again(task, now, f"{message} It is tried again.", pause=pause)


def _refuse(task: Task, error: Error, now: datetime, *, name: str = "") -> None:
    """A sync brought nothing: as with a hosted one, the schedule tries again."""
    named = name or type(error).__name__
    tasks.end(task, _State.FAILED, now, error=named, message=str(error))
    connector = connector_row(task.connector_id)
    sync_failed(connector, task, error, now)
    connector.save()
    relabel(connector)


def _note(task: Task, now: datetime, text: str) -> None:
    LogLine.objects.create(task=task, attempt=task.attempt, at=now, level="warn", text=text[:500])


def _code(number: int) -> Code:
    try:
        return Code(number)
    except ValueError:
        return Code.UNKNOWN


def _words(text: str) -> str:
    """What a connector says, as far as a row can hold it."""
    lines = text.replace("\0", "").strip().removesuffix(_NON_RETRYABLE).strip()
    return lines[:_LONGEST] or "The connector failed, and did not say why."
