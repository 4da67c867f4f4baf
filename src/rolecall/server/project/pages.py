"""Home, and how pages look."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.needs import needs_of
from rolecall.server.people.door import Request, page
from rolecall.server.project.attention import cards
from rolecall.server.project.context import THEME_COOKIE, THEMES

__all__ = ["appearance", "home"]

_YEAR_S = 365 * 24 * 3600


@page("home:read")
def home(request: Request) -> HttpResponse:
    """What needs this person, and where to go."""
    name = getattr(request.user, "name", "").split(" ")[0]
    context = {
        "greeting": f"Hello, {name}" if name else "Hello",
        "needs": needs_of(request.actor, now=clock.now()),
        "cards": cards(request.actor, now=clock.now()),
    }
    return render(request, "project/home.html", context)


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the device says; kept in this browser."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = HttpResponseRedirect(back)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=_YEAR_S, samesite="Lax", httponly=True,
            secure=request.is_secure(),
        )  # fmt: skip
    else:
        response.delete_cookie(THEME_COOKIE)
    return response
