"""What a roster would change: compared with the persons there are, without changing anything."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from rolecall.errors import Invalid
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.people.persons import insist_on_no_circle
from rolecall.server.people.roster.reading import Row, Sheet
from rolecall.server.tables.sheet import Fault

__all__ = ["Entry", "Plan", "plan"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one row comes to."""

    row: Row
    person: Person | None
    """None: they are new."""
    changes: dict[str, tuple[str, str]]
    """What → before, after."""
    returns: bool
    """They had left, and are in the file."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a roster comes to."""

    entries: tuple[Entry, ...]
    """In the file's order."""
    absent: tuple[Person, ...]
    """Came by an earlier file, are active, and are not in this one."""
    faults: tuple[Fault, ...]
    """While there is one, nothing is changed."""
    ignored: tuple[str, ...]

    @cached_property
    def added(self) -> tuple[Entry, ...]:
        """New persons."""
        return tuple(one for one in self.entries if one.person is None)

    @cached_property
    def changed(self) -> tuple[Entry, ...]:
        """Persons of whom something differs."""
        return tuple(one for one in self.entries if one.person and one.changes)

    @cached_property
    def returned(self) -> tuple[Entry, ...]:
        """Persons who had left."""
        return tuple(one for one in self.entries if one.returns)

    @cached_property
    def unchanged(self) -> int:
        """How many are as they were."""
        return sum(1 for one in self.entries if one.person and not one.changes and not one.returns)

    @cached_property
    def digest(self) -> str:
        """Equal for equal plans: what was shown is what is carried out."""
        facts = [
            [
                one.person.public_id if one.person else "",
                one.row.name, list(one.row.emails.items()), one.row.title, one.row.department,
                one.row.manager, one.changes, one.returns,
            ]
            for one in self.entries
        ]  # fmt: skip
        text = json.dumps([facts, [one.public_id for one in self.absent]])
        return hashlib.sha256(text.encode()).hexdigest()


class _Company:
    """The persons there are, by key and by address."""

    def __init__(self) -> None:
        self.persons = {one.pk: one for one in Person.objects.all()}
        self.emails: dict[int, dict[str, str]] = {}
        self.owner: dict[str, int] = {}
        for one in PersonEmail.objects.order_by("person_id", "-primary", "pk"):
            self.emails.setdefault(one.person_id, {})[one.folded] = one.address
            self.owner[one.folded] = one.person_id

    def whose(self, row: Row) -> Person | None:
        """The person of a row.

        Raises:
            Invalid: its addresses belong to several.
        """
        keys = dict.fromkeys(self.owner[one] for one in row.emails if one in self.owner)
        found = [self.persons[key] for key in keys]
        if len(found) > 1:
            names = " and ".join(sorted(one.name for one in found))
            raise Invalid(f"Its addresses belong to several people: {names}.")
        return found[0] if found else None

    def address_of(self, person: int | None) -> str:
        """The primary address, folded, of whoever that is."""
        return next(iter(self.emails.get(person, {})), "") if person else ""


def plan(sheet: Sheet) -> Plan:
    """What this file would change now."""
    company = _Company()
    entries, faults, seen = [], list(sheet.faults), dict[int, int]()
    known = {address for row in sheet.rows for address in row.emails} | set(company.owner)
    for row in sheet.rows:
        try:
            entry = _entry(row, company)
            _insist(entry, known, seen)
        except Invalid as error:
            faults.append(Fault(number=row.number, what=error.what))
        else:
            entries.append(entry)
    if not faults:
        faults += _circles(entries, company)
    return Plan(
        entries=tuple(entries),
        absent=tuple(
            one for one in company.persons.values()
            if one.source == "csv" and one.status == Person.Status.ACTIVE and one.pk not in seen
        ),
        faults=tuple(sorted(faults, key=lambda one: one.number)),
        ignored=sheet.ignored,
    )  # fmt: skip


def _insist(entry: Entry, known: set[str], seen: dict[int, int]) -> None:
    row, person = entry.row, entry.person
    if row.manager and row.manager not in known:
        raise Invalid(f"The manager {row.manager} is neither in the file nor known.")
    if row.manager and row.manager in row.emails:
        raise Invalid("They would be their own manager.")
    if person is not None and seen.setdefault(person.pk, row.number) != row.number:
        raise Invalid(f"{person} is in row {seen[person.pk]} too, by another address.")


def _entry(row: Row, company: _Company) -> Entry:
    person = company.whose(row)
    if person is None:
        return Entry(row=row, person=None, changes={}, returns=False)
    had = company.emails.get(person.pk, {})
    gets = row.emails if row.others else row.emails | {
        one: address for one, address in had.items() if one not in row.emails
    }  # fmt: skip
    boss = company.address_of(person.manager_id)
    if row.manager and company.owner.get(row.manager) == person.manager_id:
        boss = row.manager  # the same manager, by another address
    pairs = {
        "name": (person.name, row.name),
        "emails": (" ".join(had.values()), " ".join(gets.values())),
        "title": (person.title, row.title),
        "department": (person.department, row.department),
        "manager": (boss, row.manager),
    }
    changes = {
        name: (before, after)
        for name, (before, after) in pairs.items()
        if after is not None and before != after
    }
    left = person.status == Person.Status.LEFT
    return Entry(row=row, person=person, changes=changes, returns=left)


def _circles(entries: list[Entry], company: _Company) -> list[Fault]:
    """A fault where the managers of the file and those there are would form a circle."""
    # Persons who are new have no key yet: they get numbers below zero.
    keys = {
        address: one.person.pk if one.person else -place
        for place, one in enumerate(entries, start=1)
        for address in one.row.emails
    }
    whose = company.owner | keys
    managers: dict[int, int | None] = {one.pk: one.manager_id for one in company.persons.values()}
    for one in entries:
        if one.row.manager is not None:
            managers[keys[next(iter(one.row.emails))]] = whose.get(one.row.manager)
    for one in entries:
        try:
            insist_on_no_circle(managers, [keys[next(iter(one.row.emails))]])
        except Invalid as error:
            return [Fault(number=one.row.number, what=error.what)]
    return []
