"""What somebody sent after their session had ended: looked at, sent once more, or dropped."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from rolecall.server.people import unsent
from rolecall.server.people.door import Request, page

__all__ = ["drop", "look"]


@page("home:read")
def look(request: Request) -> HttpResponse:
    """What was not sent, if there is anything."""
    return render(request, "people/unsent.html", {"unsent": unsent.kept(request)})


@require_POST
@page("home:read")
def drop(request: Request) -> HttpResponse:
    """Leave it."""
    unsent.drop(request)
    return redirect("home")
