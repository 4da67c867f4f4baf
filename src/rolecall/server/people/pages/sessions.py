"""Where one is logged in: each browser, and the way to end it."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.people import devices, users
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.models import User

__all__ = ["elsewhere", "end", "sessions"]


@page("home:read")
def sessions(request: Request) -> HttpResponse:
    """Every browser that one is logged in with, this one first."""
    user = User.objects.get(public_id=request.actor.id)
    here = request.session.row
    found = [
        {"row": row, "name": devices.browser_name(row.browser), "here": row == here}
        for row in devices.logged_in(user, clock.now())
    ]
    found.sort(key=lambda one: not one["here"])
    return render(request, "people/sessions.html", {"found": found})


@require_POST
@page("home:read")
def end(request: Request, session: str) -> HttpResponse:
    """Log out of one browser."""
    return done(
        request,
        lambda: devices.end(request.actor, request.actor.id, session, now=clock.now()),
        "That browser is logged out.",
        back=reverse("people:sessions"),
    )


@require_POST
@page("home:read")
def elsewhere(request: Request) -> HttpResponse:
    """Log out everywhere but here."""
    user = users.end_sessions(request.actor, request.actor.id, now=clock.now())
    update_session_auth_hash(request, user)
    messages.success(request, "You are logged out everywhere else.")
    return redirect("people:sessions")
