"""Many accounts at once: from rows that were chosen to one type, or one person, for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Gone, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access import many
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import Account, App
from rolecall.server.access.pages.accounts import accounts_table
from rolecall.server.access.pages.looks import app_crumbs
from rolecall.server.people.door import Request, page
from rolecall.server.people.models import Person
from rolecall.server.tables.choosing import chosen, kept

__all__ = ["ask_many", "set_many"]

_SHOWN = 20
_DEEDS = {"type": many.set_type, "person": many.set_person}


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a form says."""

    deed: str
    accounts: Sequence[Account]
    number: int
    """How many the page before showed; 0: there was none."""


@require_POST
@page("account:edit")
def ask_many(request: Request, app_id: str) -> HttpResponse:
    """Which type, or whose they are. Changes nothing."""
    app = app_for(request.actor, app_id, "account:edit")
    try:
        asked = _asked(app, request.POST)
    except Invalid as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("access:accounts", args=(app_id,)))
    return _form(request, app, asked)


@require_POST
@page("account:edit")
def set_many(request: Request, app_id: str) -> HttpResponse:
    """Do it, to as many as the page before has said."""
    app = app_for(request.actor, app_id, "account:edit")
    asked = _asked(app, request.POST)
    ids = [one.public_id for one in asked.accounts]
    try:
        if len(ids) != asked.number:
            raise Invalid(
                f"There are {len(ids):,} of them now, and not {asked.number:,}.",
                hint="Look once more, and press again.",
            )
        value = request.POST.get(asked.deed, "")
        changed = _DEEDS[asked.deed](request.actor, app_id, ids, value, now=clock.now())
    except (NotAllowed, Gone):
        raise
    except Error as error:
        return _form(request, app, asked, error)
    messages.success(request, f"{changed:,} of {len(ids):,} were changed.")
    address = reverse("access:accounts", args=(app_id,))
    return HttpResponseRedirect(f"{address}?{request.POST.get('query', '')}")


def _asked(app: App, said: QueryDict) -> _Asked:
    deed = str(said.get("deed", ""))
    if deed not in _DEEDS:
        raise Invalid("There is no such button.", hint="Choose one of the page.")
    here = Account.objects.filter(app=app, present=True)
    number = said.get("number", "")
    return _Asked(
        deed=deed,
        accounts=chosen(here, accounts_table(app), said, most=many.MOST),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0,  # noqa: PLR2004 - more digits than there are accounts
    )


def _form(request: Request, app: App, asked: _Asked, error: Error | None = None) -> HttpResponse:
    text = request.POST.get("find", "").replace("\x00", "").strip()[:100]
    context = {
        "app": app,
        "error": error,
        "deed": asked.deed,
        "chosen": asked.accounts[:_SHOWN],
        "more": max(0, len(asked.accounts) - _SHOWN),
        "number": len(asked.accounts),
        "kept": kept(request.POST),
        "text": text,
        "found": _persons(text),
        "crumbs": app_crumbs(app, ("Accounts", "access:accounts")),
    }
    return render(request, "access/many.html", context, status=422 if error else 200)


def _persons(text: str) -> QuerySet[Person]:
    if not text:
        return Person.objects.none()
    fitting = Q(name__icontains=text) | Q(emails__folded__startswith=text.casefold())
    return Person.objects.filter(fitting).distinct()[:_SHOWN]
