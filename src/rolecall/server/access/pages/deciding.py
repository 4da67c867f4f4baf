"""What people decide about accounts: whose they are, and what stands behind them."""

from django.db.models import Q, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.access import accounts
from rolecall.server.access.finding import account_for
from rolecall.server.access.pages.looks import app_crumbs, link_look
from rolecall.server.access.suggestions import suggestions
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.models import Person

__all__ = ["accept", "accept_exact", "choose_person", "clear_person", "set_person", "set_type"]

_SHOWN = 20
_QUEUE = "queue"
"""Said by an address that was come to from the queue, and is left to it."""
_BESIDE = ("emails", "accounts__app")
"""What tells one person from another."""


@page("account:edit")
def choose_person(request: Request, account_id: str) -> HttpResponse:
    """Who it could be: those with its addresses first, then whom a search finds."""
    account = account_for(request.actor, account_id, "account:edit")
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    found = Person.objects.none()
    if text:
        fitting = Q(name__icontains=text) | Q(emails__folded__startswith=text.casefold())
        found = Person.objects.filter(fitting).distinct()[:_SHOWN]
    suggested = suggestions([account])[account.pk]
    prefetch_related_objects([one.person for one in suggested], *_BESIDE)
    context = {
        "account": account,
        "suggested": suggested,
        "found": found.prefetch_related(*_BESIDE),
        "back": _QUEUE if request.GET.get("back") == _QUEUE else "",
        "text": text,
        "link": link_look(account),
        "crumbs": [
            *app_crumbs(account.app, ("Accounts", "access:accounts")),
            (str(account), reverse("access:account", args=(account.public_id,))),
        ],
    }
    return render(request, "access/choose_person.html", context)


@require_POST
@page("account:edit")
def set_person(request: Request, account_id: str) -> HttpResponse:
    """Say by hand whose account it is."""
    person = request.POST.get("person", "")
    return done(
        request,
        lambda: accounts.set_person(request.actor, account_id, person, now=clock.now()),
        "Set by hand; only a hand changes it again.",
        back=_back(request, account_id),
    )


def _back(request: Request, account_id: str) -> str:
    if request.POST.get("back") == _QUEUE:
        return reverse("access:matching")
    return reverse("access:account", args=(account_id,))


@require_POST
@page("account:edit")
def accept(request: Request, account_id: str) -> HttpResponse:
    """Accept the one person who has its address."""
    return done(
        request,
        lambda: accounts.accept(request.actor, account_id, now=clock.now()),
        "Accepted.",
        back=reverse("access:account", args=(account_id,)),
    )


@require_POST
@page("account:edit")
def clear_person(request: Request, account_id: str) -> HttpResponse:
    """Say that it is not theirs."""
    return done(
        request,
        lambda: accounts.clear_person(request.actor, account_id, now=clock.now()),
        "Cleared.",
        back=reverse("access:account", args=(account_id,)),
    )


@require_POST
@page("account:edit")
def set_type(request: Request, account_id: str) -> HttpResponse:
    """Human or service."""
    kind = request.POST.get("type", "")
    return done(
        request,
        lambda: accounts.set_type(request.actor, account_id, kind, now=clock.now()),
        "Saved.",
        back=reverse("access:account", args=(account_id,)),
    )


@require_POST
@page("account:edit")
def accept_exact(request: Request, app_id: str) -> HttpResponse:
    """Accept every account of an app that has the address of exactly one person."""
    return done(
        request,
        lambda: accounts.accept_exact(request.actor, app_id, now=clock.now()),
        "All exact matches are accepted.",
        back=reverse("access:accounts", args=(app_id,)),
    )
