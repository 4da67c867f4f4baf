"""All connectors, in one table."""

from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Min, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponseBase
from django.urls import reverse

from rolecall.server.connectors.models import Connector, Secret
from rolecall.server.connectors.pages.looks import connector_look
from rolecall.server.people.door import Request, page
from rolecall.server.people.models import RoleAssignment
from rolecall.server.people.permissions import may, scopes_of
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["connectors"]


def _records(connector: Connector) -> str | None:
    """Accounts and grants that the last applied sync left."""
    sync = connector.app.last_sync
    if sync is None:
        return None
    grants = sum(map(_left, sync.counts.get("grants", {}).values()))
    return f"{_left(sync.counts.get('accounts', {})):,} accounts, {grants:,} grants"


def _left(shift: dict[str, int]) -> int:
    return shift.get("before", 0) + shift.get("added", 0) - shift.get("removed", 0)


def _token_since(connector: Connector) -> datetime | None:
    since: datetime | None = connector.token_since  # type: ignore[attr-defined]
    return since


def _owners(connector: Connector) -> list[str]:
    owners: list[str] = connector.owner_names  # type: ignore[attr-defined]
    return owners


def _fetch(rows: QuerySet[Connector]) -> QuerySet[Connector]:
    owners = RoleAssignment.objects.filter(
        scope=OuterRef("public_id"),
        role=RoleAssignment.Role.CONNECTOR_OWNER,
        until_at=None,
    ).order_by("user__name")
    secrets = Secret.objects.filter(connector=OuterRef("pk"), state=Secret.State.CURRENT)
    oldest = secrets.order_by().values("connector").annotate(at=Min("set_at")).values("at")
    return rows.select_related("app__last_sync").annotate(
        owner_names=ArraySubquery(owners.values("user__name")), token_since=Subquery(oldest)
    )


def _owned_by(names: tuple[str, ...]) -> Q:
    named = Q(pk__in=())
    for name in names:
        named |= Q(user__name__istartswith=name)
    owned = RoleAssignment.objects.filter(named, until_at=None).exclude(scope="")
    return Q(public_id__in=owned.values("scope"))


_COLUMNS: tuple[Column[Connector], ...] = (
    Column(
        name="name",
        label="Connector",
        value=lambda c: c.name,
        show=lambda c: link(c.name, reverse("connectors:connector", args=(c.public_id,))),
        sort=("name",),
    ),
    Column(
        name="app",
        label="App",
        value=lambda c: c.app.name,
        show=lambda c: link(c.app.name, reverse("access:app", args=(c.app.public_id,))),
        sort=("app__name",),
    ),
    Column(name="owners", label="Owners", value=_owners),
    Column(
        name="status",
        label="Status",
        value=lambda c: c.get_state_display(),
        show=lambda c: status(connector_look(c)),
        sort=("state", "name"),
    ),
    Column(
        name="last",
        label="Last sync",
        value=lambda c: c.last_success_at,
        show=lambda c: moment(c.last_success_at),
        sort=("last_success_at",),
    ),
    Column(
        name="next",
        label="Next sync",
        value=lambda c: c.due_at,
        show=lambda c: moment(c.due_at),
        sort=("due_at",),
    ),
    Column(name="records", label="Records", value=_records),
    Column(
        name="token", label="Token since", value=_token_since,
        show=lambda c: moment(_token_since(c)),
    ),
)  # fmt: skip
_STATES = tuple(
    Choice(value=value, label=label)
    for value, label in Connector.State.choices
    if value != Connector.State.ARCHIVED
)
_TABLE: Table[Connector] = Table(
    noun="connectors",
    columns=_COLUMNS,
    order="name",
    filters=(
        Filter(name="status", label="Status", narrow=one_of("state"), choices=_STATES),
        Filter(
            name="owner",
            label="Owner",
            narrow=_owned_by,
            hint="beginning of a name",
        ),
    ),
    search=lambda text: Q(name__icontains=text) | Q(app__name__icontains=text),
    search_label="Search connectors",
    fetch=_fetch,
)


@page("connector:list")
def connectors(request: Request) -> HttpResponseBase:
    """Those that are not deleted."""
    rows = Connector.objects.filter(archived_at=None)
    scopes = scopes_of(request.actor, "connector:list")
    if scopes is not None:
        rows = rows.filter(Q(public_id__in=scopes) | Q(app__public_id__in=scopes))
    may_add = bool(may(request.actor, "connector:add"))
    return show(request, "connectors/list.html", _TABLE, rows, may_add=may_add, prefix="")
