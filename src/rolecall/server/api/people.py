"""The company's people."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.errors import Gone
from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Line, Note, Query
from rolecall.server.people import persons
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import require

__all__ = [
    "Find",
    "PersonIn",
    "PersonName",
    "PersonOut",
    "Why",
    "add_person",
    "edit_person",
    "get_person",
    "leave",
    "list_people",
    "return_",
    "router",
]

router = Router(tags=["people"])


class PersonName(Schema):
    """A person, from somewhere else."""

    id: str
    name: str

    @staticmethod
    def resolve_id(row: Person) -> str:
        """The public one."""
        return row.public_id


class PersonOut(PersonName):
    """A person."""

    status: str
    emails: list[str]
    title: str
    department: str
    manager: PersonName | None
    source: str
    left_at: datetime | None
    changed_at: datetime

    @staticmethod
    def resolve_emails(row: Person) -> list[str]:
        """The primary one first."""
        return [one.address for one in row.emails.all()]


class PersonIn(Schema):
    """What is said about a person; the first address is the primary one."""

    name: Line
    emails: list[Line] = Field(default_factory=list)
    title: Line = ""
    department: Line = ""
    manager: Id | None = None

    def draft(self) -> persons.Draft:
        """The same for the use case."""
        return persons.Draft(**self.model_dump(exclude={"manager"}), manager=self.manager or "")


class Why(Schema):
    """A reason, for the audit log."""

    reason: Note = ""


class Find(Window):
    """Which people."""

    q: Query = ""
    status: Person.Status | None = None


def _rows() -> QuerySet[Person]:
    return Person.objects.select_related("manager").prefetch_related("emails")


def _one(person: str) -> Person:
    found = _rows().filter(public_id=person).first()
    if found is None:
        raise Gone("There is no such person.")
    return found


@router.get("", response=answers(Page[PersonOut]))
def list_people(request: HttpRequest, find: Asked[Find]) -> Cut[Person]:
    """Everybody, or those with a text in name or address."""
    require(actor_of(request), "person:read")
    rows = _rows()
    if find.q:
        having = Person.objects.filter(emails__folded__contains=find.q.casefold()).values("pk")
        rows = rows.filter(Q(name__icontains=find.q) | Q(pk__in=having))
    if find.status:
        rows = rows.filter(status=find.status)
    return cut(rows, find)


@router.get("/{person}", response=answers(PersonOut))
def get_person(request: HttpRequest, person: Id) -> Person:
    """One person."""
    require(actor_of(request), "person:read")
    return _one(person)


@router.post("", response=answers(PersonOut, 201))
def add_person(request: HttpRequest, said: PersonIn) -> Status[Person]:
    """Add a person; accounts with one of the addresses are matched."""
    made = persons.add(actor_of(request), said.draft(), now=clock.now())
    return Status(201, _one(made.public_id))


@router.put("/{person}", response=answers(PersonOut))
def edit_person(request: HttpRequest, person: Id, said: PersonIn) -> Person:
    """Replace everything that is said about a person."""
    persons.edit(actor_of(request), person, said.draft(), now=clock.now())
    return _one(person)


@router.post("/{person}/leave", response=answers(PersonOut))
def leave(request: HttpRequest, person: Id, why: Why) -> Person:
    """Note that a person has left."""
    persons.leave(actor_of(request), person, reason=why.reason, now=clock.now())
    return _one(person)


@router.post("/{person}/return", response=answers(PersonOut))
def return_(request: HttpRequest, person: Id, why: Why) -> Person:
    """Note that a person is back."""
    persons.return_(actor_of(request), person, reason=why.reason, now=clock.now())
    return _one(person)
