"""One row of a plan: what a wish comes to, unless something is on its way or speaks against it."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from rolecall.errors import Conflict, Invalid, Refused
from rolecall.server.orders.errands import errand
from rolecall.server.orders.facts import Facts
from rolecall.server.orders.guards import by_hand
from rolecall.server.orders.models import Order
from rolecall.server.orders.planning import accounts, groups, holding
from rolecall.server.orders.wishes import Wish

__all__ = ["above", "row"]

_Operation = Order.Operation
_PLANNERS: Final = MappingProxyType[str, Callable[[Order, Wish, Facts], None]]({
    _Operation.GRANT: holding.grant,
    _Operation.REVOKE: holding.revoke,
    _Operation.CREATE_ACCOUNT: accounts.create_account,
    _Operation.UPDATE_ACCOUNT: accounts.update_account,
    _Operation.REMOVE_ACCOUNT: accounts.remove_account,
    _Operation.CREATE_GROUP: groups.create_group,
    _Operation.RENAME_GROUP: groups.rename_group,
    _Operation.DELETE_GROUP: groups.delete_group,
})  # fmt: skip


def row(wish: Wish, facts: Facts) -> Order:
    """An order that is not saved: planned, planned by hand, or refused with the reason.

    Notes in the facts what this row takes away, so that the guards of the next one see it.

    Raises:
        Invalid: there is no such operation.
    """
    planner = _PLANNERS.get(wish.operation)
    if planner is None:
        raise Invalid(
            f"{wish.operation!r} is nothing that can be ordered.",
            hint=f"There are {', '.join(_PLANNERS)}.",
        )
    order = Order(app=facts.app, operation=wish.operation, wish=dict(wish.values))
    try:
        planner(order, wish, facts)
        _insist_on_first(order, facts)
        _insist_that_nobody_joins(order, facts)
    except Refused as error:
        order.state, order.why, order.error = Order.State.REFUSED, str(error), type(error).__name__
        order.effect = order.effect or f"none {wish.operation}"
        return order
    _judge(order, facts)
    facts.planned.add(order.effect)
    if order.operation == _Operation.GRANT and order.entitlement is not None:
        facts.joined.add(order.entitlement.public_id)
    return order


def above(order: Order) -> tuple[str, ...]:
    """The effects that would take away what this order is about."""
    account = (f"account {order.account.public_id}",) if order.account else ()
    group = (f"group {order.entitlement.public_id}",) if order.entitlement else ()
    return tuple(one for one in (*account, *group) if one != order.effect)


def _insist_on_first(order: Order, facts: Facts) -> None:
    """Refuse what repeats or contradicts something that is on its way, here or elsewhere."""
    if facts.planned & {order.effect, *above(order)}:
        raise Conflict("Another row of this plan is about the same.", hint="Leave one out.")
    for effect in (order.effect, *above(order)):
        live = facts.live.get(effect)
        if live is None:
            continue
        order.repeats = live
        if effect == order.effect and _same(live, order):
            raise Conflict(f"This is on its way already, by “{live.decision.title}”.")
        raise Conflict(
            f"Something else about this is on its way, by “{live.decision.title}”.",
            hint="Wait for its end, or cancel it.",
        )


def _insist_that_nobody_joins(order: Order, facts: Facts) -> None:
    """Refuse to end a group while somebody is put into it: whichever came last would win."""
    if order.operation != _Operation.DELETE_GROUP or order.entitlement is None:
        return
    if order.entitlement.public_id in facts.joined:
        raise Conflict("Another row of this plan puts somebody into it.", hint="Leave one out.")
    for live in facts.live.values():
        joins = live.operation == _Operation.GRANT and live.entitlement_id == order.entitlement_id
        if joins:
            order.repeats = live
            raise Conflict(
                f"Somebody is being put into this group, by “{live.decision.title}”.",
                hint="Wait for its end, or cancel it.",
            )


def _same(one: Order, other: Order) -> bool:
    return (one.operation, one.entitlement_id, one.wish) == (
        other.operation, other.entitlement_id, other.wish,
    )  # fmt: skip


def _judge(order: Order, facts: Facts) -> None:
    """Whether a connector may do it, and can."""
    if order.by_hand:
        return
    work = errand(order, facts.roles)
    why = by_hand(order, facts) or facts.cannot(work.kind, work.resource_type)
    order.by_hand, order.why = bool(why), why
