"""Make a large evidence file, in a worker: write it, sign it, keep it, and tell whoever asked.

Whoever asked is asked again whether they may: when it is begun, when it is done, and at each
download. A worker that dies leaves the file to the next one; only the last that began may end it.
"""

import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import IO, Final, cast

import structlog
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from rolecall.errors import (
    Conflict,
    DiskFull,
    Error,
    Interrupted,
    Invalid,
    NotAllowed,
    Unfinished,
)
from rolecall.server.audit.trail import SYSTEM, Actor, record
from rolecall.server.evidence.asking import JOB, defer
from rolecall.server.evidence.export import Asked, Form, Written, note, write
from rolecall.server.evidence.finding import insist
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.report import Report
from rolecall.server.files.store import MAX_BYTES, store
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News, tell
from rolecall.server.people import apikeys

__all__ = ["KEPT", "MOST_ATTEMPTS", "make", "take_up"]

KEPT: Final = timedelta(days=7)
MOST_ATTEMPTS: Final = 5
"""A file that so many workers died of is not given to a sixth."""
_TOLD_EACH: Final = timedelta(seconds=1)
_DIED: Final = Unfinished(
    f"{MOST_ATTEMPTS} workers ended while they made it.",
    hint="Whoever runs Rolecall finds why in the worker's log, or in its memory and disk.",
)
_State = EvidenceFile.State
Clock = Callable[[], datetime]

log = structlog.get_logger()


class _Lost(Conflict):
    """It is not ours any more: another worker has begun it."""


class _Progress:
    """Says how far it is, by a connection of its own: that of the reading sees one moment only."""

    def __init__(self, file: EvidenceFile, clock: Clock, stopping: Callable[[], bool]) -> None:
        self._file = file
        self._clock = clock
        self._stopping = stopping
        self._beside = connection.copy()
        self._next = clock() + _TOLD_EACH

    def begun(self, report: Report) -> None:
        """Its rows are counted."""
        report.rows.heard = self._heard
        self._say("rows_expected", report.total)

    def close(self) -> None:
        """Nothing more is said."""
        self._beside.close()

    def _heard(self, rows: int) -> None:
        """Raises Interrupted: the worker is being stopped."""
        if self._stopping():
            raise Interrupted("The worker is being stopped.")
        if self._clock() >= self._next:
            self._next = self._clock() + _TOLD_EACH
            self._say("rows", rows)

    def _say(self, column: str, rows: int) -> None:
        """Raises _Lost: another worker is at it."""
        table = EvidenceFile._meta.db_table  # noqa: SLF001 - Django's way to say it
        with self._beside.cursor() as cursor:
            cursor.execute(
                f"update {table} set {column} = %s"  # noqa: S608 - both are ours
                " where id = %s and attempt = %s and state = %s",
                (rows, self._file.pk, self._file.attempt, _State.MAKING),
            )
            if not cursor.rowcount:
                raise _Lost(f"{self._file.public_id} is not ours any more.")


def make(file_id: str, *, clock: Clock, stopping: Callable[[], bool] = lambda: False) -> None:
    """Make it, unless that is done.

    Args:
        file_id: the public one.
        clock: the time now.
        stopping: whether this worker is being stopped; another one then begins again.
    """
    file = _begin(file_id, clock())
    if file is None:
        return
    try:
        _attempt(file, clock, stopping)
    except _Lost:
        log.warning("evidence_lost", file=file_id, attempt=file.attempt)
    except Interrupted:
        _give_back(file)
    except Error as error:
        _fail(file, error, clock())
    except DatabaseTrouble:
        raise  # `take_up` gives it another job
    except Exception as bug:
        log.exception("evidence_not_made", file=file_id)
        _fail(file, _told(bug), clock())


@transaction.atomic
def take_up() -> int:
    """Give a job to every file that is being made and has none; how many."""
    rows = EvidenceFile.objects.select_for_update(skip_locked=True, of=("self",))
    making = list(rows.filter(state=_State.MAKING))
    if not making:
        return 0
    jobs = ProcrastinateJob.objects.filter(task_name=JOB, status__in=("todo", "doing"))
    known = set(jobs.values_list("args__file_id", flat=True))
    forgotten = [file for file in making if file.public_id not in known]
    for file in forgotten:
        defer(file)
    return len(forgotten)


@transaction.atomic
def _begin(file_id: str, now: datetime) -> EvidenceFile | None:
    """Another attempt at it; None: it is over."""
    rows = EvidenceFile.objects.select_for_update(of=("self",)).select_related(
        "user", "key", "app", "person"
    )
    file = rows.filter(public_id=file_id, state=_State.MAKING).first()
    if file is None:
        return None
    if file.attempt >= MOST_ATTEMPTS:
        _end_failed(file, _DIED, now)
        return None
    file.attempt, file.rows, file.started_at = file.attempt + 1, 0, now
    file.save(update_fields=["attempt", "rows", "started_at"])
    return file


