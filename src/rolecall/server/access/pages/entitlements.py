"""What one can hold in an app, and who holds it, now and before."""

from dataclasses import replace
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rolecall.server.access import origins
from rolecall.server.access.finding import app_for, entitlement_for
from rolecall.server.access.models import Account, Entitlement, Grant, Presence
from rolecall.server.access.pages.looks import (
    EXTERNAL,
    STATUSES,
    account_cell,
    account_peek,
    app_crumbs,
    app_tabs,
    entitlement_name,
    origin_cell,
    origin_text,
    status_look,
)
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may, require
from rolecall.server.tables.answer import show, wants_file
from rolecall.server.tables.look import mark, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, Through, one_of
from rolecall.server.tables.words import beginning_with

__all__ = [
    "entitlement",
    "entitlements",
    "entitlements_table",
    "holders_table",
    "past_holders",
]

_Kind = Entitlement.Kind
_KINDS = {_Kind.ACCOUNT: ("Account", "person"), _Kind.ROLE: ("Role", "role"),
          _Kind.GROUP: ("Group", "group")}  # fmt: skip
FLOOR = "restricted_member"
"""The role that stays when every other ends: no account is without a role."""
Holding = Grant | Presence


def _kind(one: Entitlement) -> SafeString:
    word, picture = _KINDS[_Kind(one.kind)]
    return mark(word, picture)


_COLUMNS: tuple[Column[Entitlement], ...] = (
    Column(
        name="name", label="Entitlement", value=lambda e: e.name, show=entitlement_name,
        sort=("kind", "name"),
    ),
    Column(name="kind", label="Kind", value=lambda e: _KINDS[_Kind(e.kind)][0], show=_kind),
    Column(
        name="holders", label="Holders", value=lambda e: e.holders, sort=("holders",), number=True
    ),
    Column(name="slug", label="Slug", value=lambda e: e.slug, usual=False),
    Column(name="id", label="Id", value=lambda e: e.external_id, usual=False),
)  # fmt: skip


@page("entitlement:read")
def entitlements(request: Request, app_id: str) -> HttpResponseBase:
    """All of an app that are there now."""
    app = app_for(request.actor, app_id, "entitlement:read")
    rows = Entitlement.objects.filter(app=app, present=True)
    may_plan = bool(may(request.actor, "order:plan", app.public_id))
    roles = rows.filter(kind=_Kind.ROLE).order_by("-holders", "name")
    return show(
        request,
        "access/entitlements.html",
        entitlements_table(pick=may_plan),
        rows,
        app=app,
        may_plan=may_plan,
        roles=roles,
        floor=FLOOR,
        crumbs=app_crumbs(app),
        tabs=app_tabs(app),
        prefix=app.name,
    )


def entitlements_table(*, pick: bool = False) -> Table[Entitlement]:
    """The table of what one can hold; with `pick`, groups can be chosen."""
    kinds = tuple(Choice(value=kind, label=word) for kind, (word, _icon) in _KINDS.items())
    return Table(
        noun="entitlements",
        columns=_COLUMNS,
        order="name",
        filters=(Filter(name="kind", label="Kind", narrow=one_of("kind"), choices=kinds),),
        search=beginning_with("search"),
        search_label="Search roles and groups",
        pick=(lambda e: e.public_id if e.kind == _Kind.GROUP else "") if pick else None,
    )


@page("entitlement:read")
def entitlement(request: Request, entitlement_id: str) -> HttpResponseBase:
    """One, and who holds it now."""
    return _holders(request, entitlement_for(request.actor, entitlement_id), past=False)


@page("entitlement:read")
def past_holders(request: Request, entitlement_id: str) -> HttpResponseBase:
    """One, and who held it before."""
    return _holders(request, entitlement_for(request.actor, entitlement_id), past=True)


def _holders(request: Request, one: Entitlement, *, past: bool) -> HttpResponseBase:
    app = one.app
    if wants_file(request):
        require(request.actor, "account:export", app.public_id)
    here, before = (
        reverse(name, args=(one.public_id,))
        for name in ("access:entitlement", "access:past_holders")
    )
    may_plan = one.present and bool(may(request.actor, "order:plan", app.public_id))
    context = {
        "app": app,
        "entitlement": one,
        "may_plan": may_plan and not past,
        "past": past,
        "picture": _KINDS[_Kind(one.kind)][1],
        "floor": FLOOR,
        "crumbs": app_crumbs(app, ("Entitlements", "access:entitlements")),
        "tabs": [(f"Holders ({one.holders:,})", here), ("Before", before)],
        "prefix": f"{app.name} {one.name}",
    }
    pick = may_plan and not past and one.kind != _Kind.ACCOUNT
    table = holders_table(past=past, pick=pick)
    if not past:
        table = replace(table, known=one.holders, through=_through(one))
    return show(request, "access/entitlement.html", table, _rows(one, past=past), **context)


