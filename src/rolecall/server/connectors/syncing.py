"""One sync, from the connector's code to the rows of its app; and one that somebody said yes to.

Read, keep the file, take it in: the last two in transactions that check that the task is still
ours. What is written about a sync's end stands in the transaction that applied it, or nowhere.
"""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from rolecall.baton.c1z.reader import open_c1z
from rolecall.connector.job import Outcome
from rolecall.connector.resources import USER
from rolecall.errors import Conflict, Unfinished
from rolecall.server.access.intake import Preview, take_in
from rolecall.server.access.intake.content import Content
from rolecall.server.access.models import Sync
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors import hosted, schedule, tasks, vault
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.ended import tell_sync_applied
from rolecall.server.connectors.guard import Held, judge
from rolecall.server.connectors.labels import relabel
from rolecall.server.connectors.locks import connector_row, task_rows
from rolecall.server.connectors.models import Connector, Hold, Task
from rolecall.server.connectors.services.delete import archive
from rolecall.server.connectors.services.running import schedule_of
from rolecall.server.connectors.telling import tell
from rolecall.server.files.store import fetch, store
from rolecall.server.notifications.kinds import Kind

__all__ = ["KEPT_FOR", "sync"]

KEPT_FOR: Final = timedelta(days=30)
"""How long the file of a sync can be downloaded, or a held one confirmed."""

_State = Task.State


def sync(beat: Beat) -> None:
    """Carry the beat's task out.

    Raises:
        Lost: the task became somebody else's; nothing of ours has an effect.
        Error: why it failed; the app is as it was.
    """
    confirmed = Hold.objects.filter(task=beat.task, decision="confirmed").first()
    with tempfile.TemporaryDirectory(prefix="rolecall-sync-") as name:
        folder = Path(name)
        if confirmed is not None:
            beat.info("Applying the file that was confirmed.")
            proved, path = _fetch_kept(beat.task, folder)
        elif beat.task.answer is not None:
            beat.info("Looking at what the connector has sent.")
            proved, path = _fetch_kept(beat.task, folder)
            _insist_on_accounts(path)
        else:
            proved, path = _read(beat, folder)
        beat.info("Taking it in.")
        beat.rest()
        try:
            _apply(beat, path, proved, confirmed)
        except Held as held:
            _hold(beat, held)


def _read(beat: Beat, folder: Path) -> tuple[list[str] | None, Path]:
    """What the connector reads, kept as a file: the types proved, and where it is."""
    connector = Connector.objects.select_related("app").get(pk=beat.task.connector_id)
    tokens = vault.open_all(vault.current(connector))
    beat.hide(tokens.values())
    job = hosted.job_for(connector, tokens, folder)
    outcome = hosted.read(job, beat)
    proved = [USER] if job.scim is None and not _missing(outcome) else None
    now = beat.clock()
    with tasks.ending(beat.task) as task, job.target.open("rb") as source:
        before = task.file
        name = f"{connector.app.name}-{now:%Y%m%dT%H%M%SZ}.c1z"
        task.file = store(source, kind="c1z", name=name, now=now, expires_at=now + KEPT_FOR)
        task.result = {
            "proved": proved,
            "missing": _missing(outcome)[:100],
            "not_asked": list(outcome.not_asked),
            "requests": outcome.counters.requests,
        }
        task.save()
        if before is not None:
            before.delete()  # of an attempt whose worker died
    return proved, job.target


def _missing(outcome: Outcome) -> list[str]:
    return list(getattr(outcome.result, "missing", ()))


def _fetch_kept(task: Task, folder: Path) -> tuple[list[str] | None, Path]:
    if (file := task.file) is None:
        raise Conflict("The file of this sync is not kept any more.", hint="Sync again.")
    return task.result.get("proved"), fetch(file, folder / hosted.FILE)


def _insist_on_accounts(path: Path) -> None:
    """No workspace is empty, and nobody but the connector can say why it saw nobody."""
    with open_c1z(path) as reader:
        if USER not in Content(reader).read_at:
            raise Unfinished(
                "The connector sent a sync without any account. Nothing was applied.",
                hint="Look at its log: a filter, or a credential that sees nothing.",
            )


def _apply(beat: Beat, path: Path, proved: list[str] | None, confirmed: Hold | None) -> None:
    with tasks.ending(beat.task) as task:
        connector = task.connector
        if connector.archived_at:
            raise Conflict("The connector was deleted, or another one took over from it.")

        waiting = _waiting(connector.succeeds_id)

        def guard(preview: Preview) -> None:
            if confirmed is None:
                judge(
                    preview,
                    shrink_percent=connector.shrink_percent,
                    overlap_check=connector.overlap_check or connector.succeeds_id is not None,
                )

        applied = take_in(
            path,
            app_id=connector.app_id,
            task_id=task.pk,
            now=beat.clock(),
            guard=guard,
            proved=proved,
        )
        _succeed(task, applied, waiting, beat.clock())


def _waiting(former: int | None) -> list[str]:
    """Syncs that the connector to take over from has not begun; locked, before the app is.

    One that runs is left to end by itself: what it read is older than what is applied now.
    """
    rows = task_rows().filter(connector=former, state__in=(_State.QUEUED, _State.HELD))
    return [task.pk for task in rows.order_by("id")] if former else []


def _succeed(task: Task, applied: Sync, waiting: list[str], now: datetime) -> None:
    """Everything that is true once a sync is applied; in the transaction that applies it."""
    applied.file = task.file
    applied.save(update_fields=["file"])
    task.sync = applied
    task.result = {**task.result, "counts": applied.counts, "completeness": applied.completeness}
    tasks.end(task, _State.DONE, now)
    tell_sync_applied(applied, task, now)
    connector = connector_row(task.connector_id)
    if (former := connector.succeeds) is not None:
        _take_over(connector, connector_row(former.pk), waiting, now)
    connector.last_success_at, connector.failures, connector.trouble = now, 0, ""
    connector.overlap_check = False
    if connector.due_at is not None and connector.due_at <= now:
        connector.due_at = schedule.next_due(schedule_of(connector), now, connector.public_id)
    connector.save()
    relabel(connector)


def _take_over(connector: Connector, former: Connector, waiting: list[str], now: datetime) -> None:
    record(
        _itself(connector), "connector:take_over", connector, now=now, scope=connector.public_id,
        former=former.public_id,
    )  # fmt: skip
    for one in task_rows().filter(pk__in=waiting).order_by("id"):
        tasks.end(one, _State.CANCELLED, now, message=f"{connector.name} took over.")
    archive(former, by=connector.name, now=now)
    connector.succeeds = None


def _hold(beat: Beat, held: Held) -> None:
    """Keep the file and the question; the app is as it was."""
    now = beat.clock()
    with tasks.ending(beat.task) as task:
        hold = Hold.objects.create(task=task, kind=held.kind, facts=held.facts, raised_at=now)
        tasks.end(task, _State.HELD, now, message=held.message)
        connector = connector_row(task.connector_id)
        relabel(connector)
        record(
            _itself(connector), "connector:hold:raise", connector, now=now,
            scope=connector.public_id, task=task.pk, kind=held.kind, message=held.message,
        )  # fmt: skip
        tell(
            connector,
            Kind.HELD,
            f"connector:hold:{hold.public_id}",
            subject=f"{connector.name} needs confirmation",
            text=f"{held.message}\n\nLook at the difference, then confirm or reject it.",
            now=now,
        )


def _itself(connector: Connector) -> Actor:
    return Actor(kind="connector", id=connector.public_id, name=connector.name)
