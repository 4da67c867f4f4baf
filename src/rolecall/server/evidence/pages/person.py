"""Everything one person holds, in every app, on one page that can be printed."""

from datetime import UTC

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from rolecall.errors import Gone
from rolecall.server import clock
from rolecall.server.access.holdings import MOST, holdings
from rolecall.server.access.pages.history import moment_asked, typed
from rolecall.server.evidence.export import FORMS
from rolecall.server.evidence.subject import ACTION
from rolecall.server.people.door import Request, page
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import may, scopes_of

__all__ = ["person"]


@page("person:read")
def person(request: Request, person_id: str) -> HttpResponse:
    """What they hold now, or held at a moment; `?at=`."""
    found = Person.objects.filter(public_id=person_id).first()
    if found is None:
        raise Gone("There is no such person.", hint="Look for them in the list of people.")
    now = clock.now()
    at = moment_asked(request.GET.get("at", ""), now=now)
    context = {
        "person": found,
        "at": at,
        "now": at == now,
        "exactly": at.astimezone(UTC).isoformat(timespec="seconds"),
        "typed": typed(at),
        "zone": timezone.get_current_timezone_name(),
        "holdings": holdings(request.actor, found, at),
        "most": MOST,
        "limited": scopes_of(request.actor, "account:read") is not None,
        "forms": tuple(FORMS) if may(request.actor, ACTION) else (),
    }
    return render(request, "evidence/person.html", context)
