"""Whether what orders were to bring about is so, by what was last observed. Changes nothing."""

from collections.abc import Collection
from typing import Final

from rolecall.server.access.models import Account, Entitlement, Grant
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning.accounts import shown

__all__ = ["Seen", "look", "types_of"]

_Operation = Order.Operation
_USER, _GROUP, _ROLE = "user", "group", "role"
_TYPES: Final = {
    _Operation.CREATE_ACCOUNT: frozenset({_USER}),
    _Operation.UPDATE_ACCOUNT: frozenset({_USER}),
    _Operation.REMOVE_ACCOUNT: frozenset({_USER}),
    _Operation.CREATE_GROUP: frozenset({_GROUP}),
    _Operation.RENAME_GROUP: frozenset({_GROUP}),
    _Operation.DELETE_GROUP: frozenset({_GROUP}),
}
_HOLDING: Final = frozenset({_Operation.GRANT, _Operation.REVOKE})
_OF_ACCOUNTS: Final = frozenset({_Operation.CREATE_ACCOUNT, _Operation.REMOVE_ACCOUNT})
_TAKING: Final = frozenset({_Operation.REVOKE, _Operation.REMOVE_ACCOUNT, _Operation.DELETE_GROUP})


def types_of(order: Order) -> frozenset[str]:
    """The types that a sync must have proved complete to tell whether an order's effect is so."""
    if order.operation in _TYPES:
        return _TYPES[_Operation(order.operation)]
    role = order.entitlement is not None and order.entitlement.kind == Entitlement.Kind.ROLE
    return frozenset({_USER, _ROLE if role else _GROUP})


class Seen:
    """What was last observed of everything that some orders are about."""

    def __init__(self, orders: Collection[Order]) -> None:
        accounts = {one.account_id for one in orders if one.account_id}
        entitlements = {one.entitlement_id for one in orders if one.entitlement_id}
        apps = {one.app_id for one in orders}
        self.accounts = Account.objects.in_bulk(accounts)
        self.entitlements = Entitlement.objects.in_bulk(entitlements)
        self.grants = set(
            Grant.objects.filter(
                account__in=accounts, entitlement__in=entitlements, until_at=None
            ).values_list("account_id", "entitlement_id")
        )
        emails = [one.wish["email"].casefold() for one in orders if "email" in one.wish]
        there = Account.objects.filter(app__in=apps, present=True, emails__overlap=emails)
        self.addresses = {address: one for one in there for address in one.emails}
        names = [one.wish["name"] for one in orders if "name" in one.wish]
        groups = Entitlement.objects.filter(
            app__in=apps, present=True, kind=Entitlement.Kind.GROUP, name__in=names
        )
        self.groups = {one.name: one for one in groups}


def look(order: Order, seen: Seen) -> bool | None:
    """Whether what was wanted is so; None where no interface shows it.

    Notes in the order the account or group that a creation brought.
    """
    if order.operation == _Operation.CREATE_ACCOUNT and order.account_id is None:
        order.account = seen.addresses.get(order.wish["email"].casefold())
    if order.operation == _Operation.CREATE_GROUP and order.entitlement_id is None:
        order.entitlement = seen.groups.get(order.wish["name"])
    there = _there(order, seen)
    return there if there is None or order.operation not in _TAKING else not there


def _there(order: Order, seen: Seen) -> bool | None:
    """Whether the thing that the order is about is there: an account, a grant, a name."""
    account = seen.accounts.get(order.account_id or 0) or order.account
    if order.operation in _HOLDING:
        return (order.account_id, order.entitlement_id) in seen.grants
    if order.operation == _Operation.UPDATE_ACCOUNT:
        return _described(order, account)
    if order.operation in _OF_ACCOUNTS:
        guest = account is None and order.operation == _Operation.REMOVE_ACCOUNT
        return None if guest else account is not None and account.present
    group = seen.entitlements.get(order.entitlement_id or 0) or order.entitlement
    called = order.wish["name"] if order.operation == _Operation.RENAME_GROUP else None
    return group is not None and group.present and called in {None, group.name}


def _described(order: Order, account: Account | None) -> bool | None:
    """Whether an account shows what was wanted, of what the source shows at all."""
    if account is None:
        return None
    told = {name: shown(account, name) for name in order.wish if shown(account, name)}
    return all(order.wish[name] == value for name, value in told.items()) if told else None
