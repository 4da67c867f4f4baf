"""The settings of an app: a form for each thing that can be changed."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.access import settings as use_cases
from rolecall.server.access.finding import app_for
from rolecall.server.access.pages.looks import app_crumbs, app_tabs
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.models import User
from rolecall.server.people.permissions import may

__all__ = ["describe", "set_domains", "set_owners", "settings"]


@page("app:read")
def settings(request: Request, app_id: str) -> HttpResponse:
    """All of them; forms for those who may change them."""
    app = app_for(request.actor, app_id)
    context = {
        "app": app,
        "owners": use_cases.owners(app),
        "users": User.objects.filter(is_active=True),
        "may_edit": bool(may(request.actor, "app:edit", app.public_id)),
        "may_owners": bool(may(request.actor, "app:owners", app.public_id)),
        "crumbs": app_crumbs(app),
        "tabs": app_tabs(app),
    }
    return render(request, "access/settings.html", context)


@require_POST
@page("app:edit")
def describe(request: Request, app_id: str) -> HttpResponse:
    """Name and description."""
    said = request.POST
    return _saved(
        request,
        app_id,
        lambda: use_cases.describe(
            request.actor,
            app_id,
            name=said.get("name", ""),
            description=said.get("description", ""),
            now=clock.now(),
        ),
    )


@require_POST
@page("app:edit")
def set_domains(request: Request, app_id: str) -> HttpResponse:
    """The company's own mail domains."""
    domains = request.POST.get("domains", "").replace(",", " ").split()
    return _saved(
        request,
        app_id,
        lambda: use_cases.set_domains(request.actor, app_id, domains, now=clock.now()),
    )


@require_POST
@page("app:owners")
def set_owners(request: Request, app_id: str) -> HttpResponse:
    """Who looks after it."""
    wanted = request.POST.getlist("owner")
    return _saved(
        request,
        app_id,
        lambda: use_cases.set_owners(request.actor, app_id, wanted, now=clock.now()),
    )


def _saved(request: Request, app_id: str, deed: Callable[[], object]) -> HttpResponse:
    """Do it, and go back to the settings."""
    return done(request, deed, "Saved.", back=reverse("access:settings", args=(app_id,)))
