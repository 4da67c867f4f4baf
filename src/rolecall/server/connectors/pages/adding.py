"""Add a connector: which kind, to which app, looked after by whom."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from rolecall.errors import Error, Gone, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.services.add import KINDS, ExistingApp, NewApp, add
from rolecall.server.people.door import Request, page
from rolecall.server.people.models import User

__all__ = ["choose", "set_up"]

_TOLD: Final = {
    "notion": "Rolecall reads your workspace itself, with a token that you paste here.",
    "baton": "A connector on a machine of yours reads it and sends what it found.",
}
_TARGETS: Final = ("unmanaged", "managed", "new")


@page("connector:add")
def choose(request: Request) -> HttpResponse:
    """Which kind."""
    text = request.GET.get("q", "").strip()[:100]
    found = [
        (kind, name, _TOLD[kind])
        for kind, name in KINDS.items()
        if text.casefold() in f"{name} {_TOLD[kind]}".casefold()
    ]
    return render(request, "connectors/choose.html", {"text": text, "found": found})


@require_http_methods(["GET", "HEAD", "POST"])
@page("connector:add")
def set_up(request: Request, kind: str) -> HttpResponse:
    """To which app, and who looks after it."""
    if kind not in KINDS:
        raise Gone("There is no such connector.", hint="Choose one of the list.")
    if request.method != "POST":
        return _form(request, kind)
    try:
        connector = add(
            request.actor,
            name=request.POST.get("name", ""),
            target=_target(request),
            owners=request.POST.getlist("owner"),
            now=clock.now(),
            kind=kind,
        )
    except NotAllowed:
        raise
    except Error as error:
        return _form(request, kind, error=error)
    messages.success(request, f"{connector} was added. Finish it in its settings: press Edit.")
    return HttpResponseRedirect(reverse("connectors:connector", args=(connector.public_id,)))


def _target(request: Request) -> NewApp | ExistingApp:
    """Where its data goes.

    Raises:
        Invalid: none was chosen.
    """
    said = request.POST
    chosen = said.get("target", "")
    if chosen == "new":
        return NewApp(name=said.get("app_name", ""), description=said.get("description", ""))
    app = said.get(chosen, "") if chosen in _TARGETS else ""
    if not app:
        raise Invalid("No app was chosen.", hint="Choose one of the three, and an app.")
    return ExistingApp(public_id=app, take_over="take_over" in said)


def _unchosen(chosen: list[str]) -> Callable[[User], bool]:
    """The order of people to choose from: those who are chosen stand first, where one sees them."""
    return lambda user: user.public_id not in chosen


def _form(request: Request, kind: str, error: Error | None = None) -> HttpResponse:
    apps = App.objects.order_by("name")
    busy = set(
        Connector.objects.filter(archived_at=None, succeeds=None).values_list("app_id", flat=True)
    )
    owners = request.POST.getlist("owner") or [request.actor.id]
    context = {
        "kind": kind,
        "kind_name": KINDS[kind],
        "error": error,
        "said": request.POST,
        "name": request.POST.get("name", KINDS[kind]),
        "target": request.POST.get("target", "new"),
        "unmanaged": apps.filter(state=App.State.UNMANAGED),
        "managed": [(one, one.pk in busy) for one in apps.filter(state=App.State.MANAGED)],
        "users": sorted(User.objects.filter(is_active=True), key=_unchosen(owners)),
        "chosen_owners": owners,
    }
    return render(request, "connectors/set_up.html", context, status=422 if error else 200)
