"""Persons of the company: added, corrected, left, returned; by hand here, by file in `roster`.

A person is never deleted: reasons and history name them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people import changed
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.people.permissions import require

__all__ = [
    "Draft",
    "add",
    "by_address",
    "edit",
    "fold",
    "insist_on_no_circle",
    "leave",
    "load",
    "return_",
]

MAX_TEXT: Final = 200
_MAX_EMAIL: Final = 320


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is said about a person; the first address is the primary one."""

    name: str
    emails: Sequence[str] = field(default=())
    title: str = ""
    department: str = ""
    manager: str = ""
    """Public id of a person, or empty."""


def fold(address: str) -> str:
    """An address as accounts are matched by it.

    Raises:
        Invalid: it is none.
    """
    folded = address.strip().casefold()
    try:
        validate_email(folded)
    except ValidationError as error:
        raise Invalid(f"{address.strip()!r} is not an e-mail address.") from error
    if len(folded) > _MAX_EMAIL:
        raise Invalid(f"An e-mail address has at most {_MAX_EMAIL} characters.")
    return folded


def load(person: str) -> Person:
    """The person with this public id, locked.

    Raises:
        Gone: there is none.
    """
    found = Person.objects.select_for_update(of=("self",)).filter(public_id=person).first()
    if found is None:
        raise Gone("There is no such person.", hint="Look for them in the list of people.")
    return found


def by_address(address: str) -> str:
    """The public id of the person with this address; empty for an empty one.

    Raises:
        Gone: nobody has it.
    """
    if not address.strip():
        return ""
    folded = address.strip().casefold()
    found = PersonEmail.objects.select_related("person").filter(folded=folded).first()
    if found is None:
        raise Gone(f"Nobody has the address {address.strip()!r}.", hint="Add that person first.")
    return found.person.public_id


@transaction.atomic
def add(actor: Actor, draft: Draft, *, now: datetime) -> Person:
    """Make a person.

    Raises:
        NotAllowed: only super administrators may.
        Invalid: no name, something is too long, or an address is none.
        Conflict: an address belongs to somebody else.
        Gone: there is no such manager.
    """
    require(actor, "person:edit")
    person = Person(source="hand", created_at=now, changed_at=now)
    touched = _write(person, draft, now)
    record(actor, "person:add", person, now=now, emails=sorted(touched))
    changed.tell([person.pk], touched, now)
    return person


@transaction.atomic
def edit(actor: Actor, person: str, draft: Draft, *, now: datetime) -> Person:
    """Replace everything that is said about a person.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such person, or no such manager.
        Invalid: no name, something is too long, an address is none, or they would manage
            themselves, directly or through others.
        Conflict: an address belongs to somebody else.
    """
    require(actor, "person:edit")
    found = load(person)
    before = _facts(found)
    touched = {one.folded for one in found.emails.all()} | _write(found, draft, now)
    after = _facts(found)
    differs = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    record(actor, "person:edit", found, now=now, changed=differs)
    changed.tell([found.pk], touched, now)
    return found


@transaction.atomic
def leave(actor: Actor, person: str, *, reason: str = "", now: datetime) -> Person:
    """Note that a person has left: accounts that are still theirs are called gone.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such person.
        Conflict: they have left already.
    """
    return _move(actor, person, Person.Status.LEFT, reason=reason, now=now)


@transaction.atomic
def return_(actor: Actor, person: str, *, reason: str = "", now: datetime) -> Person:
    """Note that a person who had left is back.

    Raises:
        NotAllowed: only super administrators may.
        Gone: there is no such person.
        Conflict: they had not left.
    """
    return _move(actor, person, Person.Status.ACTIVE, reason=reason, now=now)


def insist_on_no_circle(managers: Mapping[int, int | None], persons: Iterable[int]) -> None:
    """Make sure that nobody manages themselves, directly or through others.

    Args:
        managers: person → their manager, for everybody.
        persons: where to start looking.

    Raises:
        Invalid: somebody does.
    """
    for person in persons:
        seen, above = {person}, managers.get(person)
        while above is not None:
            if above in seen:
                raise Invalid(
                    "Somebody would be their own manager, directly or through others.",
                    hint="Correct the managers.",
                )
            seen.add(above)
            above = managers.get(above)


def _move(actor: Actor, person: str, to: Person.Status, *, reason: str, now: datetime) -> Person:
    require(actor, "person:edit")
    found = load(person)
    if found.status == to:
        raise Conflict(f"{found} is noted as {to.label.lower()} already.")
    left = to == Person.Status.LEFT
    found.status, found.left_at, found.changed_at = to, now if left else None, now
    found.save(update_fields=["status", "left_at", "changed_at"])
    record(actor, "person:leave" if left else "person:return", found, now=now, reason=reason)
    changed.tell([found.pk], [one.folded for one in found.emails.all()], now)
    return found


def _write(person: Person, draft: Draft, now: datetime) -> set[str]:
    """Write the draft; the folded addresses."""
    for label in ("name", "title", "department"):
        text = " ".join(getattr(draft, label).split())
        if len(text) > MAX_TEXT:
            raise Invalid(f"The {label} has more than {MAX_TEXT} characters.", hint="Shorten it.")
        if label == "name" and not text:
            raise Invalid("The name is missing.", hint="Give one.")
        setattr(person, label, text)
    person.manager = load(draft.manager) if draft.manager else None
    person.changed_at = now
    person.save()
    if person.manager is not None:
        managers = dict(Person.objects.values_list("pk", "manager_id"))
        insist_on_no_circle(managers, [person.pk])
    return _write_emails(person, draft.emails)


def _write_emails(person: Person, emails: Sequence[str]) -> set[str]:
    folded = {fold(one): one.strip() for one in emails if one.strip()}
    taken = PersonEmail.objects.filter(folded__in=folded).exclude(person=person)
    if other := taken.select_related("person").first():
        raise Conflict(
            f"{other.address} belongs to {other.person}.",
            hint="An address belongs to one person: take it from them first.",
        )
    person.emails.all().delete()
    PersonEmail.objects.bulk_create(
        PersonEmail(person=person, address=address, folded=key, primary=place == 0)
        for place, (key, address) in enumerate(folded.items())
    )
    return set(folded)


def _facts(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "title": person.title,
        "department": person.department,
        "manager": person.manager.name if person.manager else "",
        "emails": [one.address for one in PersonEmail.objects.filter(person=person)],
    }
