"""Planning who holds what: roles and memberships, given and taken away."""

from typing import Final

from rolecall.errors import Conflict, Gone, NotAllowed
from rolecall.notion.model import WORKSPACE_ROLES
from rolecall.server.access.models import Account, Entitlement
from rolecall.server.orders.facts import Facts
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning.finding import account_of, entitlement_of
from rolecall.server.orders.wishes import Wish

__all__ = ["grant", "lower_role", "revoke", "role_called", "role_id"]

_Kind = Entitlement.Kind
_RANK: Final = {one.id: one.rank for one in WORKSPACE_ROLES}
_NAMES: Final = {one.id: one.name for one in WORKSPACE_ROLES}
_FLOOR: Final = min(WORKSPACE_ROLES, key=lambda one: one.rank).id
"""Ending a role leaves this one (Notion: N-099)."""


def grant(order: Order, wish: Wish, facts: Facts) -> None:
    """A role, in the place of the one before; or membership of a group.

    Raises:
        Gone, Invalid: there is no such account or entitlement.
        Conflict: it is so already.
    """
    account, wanted = account_of(wish, facts), entitlement_of(wish, facts)
    order.account, order.entitlement = account, wanted
    if wanted.kind == _Kind.ROLE:
        _insist(account.role_id != wanted.pk, f"{account} has the role {wanted.name} already.")
        _role(order, account, role_id(wanted))
        return
    held = any(one.pk == wanted.pk for one in facts.groups.get(account.pk, []))
    _insist(not held, f"{account} is in {wanted.name} already.")
    _membership(order, account, wanted)
    order.meaning = [f"{account} gets what {wanted.name} can see and do."]


def revoke(order: Order, wish: Wish, facts: Facts) -> None:
    """A role, for a lower one; or membership of a group.

    Raises:
        Gone, Invalid: there is no such account or entitlement.
        Conflict: it is so already.
        NotAllowed: it is the least role of all.
    """
    account, wanted = account_of(wish, facts), entitlement_of(wish, facts)
    order.account, order.entitlement = account, wanted
    if wanted.kind == _Kind.ROLE:
        _insist(account.role_id == wanted.pk, f"{account} does not have the role {wanted.name}.")
        to = lower_role(role_id(wanted), account, facts)
        order.wish = {"to": to}
        _role(order, account, to)
        return
    held = any(one.pk == wanted.pk for one in facts.groups.get(account.pk, []))
    _insist(held, f"{account} is not in {wanted.name}.")
    _membership(order, account, wanted)
    order.meaning = [f"{account} loses what only {wanted.name} can see and do."]


def lower_role(role: str, account: Account, facts: Facts) -> str:
    """What somebody has once a role is taken away.

    The highest lower role that there is an open reason for, else the one that they had before if
    that was lower, else the least one.

    Raises:
        NotAllowed: it is the least one.
    """
    if role == _FLOOR:
        raise NotAllowed(
            f"{account} is {_NAMES[_FLOOR]}, the least that a member can be.",
            hint="To take the rest away, remove the account.",
        )
    rank = _RANK.get(role, 0)
    lower = [one for one in facts.reasons.get(account.pk, ()) if 0 < _RANK.get(one, 0) < rank]
    if lower:
        return max(lower, key=_RANK.__getitem__)
    former = facts.former.get(account.pk, "")
    return former if 0 < _RANK.get(former, 0) < rank else _FLOOR


def role_id(entitlement: Entitlement) -> str:
    """The role's own id: owner, member."""
    return entitlement.resource.external_id if entitlement.resource else entitlement.external_id


def role_called(role: str) -> str:
    """What people call a role."""
    return _NAMES.get(role, role)


def _role(order: Order, account: Account, to: str) -> None:
    before = role_id(account.role) if account.role else ""
    order.effect = f"role {account.public_id}"
    order.before = {"role": before}
    order.meaning = [f"From {role_called(before) or 'no known role'} to {role_called(to)}."]
    if to == "owner":
        order.meaning.append("They can change everything in the workspace, and everybody in it.")
    if before not in _RANK:
        order.undo = Order.Undo.NO


def _membership(order: Order, account: Account, group: Entitlement) -> None:
    order.effect = f"member {account.public_id} {group.public_id}"
    if group.kind != _Kind.GROUP:
        raise Gone("Having an account is no group.", hint="Add or remove the account instead.")


def _insist(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise Conflict(otherwise, hint="Nothing is to be done.")
