"""The people of the company."""

from dataclasses import replace

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Gone
from rolecall.server import clock
from rolecall.server.audit.models import Event
from rolecall.server.people import persons
from rolecall.server.people.door import Request, page, status_of
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import NOTHING, Look, link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["add", "edit", "leave", "listing", "person", "return_"]

_RECENT = 20
_LOOKS = {
    Person.Status.ACTIVE: Look(word="Active", tone="good", icon="done"),
    Person.Status.LEFT: Look(word="Left", tone="idle", icon="leave"),
}


def _look(one: Person) -> Look:
    return _LOOKS[Person.Status(one.status)]


def _address(one: Person) -> str:
    return reverse("people:person", args=(one.public_id,))


_TABLE: Table[Person] = Table(
    noun="people",
    columns=(
        Column(
            name="name",
            label="Person",
            value=lambda p: p.name,
            show=lambda p: link(p.name, _address(p), p.title),
            sort=("name",),
        ),
        Column(
            name="emails", label="E-mails", value=lambda p: [one.address for one in p.emails.all()]
        ),
        Column(
            name="department",
            label="Department",
            value=lambda p: p.department,
            sort=("department", "name"),
        ),
        Column(
            name="manager",
            label="Manager",
            value=lambda p: p.manager.name if p.manager else "",
            show=lambda p: link(p.manager.name, _address(p.manager)) if p.manager else NOTHING,
        ),
        Column(
            name="status",
            label="Status",
            value=lambda p: _look(p).word,
            show=lambda p: status(_look(p)),
        ),
        Column(name="source", label="Source", value=lambda p: p.source, usual=False),
        Column(
            name="changed",
            label="Changed",
            value=lambda p: p.changed_at,
            show=lambda p: moment(p.changed_at),
            sort=("changed_at",),
            usual=False,
        ),
    ),
    order="name",
    filters=(
        Filter(
            name="status",
            label="Status",
            narrow=one_of("status"),
            choices=tuple(Choice(value=one.value, label=one.label) for one in Person.Status),
        ),
        Filter(name="department", label="Department", narrow=one_of("department"), hint="Design"),
    ),
    search=lambda text: (
        Q(name__icontains=text)
        | Q(pk__in=Person.objects.filter(emails__folded__contains=text.casefold()).values("pk"))
    ),
    search_label="Search people",
    fetch=lambda rows: rows.select_related("manager").prefetch_related("emails"),
)


@page("person:read")
def listing(request: Request) -> HttpResponseBase:
    """Everybody."""
    edits = bool(may(request.actor, "person:edit"))
    return show(request, "people/persons.html", _TABLE, Person.objects.all(), edits=edits)


@page("person:read")
def person(request: Request, person_id: str) -> HttpResponse:
    """One person: what is known, whom they manage, what was changed."""
    found = _find(person_id)
    context = {
        "person": found,
        "look": _look(found),
        "reports": found.reports.filter(status=Person.Status.ACTIVE),
        "edits": bool(may(request.actor, "person:edit")),
        "events": Event.objects.filter(target_id=found.public_id)[:_RECENT],
    }
    return render(request, "people/person.html", context)


@page("person:edit")
def add(request: Request) -> HttpResponse:
    """Make a person by hand."""
    if request.method != "POST":
        return _form(request, None, persons.Draft(name=""))
    draft = _draft(request)
    try:
        draft = replace(draft, manager=persons.by_address(request.POST.get("manager", "")))
        made = persons.add(request.actor, draft, now=clock.now())
    except Error as error:
        return _form(request, None, draft, error)
    return redirect("people:person", made.public_id)


@page("person:edit")
def edit(request: Request, person_id: str) -> HttpResponse:
    """Correct a person."""
    found = _find(person_id)
    if request.method != "POST":
        emails = tuple(one.address for one in found.emails.all())
        return _form(
            request,
            found,
            persons.Draft(
                name=found.name,
                emails=emails,
                title=found.title,
                department=found.department,
                manager=found.manager.public_id if found.manager else "",
            ),
        )
    draft = _draft(request)
    try:
        draft = replace(draft, manager=persons.by_address(request.POST.get("manager", "")))
        persons.edit(request.actor, person_id, draft, now=clock.now())
    except Error as error:
        return _form(request, found, draft, error)
    messages.success(request, "Saved.")
    return redirect("people:person", person_id)


@require_POST
@page("person:edit")
def leave(request: Request, person_id: str) -> HttpResponse:
    """They have left."""
    reason = request.POST.get("reason", "")
    persons.leave(request.actor, person_id, reason=reason, now=clock.now())
    return redirect("people:person", person_id)


@require_POST
@page("person:edit")
def return_(request: Request, person_id: str) -> HttpResponse:
    """They are back."""
    persons.return_(request.actor, person_id, now=clock.now())
    return redirect("people:person", person_id)


def _draft(request: Request) -> persons.Draft:
    sent = request.POST
    return persons.Draft(
        name=sent.get("name", ""),
        emails=tuple(sent.get("emails", "").replace(",", " ").replace(";", " ").split()),
        title=sent.get("title", ""),
        department=sent.get("department", ""),
    )


def _form(
    request: Request, found: Person | None, draft: persons.Draft, error: Error | None = None
) -> HttpResponse:
    manager = Person.objects.filter(public_id=draft.manager).first() if draft.manager else None
    boss = manager.emails.first() if manager else None
    context = {
        "person": found,
        "draft": draft,
        "emails": "\n".join(draft.emails),
        "manager": boss.address if boss else request.POST.get("manager", ""),
        "error": error,
    }
    status = status_of(error) if error else 200
    return render(request, "people/person_form.html", context, status=status)


def _find(person_id: str) -> Person:
    rows = Person.objects.select_related("manager", "user").prefetch_related("emails")
    found = rows.filter(public_id=person_id).first()
    if found is None:
        raise Gone("There is no such person.", hint="Look for them in the list of people.")
    return found
