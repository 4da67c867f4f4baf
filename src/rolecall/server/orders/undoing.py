"""Undo: a new decision whose orders reverse those of an old one.

Nothing is taken back in silence: what reverses an order is planned, looked over, applied and
verified like anything else, for thirty days.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict, Gone
from rolecall.server.access.models import Entitlement
from rolecall.server.audit.trail import Actor
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.planned import planned
from rolecall.server.orders.rows import decision_locked, order_locked
from rolecall.server.orders.wishes import Wish

__all__ = ["KEPT_FOR", "undo", "undoable"]

KEPT_FOR: Final = timedelta(days=30)
_Operation = Order.Operation
_State = Order.State
_NAMES: Final = ("email", "first_name", "last_name", "title")


@transaction.atomic
def undo(actor: Actor, target_id: str, *, reason: str = "", now: datetime) -> Decision:
    """Plan what reverses a whole decision, or one order of it.

    Args:
        actor: who wants it.
        target_id: public id of the decision or order.
        reason: why.
        now: when.

    Returns:
        A planned decision; the last order of the old one comes first.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such decision or order.
        Conflict: nothing of it was done, nothing can be undone, or it is too long ago.
    """
    orders = _orders(actor, target_id)
    possible = [one for one in orders if undoable(one, now=now)]
    if not possible:
        raise Conflict(
            "Nothing of this can be undone.",
            hint="Only verified changes of the last 30 days can be, and some never.",
        )
    decision = possible[0].decision
    return planned(
        actor, decision.app, [_reverse(one) for one in possible],
        title=f"Undo: {decision.title}", reason=reason, authority="undo", now=now, undoes=possible,
    )  # fmt: skip


def undoable(order: Order, *, now: datetime) -> bool:
    """Whether it was done, not too long ago, and can be taken back."""
    done = order.state in {_State.VERIFIED, _State.APPLIED}
    since = order.verified_at or order.applied_at
    return (
        done
        and since is not None
        and now - since <= KEPT_FOR
        and order.undo != Order.Undo.NO
        and order.operation in _REVERSED
    )


def _orders(actor: Actor, target_id: str) -> list[Order]:
    """The orders that are meant, newest first."""
    if target_id.startswith("ord_"):
        return [order_locked(actor, "order:plan", target_id)]
    decision = decision_locked(actor, "order:plan", target_id)
    rows = decision.orders.select_related("app", "decision__app", "account", "entitlement")
    return list(rows.order_by("-id"))


def _reverse(order: Order) -> Wish:
    return _REVERSED[_Operation(order.operation)](order)


def _grant(order: Order) -> Wish:
    """A role goes back to the former one; a membership ends."""
    if order.entitlement and order.entitlement.kind == Entitlement.Kind.ROLE:
        return _former_role(order)
    return _holding(order, _Operation.REVOKE)


def _revoke(order: Order) -> Wish:
    return _holding(order, _Operation.GRANT)


def _holding(order: Order, operation: str) -> Wish:
    return Wish(
        operation=operation,
        account=_account(order),
        entitlement=order.entitlement.public_id if order.entitlement else "",
    )


def _former_role(order: Order) -> Wish:
    role = Entitlement.objects.filter(
        app=order.app_id, kind=Entitlement.Kind.ROLE,
        resource__external_id=order.before.get("role", ""),
    ).first()  # fmt: skip
    if role is None:
        raise Gone("The role from before is not there any more.", hint="Choose another one.")
    return Wish(operation=_Operation.GRANT, account=_account(order), entitlement=role.public_id)


def _create_account(order: Order) -> Wish:
    return Wish(operation=_Operation.REMOVE_ACCOUNT, account=_account(order))


def _update_account(order: Order) -> Wish:
    return Wish(operation=order.operation, account=_account(order), values=order.before)


def _remove_account(order: Order) -> Wish:
    """Invited anew, with the former role, and then with the former groups."""
    before = order.before
    values = {name: before[name] for name in _NAMES if before.get(name)}
    values["role"] = before.get("role") or "member"
    if groups := before.get("groups"):
        values["groups"] = " ".join(one["id"] for one in groups)
    return Wish(operation=_Operation.CREATE_ACCOUNT, values=values)


def _create_group(order: Order) -> Wish:
    return Wish(
        operation=_Operation.DELETE_GROUP,
        entitlement=order.entitlement.public_id if order.entitlement else "",
    )


def _rename_group(order: Order) -> Wish:
    return Wish(
        operation=order.operation,
        entitlement=order.entitlement.public_id if order.entitlement else "",
        values=order.before,
    )


def _delete_group(order: Order) -> Wish:
    """Made anew under its name, and then with its former members."""
    before = order.before
    values = {"name": before["name"], "members": " ".join(before.get("members", []))}
    return Wish(operation=_Operation.CREATE_GROUP, values=values)


def _account(order: Order) -> str:
    return order.account.public_id if order.account else ""


_REVERSED: Final = MappingProxyType[Order.Operation, Callable[[Order], Wish]]({
    _Operation.GRANT: _grant,
    _Operation.REVOKE: _revoke,
    _Operation.CREATE_ACCOUNT: _create_account,
    _Operation.UPDATE_ACCOUNT: _update_account,
    _Operation.REMOVE_ACCOUNT: _remove_account,
    _Operation.CREATE_GROUP: _create_group,
    _Operation.RENAME_GROUP: _rename_group,
    _Operation.DELETE_GROUP: _delete_group,
})  # fmt: skip
