"""Take evidence along: ask, write, sign, and put the deed with its digest into the audit log.

A file leaves only when its audit row is committed. It is written to the disk, so that memory does
not grow with it.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import IO, Final, Literal

from django.conf import settings
from django.db import transaction

from rolecall.errors import Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.evidence.access_at import access_at
from rolecall.server.evidence.changes_between import changes_between
from rolecall.server.evidence.forms import paper, text, workbook
from rolecall.server.evidence.report import Report, stamp
from rolecall.server.evidence.signature import public_key, signature_line
from rolecall.server.evidence.subject import Subject, of_app, of_person
from rolecall.server.tables.export import steady

__all__ = [
    "FORMS",
    "Asked",
    "Exported",
    "Form",
    "Written",
    "export",
    "installation_key",
    "note",
    "reporting",
    "write",
]

Form = Literal["csv", "xlsx", "pdf"]
FORMS: Final = MappingProxyType({
    "csv": (text.write, "text/csv; charset=utf-8"),
    "xlsx": (
        workbook.write, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
    "pdf": (paper.write, "application/pdf"),
})  # fmt: skip
"""Form → how it is written, and its media type."""
_SOON: Final = timedelta(minutes=1)
"""Clocks of people are not quite right."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to take along: of an app, or of a person."""

    app: str = ""
    person: str = ""
    until: datetime
    """The moment; of changes, the second one."""
    since: datetime | None = None
    """The first moment; None is: no changes, but access as of the moment."""
    form: Form


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a file holds, once it is written and signed."""

    subject: Subject
    report: Report
    sha256: str
    """Over all bytes before the signature."""
    key: str
    """The public key it is signed with, in hexadecimal."""
    name: str


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A file, ready to be sent; whoever sends it closes it."""

    file: IO[bytes]
    name: str
    media_type: str
    sha256: str
    """Over all bytes before the signature."""
    rows: int


def export(actor: Actor, asked: Asked, *, now: datetime) -> Exported:
    """Write and sign an evidence file, here and now, however long that takes.

    Raises:
        NotAllowed: the actor may not take the access of this app along, or sees no app.
        Gone: there is no such app or person.
        Invalid: moments that make no sense, of which nothing is known, or are to come; a form that
            cannot hold so much.
        BadConfig: the keys file has no key to sign with.
    """
    out = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        written = write(actor, asked, out, now=now)
        with transaction.atomic():
            note(actor, asked, written, now=now)
    except BaseException:
        out.close()
        raise
    return Exported(
        file=out,
        name=written.name,
        media_type=FORMS[asked.form][1],
        sha256=written.sha256,
        rows=written.report.rows.total,
    )


@contextmanager
def reporting(actor: Actor, asked: Asked, *, now: datetime) -> Iterator[tuple[Subject, Report]]:
    """What a file will say, counted and not yet read, in one snapshot of the database.

    Raises:
        NotAllowed, Gone, Invalid: as `export`.
    """
    if asked.until > now + _SOON:
        raise Invalid("That moment is still to come.", hint="Ask for one that is past.")
    with transaction.atomic():
        steady()
        subject = of_app(actor, asked.app) if asked.app else of_person(actor, asked.person)
        if asked.since is None:
            yield subject, access_at(actor, subject, asked.until, now=now)
        else:
            yield subject, changes_between(actor, subject, asked.since, asked.until, now=now)


def write(
    actor: Actor,
    asked: Asked,
    out: IO[bytes],
    *,
    now: datetime,
    begun: Callable[[Report], object] = lambda _report: None,
) -> Written:
    """The file, and its signature under it; `out` is at its beginning again. Nobody is told of it.

    Args:
        actor: who asks; named in it.
        asked: what.
        out: an empty file.
        now: when it is made.
        begun: is given the report before its rows are read.

    Raises:
        NotAllowed, Gone, Invalid, BadConfig: as `export`.
    """
    seed = settings.CONFIG.read_keys().evidence_seed()
    with reporting(actor, asked, now=now) as (subject, report):
        begun(report)
        FORMS[asked.form][0](report, out)
    if not report.whole():
        raise RuntimeError(f"{report.counts} rows were counted, {report.rows.counts} written")
    sha256 = _digest(out)
    out.write(signature_line(sha256, seed))
    out.seek(0)
    name = _name(report.stem, asked.form)
    return Written(
        subject=subject, report=report, sha256=sha256, key=public_key(seed), name=name
    )  # fmt: skip


def note(actor: Actor, asked: Asked, written: Written, *, now: datetime) -> None:
    """The audit row of a file that is about to leave, in the caller's transaction."""
    subject, report = written.subject, written.report
    record(
        actor, f"evidence:{report.kind}:export", subject.target, now=now, scope=subject.scope,
        form=asked.form, sha256=written.sha256, rows=report.rows.total,
        rows_sha256=report.rows.sha256, key=written.key, since=stamp(asked.since),
        until=stamp(asked.until),
    )  # fmt: skip


def installation_key() -> str:
    """The public key of the evidence that is signed here, in hexadecimal; empty: there is none."""
    keys = settings.CONFIG.read_keys()
    return public_key(keys.evidence_seed()) if keys.evidence else ""


def _digest(out: IO[bytes]) -> str:
    """Over everything that was written; the next byte goes after it."""
    out.seek(0)
    return hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]


def _name(stem: str, form: str) -> str:
    """`acme-access-2026-03-03t14-05-09z.csv`."""
    return f"{re.sub(r'[^a-z0-9]+', '-', stem.lower()).strip('-')[:120] or 'evidence'}.{form}"
