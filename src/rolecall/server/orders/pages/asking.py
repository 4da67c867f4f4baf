"""From rows that were chosen to a plan: what is wanted, of which group or role, and why."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from rolecall.errors import Error, Gone, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import App, Entitlement
from rolecall.server.access.pages.looks import app_crumbs
from rolecall.server.orders import deciding
from rolecall.server.orders.pages.choosing import asked_for, target_choices
from rolecall.server.orders.pages.verbs import VERBS, Asked, Verb
from rolecall.server.people.door import Request, page
from rolecall.server.tables.choosing import kept

__all__ = ["ask", "plan"]

_SHOWN = 20
"""Names of chosen rows that a page shows."""


@require_http_methods(["GET", "HEAD", "POST"])
@page("order:plan")
def ask(request: Request, app_id: str) -> HttpResponse:
    """What else has to be known: the group or role, what to write, and why. Changes nothing."""
    app = app_for(request.actor, app_id, "order:plan")
    return _form(request, app, _verb(request))


@require_POST
@page("order:plan")
def plan(request: Request, app_id: str) -> HttpResponse:
    """Make the plan, and show it."""
    app = app_for(request.actor, app_id, "order:plan")
    verb = _verb(request)
    try:
        asked = asked_for(app, verb, request.POST)
        if verb.target and asked.target is None:
            raise Invalid(f"No {verb.target} was chosen.", hint="Choose one of the list.")
        decision = deciding.plan(
            request.actor,
            app.public_id,
            verb.wishes(asked),
            title=_title(verb, asked),
            reason=request.POST.get("reason", ""),
            now=clock.now(),
        )
    except (NotAllowed, Gone):
        raise
    except Error as error:
        return _form(request, app, verb, error=error)
    return HttpResponseRedirect(reverse("orders:decision", args=(decision.public_id,)))


def _verb(request: Request) -> Verb:
    """What a button or a link asks for.

    Raises:
        Invalid: there is no such thing to ask for.
    """
    name = request.POST.get("verb", "") or request.GET.get("verb", "")
    if name not in VERBS:
        raise Invalid("There is no such change.", hint="Choose one of the buttons of the page.")
    return VERBS[name]


def _form(request: Request, app: App, verb: Verb, error: Error | None = None) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    try:
        asked = asked_for(app, verb, said)
    except Invalid as nothing_chosen:
        asked, error = Asked(), error or nothing_chosen
    chosen = [*asked.accounts, *asked.entitlements]
    context = {
        "app": app,
        "error": error,
        "verb": said.get("verb", ""),
        "title": _title(verb, asked),
        "chosen": chosen[:_SHOWN],
        "more": max(0, len(chosen) - _SHOWN),
        "number": len(chosen),
        "kept": kept(said),
        "fields": [(one, said.get(one.name, "")) for one in verb.fields],
        "roles": _roles(app) if any(one.type == "role" for one in verb.fields) else [],
        "target": verb.target,
        "targets": target_choices(app, verb),
        "chosen_target": said.get("target", ""),
        "reason": said.get("reason", ""),
        "ready": bool(chosen) or not verb.rows,
        "crumbs": app_crumbs(app),
    }
    return render(request, "orders/ask.html", context, status=422 if error else 200)


def _roles(app: App) -> list[tuple[str, str]]:
    """The roles of an app: how the connector calls them, and how people do."""
    rows = Entitlement.objects.filter(app=app, present=True, kind=Entitlement.Kind.ROLE)
    rows = rows.exclude(resource=None).order_by("name")
    return list(rows.values_list("resource__external_id", "name"))


def _title(verb: Verb, asked: Asked) -> str:
    """In a line, as far as it is known: `Add 12 accounts to Design`."""
    chosen = [*asked.accounts, *asked.entitlements]
    noun = verb.rows if len(chosen) != 1 else verb.rows.removesuffix("s")
    if verb.rows == "entitlements":
        noun = noun.replace("entitlement", "group")
    what = str(chosen[0]) if len(chosen) == 1 else f"{len(chosen):,} {noun}"
    target = str(asked.target) if asked.target else f"a {verb.target}"
    known = {"what": what, "target": target, "email": "somebody", "name": "…"}
    return verb.title.format(**(known | dict(asked.values)))[:200]
