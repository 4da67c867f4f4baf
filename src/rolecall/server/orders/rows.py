"""The decision or order that a use case is about: found, allowed, locked.

Locks are taken in this order: a task, the app, the decision, its orders, the connector.
"""

from django.db import transaction

from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor
from rolecall.server.orders.finding import insist
from rolecall.server.orders.models import Decision, Order
from rolecall.server.people.permissions import ACTIONS, roles_of

__all__ = ["authority", "decision_locked", "one_at_a_time", "order_locked"]


def decision_locked(actor: Actor, action: str, decision_id: str) -> Decision:
    """The decision, locked until the transaction ends.

    Raises:
        NotAllowed: the actor may not do this to its app.
        Gone: there is no such decision.
    """
    rows = Decision.objects.select_for_update(of=("self",), no_key=True).select_related("app")
    found = rows.filter(public_id=decision_id).first()
    return insist(actor, action, found, "decision")


def order_locked(actor: Actor, action: str, order_id: str) -> Order:
    """The order, locked until the transaction ends, and its decision with it.

    Raises:
        NotAllowed: the actor may not do this to its app.
        Gone: there is no such order.
    """
    there = Order.objects.filter(public_id=order_id).select_related("app", "decision").first()
    found = insist(actor, action, there, "order")
    decision_locked(actor, action, found.decision.public_id)
    rows = Order.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("app", "decision", "account", "entitlement__resource", "task").get(
        pk=found.pk
    )


def one_at_a_time(app: App) -> None:
    """Nobody else orders anything in this app until the transaction ends.

    Guards judge by what is on its way: of two people who each take away one of two owners, the
    second one must see the first one's order. A sync that is being taken in does not wait for this,
    nor this for it.
    """
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK, app.pk])


def authority(actor: Actor, action: str, app: App) -> str:
    """The role by which an actor may do this."""
    wanted = ACTIONS[action]
    held = sorted(role for role, scope in roles_of(actor)
                  if role in wanted and scope in {"", app.public_id})  # fmt: skip
    return held[0] if held else actor.kind


_LOCK = 0x6F7264  # any number that nothing else locks by
