"""Which task carries an order: its kind, its parameters, and what type of thing it changes. Pure.

A task's parameters never hold a secret. Accounts and entitlements are named by their public ids,
and arguments of actions by Notion's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from rolecall.errors import Gone
from rolecall.server.access.models import Account, Entitlement, Resource
from rolecall.server.connectors.models import Task
from rolecall.server.orders.models import Order

__all__ = ["Errand", "errand"]

_Operation = Order.Operation
_OURS: Final = frozenset({"role", "groups"})
"""What a wish says of a new account in our words, and a profile in others or not at all."""
_LEAST: Final = "restricted_member"
Roles = Mapping[str, Entitlement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a connector is asked to do."""

    kind: str
    """Of `Task.Kind`."""
    resource_type: str
    """user, group or role."""
    parameters: dict[str, Any] = field(default_factory=dict)


def errand(order: Order, roles: Roles) -> Errand:
    """The task for an order.

    Args:
        order: what is to be done.
        roles: the app's, by their own ids.

    Raises:
        Gone: the role that somebody is to have is not there any more.
    """
    return _ERRANDS[order.operation](order, roles)


def _grant(order: Order, roles: Roles) -> Errand:
    del roles
    account, entitlement = _account(order), _entitlement(order)
    return _holding(Task.Kind.GRANT, account, entitlement)


def _revoke(order: Order, roles: Roles) -> Errand:
    account, entitlement = _account(order), _entitlement(order)
    to = order.wish.get("to", _LEAST)
    if entitlement.kind != Entitlement.Kind.ROLE or to == _LEAST:
        return _holding(Task.Kind.REVOKE, account, entitlement)
    if (lower := roles.get(to)) is None:
        raise Gone(f"There is no role {to} any more.", hint="Plan it again.")
    return _holding(Task.Kind.GRANT, account, lower)


def _holding(kind: str, account: Account, entitlement: Entitlement) -> Errand:
    named = {"account": account.public_id, "entitlement": entitlement.public_id}
    return Errand(kind=kind, resource_type=entitlement.kind, parameters=named)


def _create_account(order: Order, roles: Roles) -> Errand:
    del roles
    profile = {name: value for name, value in order.wish.items() if name not in _OURS}
    profile["workspace_role"] = order.wish.get("role", "member")
    return Errand(kind=Task.Kind.CREATE_ACCOUNT, resource_type="user", parameters=profile)


def _update_account(order: Order, roles: Roles) -> Errand:
    del roles
    args = {"user_id": _account(order).external_id, **order.wish}
    return _action("update_account", "user", args)


def _remove_account(order: Order, roles: Roles) -> Errand:
    del roles
    named = {"account": _account(order).public_id}
    return Errand(kind=Task.Kind.DELETE_RESOURCE, resource_type="user", parameters=named)


def _create_group(order: Order, roles: Roles) -> Errand:
    del roles
    named = {"name": order.wish["name"]}
    return Errand(kind=Task.Kind.CREATE_RESOURCE, resource_type="group", parameters=named)


def _rename_group(order: Order, roles: Roles) -> Errand:
    del roles
    args = {"group_id": _resource(order).external_id, "name": order.wish["name"]}
    return _action("rename_group", "group", args)


def _delete_group(order: Order, roles: Roles) -> Errand:
    del roles
    named = {"resource": _resource(order).public_id}
    return Errand(kind=Task.Kind.DELETE_RESOURCE, resource_type="group", parameters=named)


def _action(name: str, resource_type: str, args: dict[str, Any]) -> Errand:
    return Errand(
        kind=Task.Kind.ACTION, resource_type=resource_type, parameters={"name": name, "args": args}
    )


def _account(order: Order) -> Account:
    if order.account is None:
        raise AssertionError(f"{order} is about no account")
    return order.account


def _entitlement(order: Order) -> Entitlement:
    if order.entitlement is None:
        raise AssertionError(f"{order} is about no entitlement")
    return order.entitlement


def _resource(order: Order) -> Resource:
    resource = _entitlement(order).resource
    if resource is None:
        raise AssertionError(f"{order} is about no resource")
    return resource


_ERRANDS: Final = MappingProxyType[str, Callable[[Order, Roles], Errand]]({
    _Operation.GRANT: _grant,
    _Operation.REVOKE: _revoke,
    _Operation.CREATE_ACCOUNT: _create_account,
    _Operation.UPDATE_ACCOUNT: _update_account,
    _Operation.REMOVE_ACCOUNT: _remove_account,
    _Operation.CREATE_GROUP: _create_group,
    _Operation.RENAME_GROUP: _rename_group,
    _Operation.DELETE_GROUP: _delete_group,
})  # fmt: skip
