"""Take evidence along: ask, write, sign, and put the deed with its digest into the audit log.

A file leaves only when its audit row is committed. It is written to the disk, so that memory does
not grow with it.
"""

import hashlib
import re
import tempfile
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

__all__ = ["FORMS", "Asked", "Exported", "Form", "export", "installation_key"]

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
class Exported:
    """A file, ready to be sent; whoever sends it closes it."""

    file: IO[bytes]
    name: str
    media_type: str
    sha256: str
    """Over all bytes before the signature."""
    rows: int


def export(actor: Actor, asked: Asked, *, now: datetime) -> Exported:
    """Write and sign an evidence file.

    Raises:
        NotAllowed: the actor may not take the access of this app along, or sees no app.
        Gone: there is no such app or person.
        Invalid: moments that make no sense, of which nothing is known, or are to come; a form that
            cannot hold so much.
        BadConfig: the keys file has no key to sign with.
    """
    seed = settings.CONFIG.read_keys().evidence_seed()
    if asked.until > now + _SOON:
        raise Invalid("That moment is still to come.", hint="Ask for one that is past.")
    out = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        return _exported(actor, asked, seed, out, now=now)
    except BaseException:
        out.close()
        raise


def _exported(
    actor: Actor, asked: Asked, seed: bytes, out: IO[bytes], *, now: datetime
) -> Exported:
    write, media_type = FORMS[asked.form]
    with transaction.atomic():
        steady()
        subject = of_app(actor, asked.app) if asked.app else of_person(actor, asked.person)
        report = _report(actor, subject, asked, now)
        write(report, out)
    if not report.whole():
        raise RuntimeError(f"{report.counts} rows were counted, {report.rows.counts} written")
    sha256 = _digest(out)
    out.write(signature_line(sha256, seed))
    out.seek(0)
    with transaction.atomic():
        record(
            actor, f"evidence:{report.kind}:export", subject.target, now=now, scope=subject.scope,
            form=asked.form, sha256=sha256, rows=report.rows.total,
            rows_sha256=report.rows.sha256, key=public_key(seed), since=stamp(asked.since),
            until=stamp(asked.until),
        )  # fmt: skip
    return Exported(
        file=out,
        name=_name(report.stem, asked.form),
        media_type=media_type,
        sha256=sha256,
        rows=report.rows.total,
    )


def installation_key() -> str:
    """The public key of the evidence that is signed here, in hexadecimal; empty: there is none."""
    keys = settings.CONFIG.read_keys()
    return public_key(keys.evidence_seed()) if keys.evidence else ""


def _report(actor: Actor, subject: Subject, asked: Asked, now: datetime) -> Report:
    if asked.since is None:
        return access_at(actor, subject, asked.until, now=now)
    return changes_between(actor, subject, asked.since, asked.until, now=now)


def _digest(out: IO[bytes]) -> str:
    """Over everything that was written; the next byte goes after it."""
    out.seek(0)
    return hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]


def _name(stem: str, form: str) -> str:
    """`acme-access-2026-03-03t14-05-09z.csv`."""
    return f"{re.sub(r'[^a-z0-9]+', '-', stem.lower()).strip('-')[:120] or 'evidence'}.{form}"