def _attempt(file: EvidenceFile, clock: Clock, stopping: Callable[[], bool]) -> None:
    now = clock()
    actor = _asker(file, now)
    asked = Asked(form=cast("Form", file.form), since=file.since, until=file.until, **file.about)
    progress = _Progress(file, clock, stopping)
    try:
        with tempfile.TemporaryFile() as out:
            written = write(actor, asked, out, now=now, begun=progress.begun)
            _keep(file, out, actor=actor, asked=asked, written=written, now=clock())
    finally:
        progress.close()


def _asker(file: EvidenceFile, now: datetime) -> Actor:
    """Whoever asked, with the roles that they have now.

    Raises:
        NotAllowed: it was a key, and it has ended.
    """
    if file.key is None:
        user = file.user
        return Actor(kind="person", id=user.public_id, name=str(user), user=user.pk)
    actor = apikeys.acting(file.key.public_id, now=now)
    if actor is None:
        raise NotAllowed(
            f"The key {file.key} has ended since.", hint="Ask again, with one that works."
        )
    return actor


@transaction.atomic
def _keep(
    file: EvidenceFile, out: IO[bytes], *, actor: Actor, asked: Asked, written: Written,
    now: datetime,
) -> None:  # fmt: skip
    """It is ready: its bytes, the audit row and the news commit together."""
    row = _ours(file)
    row.scopes = [app.public_id for app in written.subject.apps]
    insist(actor, row)
    row.file = store(
        _bounded(out), kind="evidence", name=written.name, now=now, expires_at=now + KEPT
    )
    row.state, row.ended_at, row.expires_at = _State.READY, now, now + KEPT
    row.name, row.sha256, row.rows = written.name, written.sha256, written.report.rows.total
    row.save()
    note(actor, asked, written, now=now)
    _tell(
        row,
        now,
        subject=f"Your file is ready: {written.report.title}",
        text=f"{row.name} has {row.rows:,} rows and {row.file.bytes / 2**20:,.1f} MiB. It is kept "
        f"for {KEPT.days} days.",
    )


def _bounded(out: IO[bytes]) -> IO[bytes]:
    """Raises Invalid: it is larger than what is kept."""
    if os.fstat(out.fileno()).st_size > MAX_BYTES:
        raise Invalid(
            f"The file has more than {MAX_BYTES >> 20:,} MiB.",
            hint="Ask for XLSX, which is smaller, or for changes of a shorter time.",
        )
    return out


@transaction.atomic
def _give_back(file: EvidenceFile) -> None:
    """Another worker begins again."""
    if (row := _row(file)) is not None:
        defer(row)


@transaction.atomic
def _fail(file: EvidenceFile, error: Error, now: datetime) -> None:
    if (row := _row(file)) is not None:
        _end_failed(row, error, now)


def _end_failed(row: EvidenceFile, error: Error, now: datetime) -> None:
    """It will not be made, and why; of a locked row."""
    row.state, row.ended_at, row.why = _State.FAILED, now, str(error)
    row.save(update_fields=["state", "ended_at", "why"])
    record(SYSTEM, "evidence:file:fail", row.target, now=now, file=row.public_id, why=row.why)
    _tell(row, now, subject=f"Your file could not be made: {row.target}", text=row.why)


def _tell(row: EvidenceFile, now: datetime, *, subject: str, text: str) -> None:
    news = News(
        kind=Kind.EVIDENCE,
        event=f"{Kind.EVIDENCE}:{row.public_id}",
        subject=subject,
        text=text,
        link=f"/evidence/files/{row.public_id}",
    )
    tell(news, [row.user], why="You get this because you asked for the file.", now=now)


def _row(file: EvidenceFile) -> EvidenceFile | None:
    """The row, locked, if this attempt is the last that was begun, and is not over."""
    rows = EvidenceFile.objects.select_for_update(of=("self",)).select_related(
        "user", "key", "app", "person"
    )
    return rows.filter(pk=file.pk, attempt=file.attempt, state=_State.MAKING).first()


def _ours(file: EvidenceFile) -> EvidenceFile:
    """Raises _Lost: there is no such row."""
    if (row := _row(file)) is None:
        raise _Lost(f"{file.public_id} is not ours any more.")
    return row


def _told(bug: Exception) -> Error:
    """Trouble with the disk, or a bug of ours; without its text, which could hold anything."""
    if isinstance(bug, OSError):
        return DiskFull(
            f"The worker could not write it: {bug.strerror}.",
            hint="Whoever runs Rolecall gives its folder for temporary files more room.",
        )
    return Unfinished(
        f"Something went wrong that should not ({type(bug).__name__}).",
        hint="The worker's log has the details; whoever runs Rolecall can report it.",
    )
