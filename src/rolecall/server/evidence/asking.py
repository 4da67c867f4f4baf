"""Ask for an evidence file: a small one is there at once, a large one is made by a worker.

A large one would hold a process of the web for minutes, and a proxy waits for one.
"""

from datetime import datetime
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor, record
from rolecall.server.evidence.export import Asked, Exported, export, reporting
from rolecall.server.evidence.forms import paper
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.report import stamp
from rolecall.server.evidence.subject import Subject
from rolecall.server.people.models import ApiKey

__all__ = ["AT_ONCE", "JOB", "ask", "defer"]

AT_ONCE: Final = MappingProxyType({"csv": 20_000, "xlsx": 20_000, "pdf": 2_000})
"""Form → so many rows are written while somebody waits, which takes a second or two."""
JOB: Final = "evidence:make"
"""The queue's name for making one."""
_LOCK: Final = "evidence"
"""One is made after the other: syncs and changes keep their places in the workers."""


def ask(actor: Actor, asked: Asked, *, now: datetime) -> Exported | EvidenceFile:
    """The file; or, if it is large, the row of the one that a worker makes.

    Whoever asks again for what is being made for them gets the same row.

    Raises:
        NotAllowed, Gone, Invalid, BadConfig: as `export`.
    """
    settings.CONFIG.read_keys().evidence_seed()  # whoever cannot sign need not count
    with reporting(actor, asked, now=now) as (subject, report):
        if asked.form == "pdf":
            paper.insist(report)
        rows = report.total
    if rows <= AT_ONCE[asked.form]:
        return export(actor, asked, now=now)
    return _asked_for(actor, asked, subject, rows, now=now)


@transaction.atomic
def _asked_for(
    actor: Actor, asked: Asked, subject: Subject, rows: int, *, now: datetime
) -> EvidenceFile:
    target = subject.target
    file, new = EvidenceFile.objects.get_or_create(
        user_id=actor.user,
        question=_question(asked, now),
        state=EvidenceFile.State.MAKING,
        defaults={
            "key": ApiKey.objects.get(public_id=actor.id) if actor.kind == "key" else None,
            "app" if isinstance(target, App) else "person": target,
            "scopes": [app.public_id for app in subject.apps],
            "form": asked.form,
            "since": asked.since,
            "until": asked.until,
            "rows_expected": rows,
            "asked_at": now,
        },
    )
    if new:
        record(
            actor, "evidence:file:ask", target, now=now, scope=subject.scope, file=file.public_id,
            form=asked.form, rows=rows, since=stamp(asked.since), until=stamp(asked.until),
        )  # fmt: skip
        defer(file)
    return file


def defer(file: EvidenceFile) -> None:
    """A job that makes it, in this transaction and by its connection, whoever we are."""
    job = Job(
        queue="default",
        task_name=JOB,
        task_kwargs={"file_id": file.public_id},
        lock=_LOCK,
        queueing_lock=None,
    )
    JobManager(DjangoConnector()).batch_defer_jobs([job])


def _question(asked: Asked, now: datetime) -> str:
    """The same for who presses a button twice, though *now* is later then."""
    until = "now" if asked.until >= now else asked.until.isoformat()
    since = asked.since.isoformat() if asked.since else ""
    return " ".join((asked.app or asked.person, asked.form, since, until))
