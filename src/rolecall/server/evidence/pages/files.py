"""Evidence to take along: which, of what, in which form; and what was taken before."""

from datetime import datetime
from typing import cast

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access.holdings import apps_for
from rolecall.server.access.pages.history import moment_asked
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.evidence.asking import ask
from rolecall.server.evidence.export import FORMS, Asked, Form, installation_key
from rolecall.server.evidence.finding import files_of
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.pages.looks import file_look, file_words
from rolecall.server.evidence.sending import sent
from rolecall.server.evidence.subject import ACTION
from rolecall.server.people.door import Request, page, status_of
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import may

__all__ = ["evidence", "make"]

_RECENT = 20
_FILES = 10


@page(ACTION)
def evidence(request: Request) -> HttpResponse:
    """The forms; `?app=` or `?person=` says of what, `?at=` of which moment."""
    return _page(request)


@require_POST
@page(ACTION)
def make(request: Request) -> HttpResponseBase:
    """The file that a form asks for; a large one is made by a worker, and has a page."""
    now = clock.now()
    try:
        made = ask(request.actor, _asked(request, now), now=now)
    except NotAllowed:
        raise
    except Error as error:
        return _page(request, error)
    if isinstance(made, EvidenceFile):
        return HttpResponseRedirect(reverse("evidence:file", args=(made.public_id,)))
    return sent(made)


def _asked(request: Request, now: datetime) -> Asked:
    sent = request.POST
    form = sent.get("form", "")
    if form not in FORMS:
        raise Invalid("Which form the file shall have is not said.", hint="Choose one.")
    app, person = sent.get("app", ""), sent.get("person", "")
    if not app and not person:
        raise Invalid("Of which app is not said.", hint="Choose one.")
    since = None
    if sent.get("what") == "changes":
        if not sent.get("since"):
            raise Invalid("From when on is not said.", hint="Say both moments.")
        since = moment_asked(sent["since"], now=now)
    until = moment_asked(sent.get("at", ""), now=now)
    return Asked(app=app, person=person, since=since, until=until, form=cast("Form", form))


def _page(request: Request, error: Error | None = None) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    person = Person.objects.filter(public_id=said.get("person", "")).first()
    if person and not may(request.actor, "person:read"):
        person = None
    context = {
        "apps": apps_for(request.actor, ACTION),
        "app_id": said.get("app", ""),
        "person": person,
        "said": {name: said.get(name, "") for name in ("what", "since", "at", "form")},
        "forms": tuple(FORMS),
        "zone": timezone.get_current_timezone_name(),
        "key": installation_key(),
        "files": [
            (one, file_words(one), file_look(one, clock.now()))
            for one in files_of(request.actor)[:_FILES]
        ],
        "events": _taken(request.actor)[:_RECENT],
        "error": error,
    }
    status = status_of(error) if error else 200
    return render(request, "evidence/files.html", context, status=status)


def _taken(actor: Actor) -> QuerySet[Event]:
    """What was taken along: by oneself, or by all, for whoever may read the audit log."""
    rows = Event.objects.filter(action__in=("evidence:access:export", "evidence:changes:export"))
    return rows if may(actor, "audit:read") else rows.filter(actor_id=actor.id)
