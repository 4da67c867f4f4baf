"""One's own page: name and zone, password and factors, API keys."""

from datetime import UTC, date, datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Invalid
from rolecall.server import clock
from rolecall.server.people import apikeys, devices, factors, users
from rolecall.server.people.door import Request, page, status_of
from rolecall.server.people.models import User
from rolecall.server.people.permissions import ACTIONS

__all__ = ["end_key", "make_key", "me", "save"]


@page("home:read")
def me(request: Request) -> HttpResponse:
    """What Rolecall knows of oneself."""
    return _show(request)


@require_POST
@page("home:read")
def save(request: Request) -> HttpResponse:
    """Name and zone."""
    now, actor = clock.now(), request.actor
    try:
        users.rename(actor, actor.id, request.POST.get("name", ""), now=now)
        users.set_zone(actor, request.POST.get("zone", ""), now=now)
    except Error as error:
        return _show(request, error=error, said=request.POST)
    messages.success(request, "Saved.")
    return redirect("people:me")


@never_cache
@require_POST
@page("key:own")
def make_key(request: Request) -> HttpResponse:
    """A key, shown this once."""
    sent = request.POST
    try:
        key, secret = apikeys.make(
            request.actor,
            name=sent.get("name", ""),
            scopes=sent.getlist("scope"),
            expires_at=_end_of(sent.get("until", "")),
            now=clock.now(),
        )
    except Error as error:
        return _show(request, key_error=error)
    return render(request, "people/key.html", {"key": key, "secret": secret})


@require_POST
@page("key:own")
def end_key(request: Request, key: str) -> HttpResponse:
    """End a key."""
    ended = apikeys.end(request.actor, key, now=clock.now())
    messages.success(request, f"The key {ended} has ended.")
    return redirect("people:me")


def _show(request: Request, **context: object) -> HttpResponse:
    user = User.objects.select_related("person").get(public_id=request.actor.id)
    shown = {
        "me": user,
        "held": user.roles.filter(until_at=None),
        "factors": factors.held([user.pk]).get(user.pk, []),
        "keys": apikeys.of(user.pk, clock.now()),
        "sessions": len(devices.logged_in(user, clock.now())),
        "zones": users.zones(),
        "actions": ACTIONS,
    }
    error = context.get("error") or context.get("key_error")
    status = status_of(error) if isinstance(error, Error) else 200
    return render(request, "people/me.html", shown | context, status=status)


def _end_of(day: str) -> datetime | None:
    """The last moment of a day."""
    try:
        return datetime.combine(date.fromisoformat(day), time.max, UTC) if day else None
    except ValueError as error:
        raise Invalid(f"{day!r} is no day.", hint="Write it as 2027-01-31.") from error