def _rows(one: Entitlement, *, past: bool) -> QuerySet[Any]:
    """Who holds or held it."""
    if one.kind == _Kind.ACCOUNT:
        return Presence.objects.filter(account__app=one.app, until_at__isnull=not past)
    return Grant.objects.filter(entitlement=one, until_at__isnull=not past)


def _through(one: Entitlement) -> Through | None:
    """The accounts that hold it now, where an index has them by name; None for a group."""
    rows = Account.objects.filter(app=one.app, present=True)
    if one.kind == _Kind.ROLE:
        rows = rows.filter(role=one)
        # A sync that could not read roles may leave one to an account that is gone.
        if rows.count() != one.holders:
            return None
    elif one.kind != _Kind.ACCOUNT:
        return None
    return Through(table=replace(_BY_ACCOUNT, known=one.holders), rows=rows, key="account_id")


_BY_ACCOUNT: Table[Account] = Table(
    noun="accounts",
    columns=(
        Column(name="account", label="Account", value=str, sort=("name",)),
        Column(name="email", label="E-mail", value=lambda a: a.email, sort=("email",)),
    ),
    order="account",
    search=beginning_with("search"),
)
"""How holders are found: the columns of `holders_table` that are the account's own."""


def holders_table(*, past: bool, pick: bool = False) -> Table[Holding]:
    """The table of who holds or held something; with `pick`, accounts can be chosen."""
    ended = Column[Holding](
        name="until",
        label="Until",
        value=lambda h: h.until_at,
        show=lambda h: moment(h.until_at),
        sort=("until_at",),
    )
    return Table(
        noun="past holders" if past else "holders",
        columns=(*_HOLDER_COLUMNS, *([ended] if past else [])),
        order="-until" if past else "account",
        filters=_HOLDER_FILTERS,
        search=beginning_with("account__search"),
        search_label="Search names and e-mails",
        fetch=lambda rows: rows.select_related("account__role", "first_sync"),
        dress=origins.mark,
        pick=(lambda h: h.account.public_id) if pick else None,
        peek=lambda h: account_peek(h.account),
    )


def _since(holding: Holding) -> SafeString | str:
    """The first sync could not see since when."""
    first = holding.first_sync is not None and holding.first_sync.number == 1
    if not first:
        return moment(holding.from_at)
    when = moment(holding.from_at)
    return format_html(
        '{}<span class="second">{}</span>', mark("before the first sync", "clock"), when
    )


def _role(account: Account) -> str | None:
    return account.role.name if account.role else None


_HOLDER_FILTERS = (
    Filter(
        name="external",
        label="Address",
        narrow=lambda values: Q(account__external__in=[value == "yes" for value in values]),
        choices=EXTERNAL,
    ),
    Filter(
        name="status", label="Status", narrow=one_of("account__status"), choices=STATUSES,
    ),
)  # fmt: skip
_HOLDER_COLUMNS: tuple[Column[Holding], ...] = (
    Column(
        name="account",
        label="Account",
        value=lambda h: str(h.account),
        show=lambda h: account_cell(h.account),
        sort=("account__name",),
        filed=True,
    ),
    Column(
        name="email", label="E-mail", value=lambda h: h.account.email, sort=("account__email",),
        usual=False, filed=True,
    ),
    Column(
        name="id", label="Id", value=lambda h: h.account.external_id, usual=False, filed=True
    ),
    Column(
        name="status",
        label="Status",
        value=lambda h: h.account.status,
        show=lambda h: status(status_look(h.account)),
    ),
    Column(name="role", label="Role now", value=lambda h: _role(h.account)),
    Column(
        name="since", label="Since", value=lambda h: h.from_at, show=_since, sort=("from_at",)
    ),
    Column(name="origin", label="Given", value=origin_text, show=origin_cell),
)  # fmt: skip
