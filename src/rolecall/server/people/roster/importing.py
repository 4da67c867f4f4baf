"""Carry a roster out: the file is kept for an hour between the preview and the yes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from rolecall.server.audit.trail import Actor, record
from rolecall.server.files import previews
from rolecall.server.people import changed
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.people.permissions import require
from rolecall.server.people.roster.planning import Plan, plan
from rolecall.server.people.roster.reading import read

__all__ = ["Counts", "Preview", "apply", "look", "preview"]

_KIND: Final = "roster"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a file would change, and by what it is applied."""

    plan: Plan
    file: str
    """Public id of the kept file."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What was done."""

    added: int
    changed: int
    returned: int
    left: int


@transaction.atomic
def preview(actor: Actor, data: bytes, *, name: str, now: datetime) -> Preview:
    """Keep a file, and say what it would change; nothing is changed.

    Raises:
        NotAllowed: only super administrators may.
        Invalid: it is no such file at all; faults of single rows are in the plan.
    """
    require(actor, "person:edit")
    sheet = read(data)
    kept = previews.keep(data, kind=_KIND, name=name, now=now)
    return Preview(plan=plan(sheet), file=kept)


def look(actor: Actor, file: str, *, now: datetime) -> Preview:
    """What a kept file would change by now.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such file any more.
    """
    require(actor, "person:edit")
    kept = previews.kept(file, kind=_KIND, now=now)
    return Preview(plan=plan(read(previews.content(kept))), file=file)


@transaction.atomic
def apply(actor: Actor, file: str, *, digest: str, absent_left: bool, now: datetime) -> Counts:
    """Change exactly what the preview said.

    Args:
        actor: who says yes.
        file: public id of the kept file.
        digest: of the plan that was shown.
        absent_left: whether those who are not in the file any more are noted as left.
        now: the moment.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such file any more.
        Conflict: rows of it have faults, or the plan is another by now.
    """
    require(actor, "person:edit")
    kept = previews.kept(file, kind=_KIND, now=now)
    with connection.cursor() as cursor:  # from here on nobody else changes persons
        cursor.execute("LOCK TABLE people_person IN SHARE ROW EXCLUSIVE MODE")
    found = plan(read(previews.content(kept)))
    previews.agreed("People", faulty=bool(found.faults), same=found.digest == digest)
    counts = _carry_out(actor, found, absent_left, now)
    record(
        actor, "person:import", None, now=now, file=kept.name, sha256=kept.sha256, **vars(counts)
    )
    kept.delete()
    return counts


def _carry_out(actor: Actor, found: Plan, absent_left: bool, now: datetime) -> Counts:  # noqa: FBT001
    touched = _addresses([one.person for one in found.changed if one.person])
    persons = _write_persons(found, now)
    _write_emails(found, persons)
    _write_managers(found)
    for one in found.returned:
        record(actor, "person:return", one.person, now=now, reason="roster")
    gone = list(found.absent) if absent_left else []
    for person in gone:
        person.status, person.left_at, person.changed_at = Person.Status.LEFT, now, now
        record(actor, "person:leave", person, now=now, reason="roster")
    Person.objects.bulk_update(gone, ["status", "left_at", "changed_at"], batch_size=1000)
    touched |= _addresses([*persons.values(), *gone])
    changed.tell([one.pk for one in (*persons.values(), *gone)], touched, now)
    return Counts(
        added=len(found.added),
        changed=len(found.changed),
        returned=len(found.returned),
        left=len(gone),
    )


def _addresses(persons: Iterable[Person]) -> set[str]:
    emails = PersonEmail.objects.filter(person__in=[one.pk for one in persons])
    return set(emails.values_list("folded", flat=True))


def _write_persons(found: Plan, now: datetime) -> dict[int, Person]:
    """New and changed persons by the line of their row."""
    persons = {}
    for one in found.entries:
        person = one.person or Person(created_at=now)
        if one.person and not one.changes and not one.returns and person.source == "csv":
            continue
        person.name, person.source, person.changed_at = one.row.name, "csv", now
        person.title = person.title if one.row.title is None else one.row.title
        person.department = person.department if one.row.department is None else one.row.department
        person.status, person.left_at = Person.Status.ACTIVE, None
        persons[one.row.number] = person
    new = [one for one in persons.values() if one.pk is None]
    old = [one for one in persons.values() if one.pk is not None]
    Person.objects.bulk_create(new, batch_size=1000)
    fields = ["name", "title", "department", "status", "left_at", "source", "changed_at"]
    Person.objects.bulk_update(old, fields, batch_size=1000)
    return persons


def _write_emails(found: Plan, persons: dict[int, Person]) -> None:
    entries = [one for one in found.entries if one.person is None or "emails" in one.changes]
    kept: dict[int, dict[str, str]] = {}
    changing = [one.person.pk for one in entries if one.person]
    for email in PersonEmail.objects.filter(person__in=changing):
        kept.setdefault(email.person_id, {})[email.folded] = email.address
    PersonEmail.objects.filter(person__in=changing).delete()
    rows = []
    for one in entries:
        person = persons[one.row.number]
        wanted = dict(one.row.emails)
        if not one.row.others:
            wanted = wanted | {k: v for k, v in kept.get(person.pk, {}).items() if k not in wanted}
        rows += [
            PersonEmail(person=person, address=address, folded=folded, primary=place == 0)
            for place, (folded, address) in enumerate(wanted.items())
        ]
    PersonEmail.objects.bulk_create(rows, batch_size=1000)


def _write_managers(found: Plan) -> None:
    """Last, when everybody of the file is there."""
    said = [one for one in found.entries if one.row.manager is not None]
    owners = dict(PersonEmail.objects.values_list("folded", "person_id"))
    wanted = {owners[next(iter(one.row.emails))]: owners.get(one.row.manager or "") for one in said}
    rows = [one for one in Person.objects.filter(pk__in=wanted) if one.manager_id != wanted[one.pk]]
    for one in rows:
        one.manager_id = wanted[one.pk]
    Person.objects.bulk_update(rows, ["manager"], batch_size=1000)
