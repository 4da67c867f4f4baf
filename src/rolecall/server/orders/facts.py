"""What a plan rests on: who is there, who holds what, what is on its way, and who can change it.

Read once for all rows of a plan, from what was last observed; nothing here asks Notion. What Notion
shows when an order is carried out is looked at again there, and guarded again there.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from rolecall.server.access.models import Account, App, Entitlement, Grant, Reason
from rolecall.server.connectors.abilities import cannot
from rolecall.server.connectors.models import Connector, Secret
from rolecall.server.orders.models import LIVE, Order
from rolecall.server.orders.wishes import Wish

__all__ = ["Facts", "connector_of", "ends_role", "gather"]

_Operation = Order.Operation


@dataclass(kw_only=True)
class Facts:
    """Of one app, as far as some wishes need it; sets of accounts hold their keys."""

    app: App
    connector: Connector | None
    accounts: dict[str, Account] = field(default_factory=dict)
    """By public id."""
    entitlements: dict[str, Entitlement] = field(default_factory=dict)
    """By public id, with their resources."""
    roles: dict[str, Entitlement] = field(default_factory=dict)
    """By the role's own id: owner, member."""
    groups: dict[int, list[Entitlement]] = field(default_factory=dict)
    """Account → the groups that it is in."""
    former: dict[int, str] = field(default_factory=dict)
    """Account → the role that it held before the one it has now."""
    reasons: dict[int, set[str]] = field(default_factory=dict)
    """Account → the roles that there is an open reason for."""
    owners: set[int] = field(default_factory=set)
    """Workspace owners who are there, less those whom a row before this one takes away, or an order
    that is on its way."""
    token_owners: set[int] = field(default_factory=set)
    """Whose tokens we use."""
    addresses: dict[str, Account] = field(default_factory=dict)
    """Folded address → the account that is there; of the addresses in the wishes."""
    group_names: dict[str, Entitlement] = field(default_factory=dict)
    """Folded name → the group that is there."""
    live: dict[str, Order] = field(default_factory=dict)
    """Effect → the order that is on its way."""
    planned: set[str] = field(default_factory=set)
    """Effects of the rows before this one."""
    joined: set[str] = field(default_factory=set)
    """Groups (public ids of their memberships) into which a row before this one puts somebody."""
    _cannot: dict[tuple[str, str], str] = field(default_factory=dict)

    def cannot(self, kind: str, resource_type: str) -> str:
        """Why the connector cannot carry out a change of this kind; asked once for all rows."""
        asked = (kind, resource_type)
        if asked not in self._cannot:
            self._cannot[asked] = cannot(self.connector, kind, resource_type)
        return self._cannot[asked]


def connector_of(app: App) -> Connector | None:
    """The connector that carries changes of an app, if it has one."""
    return Connector.objects.filter(app=app, archived_at=None, succeeds=None).first()


def gather(app: App, wishes: Collection[Wish]) -> Facts:
    """Everything that planning these wishes needs."""
    facts = Facts(app=app, connector=connector_of(app))
    _things(facts, wishes)
    _holdings(facts)
    _people(facts)
    _names(facts, wishes)
    rows = Order.objects.filter(app=app, state__in=LIVE).select_related("decision")
    facts.live = {one.effect: one for one in rows}
    facts.owners -= {one.account_id for one in rows if one.account_id and ends_role(one)}
    return facts


def ends_role(order: Order) -> bool:
    """Whether somebody loses the role that they have, or leaves."""
    return order.operation == _Operation.REMOVE_ACCOUNT or order.effect.startswith("role ")


def _things(facts: Facts, wishes: Collection[Wish]) -> None:
    named = {one.account for one in wishes}
    named |= {word for one in wishes for word in one.values.get("members", "").split()}
    accounts = Account.objects.filter(app=facts.app, public_id__in=named)
    facts.accounts = {one.public_id: one for one in accounts.select_related("role__resource")}
    rows = Entitlement.objects.filter(app=facts.app).select_related("resource")
    wanted = rows.filter(public_id__in={one.entitlement for one in wishes})
    facts.entitlements = {one.public_id: one for one in wanted}
    roles = rows.filter(kind=Entitlement.Kind.ROLE)
    facts.roles = {one.resource.external_id: one for one in roles if one.resource}


def _holdings(facts: Facts) -> None:
    keys = [one.pk for one in facts.accounts.values()]
    groups = defaultdict[int, list[Entitlement]](list)
    held = Grant.objects.filter(
        account__in=keys, until_at=None, entitlement__kind=Entitlement.Kind.GROUP
    )
    for one in held.select_related("entitlement__resource").order_by("entitlement__name", "id"):
        groups[one.account_id].append(one.entitlement)
    facts.groups = dict(groups)
    past = Grant.objects.filter(
        account__in=keys, until_at__isnull=False, entitlement__kind=Entitlement.Kind.ROLE
    ).order_by("until_at", "id")
    facts.former = dict(past.values_list("account_id", "entitlement__resource__external_id"))
    reasons = defaultdict[int, set[str]](set)
    for account, role in Reason.objects.filter(
        account__in=keys, ended_at=None, entitlement__kind=Entitlement.Kind.ROLE
    ).values_list("account_id", "entitlement__resource__external_id"):
        reasons[account].add(role)
    facts.reasons = dict(reasons)


def _people(facts: Facts) -> None:
    there = Account.objects.filter(app=facts.app, present=True)
    owners = there.filter(role__resource__external_id="owner")
    facts.owners = set(owners.values_list("pk", flat=True))
    if facts.connector is None:
        return
    tokens = facts.connector.secrets.filter(state=Secret.State.CURRENT).exclude(made_by="")
    makers = [one.casefold() for one in tokens.values_list("made_by", flat=True)]
    facts.token_owners = set(there.filter(emails__overlap=makers).values_list("pk", flat=True))


def _names(facts: Facts, wishes: Collection[Wish]) -> None:
    addresses = [one.values["email"].casefold() for one in wishes if one.values.get("email")]
    found = Account.objects.filter(app=facts.app, present=True, emails__overlap=addresses)
    facts.addresses = {address: one for one in found for address in one.emails}
    if any(one.values.get("name") for one in wishes):
        groups = Entitlement.objects.filter(
            app=facts.app, present=True, kind=Entitlement.Kind.GROUP
        ).select_related("resource")
        facts.group_names = {one.name.casefold(): one for one in groups}
