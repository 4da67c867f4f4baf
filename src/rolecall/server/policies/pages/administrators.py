"""Workspace owners and membership admins of all workspaces, and what the policies say of them."""

from django.db.models import Q
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.safestring import SafeString

from rolecall.server.access import origins
from rolecall.server.access.models import Grant
from rolecall.server.access.pages.looks import (
    account_cell,
    entitlement_name,
    origin_cell,
    origin_text,
    person_cell,
    status_look,
)
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.policies.models import RolePolicy
from rolecall.server.policies.standing import (
    Standing,
    administrators,
    apps_of,
    named_by,
    policies_by_app,
    standings,
)
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import NOTHING, Look, link, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["overview"]

_NAMED = Look(word="Named", tone="good", icon="done")
_UNNAMED = Look(word="Not named", tone="bad", icon="alert")
_BROKEN = Look(word="Broken", tone="bad", icon="alert")
_KEPT = Look(word="Kept", tone="good", icon="done")
_NONE = Look(word="No policy", tone="idle", icon="nothing")


def _word(grant: Grant) -> str | None:
    look: Look | None = getattr(grant, "allowed", None)
    return look.word if look else None


def _mark(grant: Grant) -> SafeString | str:
    look: Look | None = getattr(grant, "allowed", None)
    return status(look) if look else NOTHING


_COLUMNS: tuple[Column[Grant], ...] = (
    Column(
        name="account",
        label="Account",
        value=lambda g: str(g.account),
        show=lambda g: account_cell(g.account),
        sort=("account__name",),
    ),
    Column(name="email", label="E-mail", value=lambda g: g.account.email, usual=False),
    Column(
        name="app",
        label="App",
        value=lambda g: g.entitlement.app.name,
        show=lambda g: link(
            g.entitlement.app.name, reverse("access:app", args=(g.entitlement.app.public_id,))
        ),
        sort=("entitlement__app__name", "account__name"),
    ),
    Column(
        name="role",
        label="Role",
        value=lambda g: g.entitlement.name,
        show=lambda g: entitlement_name(g.entitlement),
        sort=("entitlement__name", "account__name"),
    ),
    Column(
        name="person",
        label="Person",
        value=lambda g: g.account.person.name if g.account.person else g.account.link,
        show=lambda g: person_cell(g.account),
    ),
    Column(name="policy", label="Policy", value=_word, show=_mark),
    Column(
        name="status",
        label="Status",
        value=lambda g: g.account.status,
        show=lambda g: status(status_look(g.account)),
        usual=False,
    ),
    Column(
        name="since",
        label="Since",
        value=lambda g: g.from_at,
        show=lambda g: moment(g.from_at),
        sort=("from_at",),
    ),
    Column(name="origin", label="Origin", value=origin_text, show=origin_cell),
    Column(name="external", label="External", value=lambda g: g.account.external, usual=False),
)


@page("policy:read")
def overview(request: Request) -> HttpResponseBase:
    """Each role of each workspace against its policy, and everybody who holds one."""
    apps = apps_of(request.actor)
    judged = standings(apps)
    return show(
        request,
        "policies/administrators.html",
        _table(judged),
        administrators(apps),
        standings=[(one, _look(one)) for one in judged],
        broken=sum(bool(one.faults) for one in judged),
        may_edit=bool(may(request.actor, "policy:edit")),
        prefix="rolecall",
    )


def _look(one: Standing) -> Look:
    if one.policy is None:
        return _NONE
    return _BROKEN if one.faults else _KEPT


def _table(judged: list[Standing]) -> Table[Grant]:
    there = {one.app.public_id: one.app.name for one in judged}
    return Table(
        noun="administrators",
        columns=_COLUMNS,
        order="app",
        filters=(
            Filter(
                name="role",
                label="Role",
                narrow=one_of("entitlement__resource__external_id"),
                choices=tuple(Choice(value=v, label=w) for v, w in RolePolicy.Role.choices),
            ),
            Filter(
                name="app",
                label="App",
                narrow=one_of("entitlement__app__public_id"),
                choices=tuple(Choice(value=key, label=name) for key, name in there.items()),
            ),
            Filter(
                name="external",
                label="Address",
                narrow=lambda values: Q(account__external__in=[v == "yes" for v in values]),
                choices=(Choice(value="yes", label="External"), Choice(value="no", label="Ours")),
            ),
        ),
        search=lambda text: Q(account__name__icontains=text) | Q(account__email__icontains=text),
        search_label="Search names and e-mails",
        fetch=lambda rows: rows.select_related(
            "account__person", "entitlement__app", "entitlement__resource"
        ),
        dress=_dressed,
    )


def _dressed(grants: list[Grant]) -> None:
    """Origin, and whether the policy of the role names the person."""
    origins.mark(grants)
    policies = policies_by_app()
    for one in grants:
        resource = one.entitlement.resource
        role = resource.external_id if resource else ""
        own = policies.get((one.entitlement.app_id, role)) or policies.get((None, role))
        one.allowed = _allowed(one, own)  # type: ignore[attr-defined]


def _allowed(grant: Grant, policy: RolePolicy | None) -> Look | None:
    if policy is None or not policy.only_named:
        return None
    return _NAMED if grant.account.person_id in named_by(policy) else _UNNAMED
