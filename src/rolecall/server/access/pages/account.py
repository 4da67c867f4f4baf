"""One account: what it holds and held, how it is described, what happened to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from rolecall.server.access import origins
from rolecall.server.access.finding import account_for
from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    Change,
    Entitlement,
    Grant,
    Presence,
    Reason,
)
from rolecall.server.access.pages.looks import app_crumbs, link_look, status_look
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.look import Look

__all__ = ["Held", "account", "attributes", "history", "past_access"]

_MOST = 500
"""Rows of one account that a page shows; what is older stands in the export of the app."""

_DRAWER = "peeked"
"""The part of a page that shows a row of its table in short."""
_VERBS = (
    ("add_to_group", "plus", "Add to a group"),
    ("remove_from_group", "minus", "Remove from a group"),
    ("change_role", "role", "Change the role"),
    ("update_account", "pencil", "Change name or address"),
)
"""What of it can be asked for: what the form is called, icon, words."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """Something the account holds or held, and why as far as we know."""

    entitlement: Entitlement
    since: datetime
    until: datetime | None
    from_start: bool
    """The first sync found it: since when, nobody knows."""
    origin: Look | None
    """By us, before us, outside; None where nobody knows."""
    reasons: tuple[Reason, ...]


@page("account:read")
def account(request: Request, account_id: str) -> HttpResponse:
    """What it holds now; for the drawer beside a table, in short."""
    one = account_for(request.actor, account_id)
    held = list(_held(one, past=False))
    if request.htmx.target == _DRAWER:
        context = {"account": one, "look": status_look(one), "link": link_look(one), "held": held}
        return render(request, "access/account_short.html", context)
    return _page(request, one, "access", held=held)


@page("account:read")
def past_access(request: Request, account_id: str) -> HttpResponse:
    """What it held before, and when it was not there."""
    one = account_for(request.actor, account_id)
    presences = list(Presence.objects.filter(account=one).order_by("-from_at")[:_MOST])
    origins.mark(presences)
    return _page(request, one, "past", held=list(_held(one, past=True)), presences=presences)


@page("account:read")
def attributes(request: Request, account_id: str) -> HttpResponse:
    """How the source describes it now."""
    one = account_for(request.actor, account_id)
    return _page(request, one, "attributes", attributes=sorted(one.attributes.items()))


@page("account:read")
def history(request: Request, account_id: str) -> HttpResponse:
    """What syncs found different, newest first."""
    one = account_for(request.actor, account_id)
    rows = Change.objects.filter(account=one).select_related("entitlement", "before", "sync")
    changes = list(rows[:_MOST])
    origins.mark(changes)
    descriptions = AccountAttributes.objects.filter(account=one).order_by("-from_at")
    return _page(request, one, "history", changes=changes, descriptions=descriptions[:_MOST])


def _page(request: Request, one: Account, part: str, **context: Any) -> HttpResponse:  # noqa: ANN401
    addresses = (
        ("Access", "access:account"),
        ("Past access", "access:past_access"),
        ("Attributes", "access:attributes"),
        ("History", "access:history"),
    )
    return render(
        request,
        "access/account.html",
        {
            "account": one,
            "app": one.app,
            "part": part,
            "look": status_look(one),
            "link": link_look(one),
            "may_plan": one.present and bool(may(request.actor, "order:plan", one.app.public_id)),
            "verbs": _VERBS,
            "may_edit": bool(may(request.actor, "account:edit", one.app.public_id)),
            "crumbs": app_crumbs(one.app, ("Accounts", "access:accounts")),
            "tabs": [(label, reverse(name, args=(one.public_id,))) for label, name in addresses],
            **context,
        },
    )


def _held(one: Account, *, past: bool) -> Iterator[Held]:
    grants = Grant.objects.filter(account=one, until_at__isnull=not past)
    order = "-until_at" if past else "entitlement__kind"
    rows = grants.select_related("entitlement", "first_sync").order_by(order, "entitlement__name")
    reasons: dict[int, list[Reason]] = {}
    for reason in Reason.objects.filter(account=one, ended_at=None):
        reasons.setdefault(reason.entitlement_id, []).append(reason)
    held = list(rows[:_MOST])
    origins.mark(held)
    for grant in held:
        yield Held(
            entitlement=grant.entitlement,
            since=grant.from_at,
            until=grant.until_at,
            from_start=grant.first_sync is not None and grant.first_sync.number == 1,
            origin=getattr(grant, "origin", None),
            reasons=tuple(reasons.get(grant.entitlement_id, ())),
        )
