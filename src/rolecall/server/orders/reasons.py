"""Why somebody should hold something: opened by an order that gives, ended by one that takes."""

from datetime import datetime

from rolecall.server.access.models import Reason
from rolecall.server.orders.models import Order

__all__ = ["settle", "withdraw"]

_Operation = Order.Operation


def settle(order: Order, *, now: datetime) -> None:
    """Open or end the reasons that an order stands for, in the transaction of its decision.

    A reason outlives a grant that somebody outside takes away, and may precede one.
    """
    undone = order.undoes
    if undone is not None and undone.operation == _Operation.GRANT:
        _end(order, now, account=undone.account_id, entitlement=undone.entitlement_id)
    elif order.operation == _Operation.GRANT or _has_role(order):
        _open(order, now)
    elif order.operation == _Operation.REVOKE:
        _end(order, now, account=order.account_id, entitlement=order.entitlement_id)
    elif order.operation == _Operation.REMOVE_ACCOUNT and order.account_id:
        _end(order, now, account=order.account_id)
    elif order.operation == _Operation.DELETE_GROUP:
        _end(order, now, entitlement=order.entitlement_id)


def withdraw(order: Order, *, now: datetime) -> None:
    """The order was cancelled before anything happened: so is the reason that it opened."""
    Reason.objects.filter(
        kind="hand", source=order.decision.public_id, account=order.account_id,
        entitlement=order.entitlement_id, ended_at=None,
    ).update(ended_at=now, ended_by="Rolecall: the order was cancelled")  # fmt: skip


def _has_role(order: Order) -> bool:
    """Whether a new account was made, with a role."""
    made = order.operation == _Operation.CREATE_ACCOUNT and order.account is not None
    return made and order.account is not None and order.account.role_id is not None


def _open(order: Order, now: datetime) -> None:
    wanted = order.entitlement or (order.account.role if order.account else None)
    decision = order.decision
    if wanted is None:
        return
    Reason.objects.create(
        kind="hand",
        source=decision.public_id,
        account=order.account,
        entitlement=wanted,
        decided_by=decision.decided_by,
        text=decision.reason,
        from_at=now,
    )


def _end(order: Order, now: datetime, **of: int | None) -> None:
    reasons = Reason.objects.filter(ended_at=None, **of)
    reasons.update(ended_at=now, ended_by=order.decision.decided_by)
