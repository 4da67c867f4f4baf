"""The accounts of an app: those that are there, and those that were."""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Q
from django.http import HttpResponseBase

from rolecall.server.access.finding import app_for
from rolecall.server.access.models import Account, App, Entitlement, Grant
from rolecall.server.access.pages.looks import (
    EXTERNAL,
    STATUSES,
    account_cell,
    account_peek,
    app_crumbs,
    app_tabs,
    entitlement_name,
    person_cell,
    status_look,
    type_mark,
)
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may, require
from rolecall.server.tables.answer import show, wants_file
from rolecall.server.tables.look import moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of
from rolecall.server.tables.words import beginning_with

__all__ = ["accounts", "accounts_table", "past_accounts"]

_COLUMNS: tuple[Column[Account], ...] = (
    Column(
        name="account", label="Account", value=str, show=account_cell, sort=("name",), filed=True
    ),
    Column(
        name="email", label="E-mail", value=lambda a: a.email, sort=("email",), usual=False,
        filed=True,
    ),
    Column(name="emails", label="All e-mails", value=lambda a: a.emails, usual=False),
    Column(
        name="status",
        label="Status",
        value=lambda a: a.status,
        show=lambda a: status(status_look(a)),
        sort=("status", "name"),
    ),
    Column(
        name="role",
        label="Role",
        value=lambda a: a.role.name if a.role else None,
        show=lambda a: entitlement_name(a.role),
        sort=("role__name", "name"),
    ),
    Column(name="groups", label="Groups", value=lambda a: a.groups, sort=("groups",), number=True),
    Column(name="type", label="Type", value=lambda a: a.get_type_display(), show=type_mark),
    Column(
        name="person",
        label="Person",
        value=lambda a: a.person.name if a.person else a.link,
        show=person_cell,
    ),
    Column(name="link", label="Match", value=lambda a: a.link, sort=("link",), usual=False),
    Column(name="external", label="External", value=lambda a: a.external, usual=False),
    Column(name="seat", label="Seat", value=lambda a: a.seat, usual=False),
    Column(
        name="seen",
        label="First seen",
        value=lambda a: a.first_seen_at,
        show=lambda a: moment(a.first_seen_at),
        sort=("first_seen_at",),
        usual=False,
    ),
    Column(
        name="changed",
        label="Last changed",
        value=lambda a: a.last_changed_at,
        show=lambda a: moment(a.last_changed_at),
        sort=("last_changed_at",),
    ),
    Column(name="id", label="Id", value=lambda a: a.external_id, usual=False, filed=True),
)  # fmt: skip


@page("account:read")
def accounts(request: Request, app_id: str) -> HttpResponseBase:
    """Those that are there now."""
    return _list(request, app_for(request.actor, app_id, "account:read"), present=True)


@page("account:read")
def past_accounts(request: Request, app_id: str) -> HttpResponseBase:
    """Those that are gone; their history stays."""
    return _list(request, app_for(request.actor, app_id, "account:read"), present=False)


def _list(request: Request, app: App, *, present: bool) -> HttpResponseBase:
    if wants_file(request):
        require(request.actor, "account:export", app.public_id)
    may_plan = present and bool(may(request.actor, "order:plan", app.public_id))
    return show(
        request,
        "access/accounts.html",
        accounts_table(app, present=present, pick=may_plan),
        Account.objects.filter(app=app, present=present),
        app=app,
        present=present,
        may_edit=bool(may(request.actor, "account:edit", app.public_id)),
        may_plan=may_plan,
        crumbs=app_crumbs(app),
        tabs=app_tabs(app),
        prefix=app.name,
    )


def accounts_table(app: App, *, present: bool = True, pick: bool = False) -> Table[Account]:
    """The table of an app's accounts, there now or gone; with `pick`, rows can be chosen."""
    kind = Entitlement.Kind
    held = Entitlement.objects.filter(app=app, kind__in=(kind.ACCOUNT, kind.ROLE)).order_by("name")
    roles = [one for one in held if one.kind == kind.ROLE]
    there = [one.holders for one in held if one.kind == kind.ACCOUNT]
    runs = (*(Q(role=role.pk) for role in roles), Q(role=None))
    return Table(
        noun="accounts",
        columns=tuple(replace(c, runs=runs) if c.name == "role" else c for c in _COLUMNS),
        known=there[0] if there and present else None,
        order="account",
        filters=tuple(_filters(app, roles)),
        search=beginning_with("search"),
        search_label="Search names and e-mails",
        fetch=lambda rows: rows.select_related("role", "person"),
        pick=(lambda a: a.public_id) if pick else None,
        peek=account_peek,
    )


def _filters(app: App, roles: Iterable[Entitlement]) -> Iterable[Filter]:
    yield Filter(name="status", label="Status", narrow=one_of("status"), choices=STATUSES)
    keys = {role.public_id: role.pk for role in roles}
    if keys:
        of_roles = _choices((role.public_id, role.name) for role in roles)
        # By key, as the index of accounts has it.
        yield Filter(
            name="role", label="Role", choices=of_roles,
            narrow=lambda values: Q(role__in=[keys[value] for value in values]),
        )  # fmt: skip
    links = [(value, label) for value, label in Account.Link.choices]
    yield Filter(name="link", label="Person", narrow=one_of("link"), choices=_choices(links))
    types = [(value, label) for value, label in Account.Type.choices]
    yield Filter(name="type", label="Type", narrow=one_of("type"), choices=_choices(types))
    yield Filter(
        name="external",
        label="Address",
        narrow=lambda values: Q(external__in=[value == "yes" for value in values]),
        choices=EXTERNAL,
    )
    seats = (("yes", "Takes a seat"), ("no", "Takes none"))
    yield Filter(
        name="seat",
        label="Seat",
        narrow=lambda values: Q(seat__in=[value == "yes" for value in values]),
        choices=_choices(seats),
    )
    yield Filter(
        name="group", label="Group", narrow=lambda names: _in_groups(app, names),
        hint="beginning of its name",
    )  # fmt: skip
    yield Filter(name="domain", label="E-mail domain", narrow=_of_domains, hint="acme.com")


def _choices(pairs: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(value=value, label=label) for value, label in pairs)


def _in_groups(app: App, names: tuple[str, ...]) -> Q:
    named = Q(pk__in=())
    for name in names:
        named |= Q(name__istartswith=name)
    groups = Entitlement.objects.filter(named, app=app, kind=Entitlement.Kind.GROUP)
    # Found first, so that PostgreSQL knows how few they are.
    held = Grant.objects.filter(
        entitlement__in=[*groups.values_list("pk", flat=True)], until_at=None
    )
    return Q(pk__in=held.values("account"))


def _of_domains(domains: tuple[str, ...]) -> Q:
    fitting = Q(pk__in=())
    for domain in domains:
        ending = f"@{domain.removeprefix('@')}"
        # Said twice: only of the column as it is does PostgreSQL know how many end like this.
        fitting |= Q(email__endswith=ending.lower()) | Q(email__iendswith=ending)
    return fitting
