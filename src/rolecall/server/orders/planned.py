"""Write a plan down: the decision, and one row for each wish."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rolecall.errors import Invalid
from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor, record
from rolecall.server.orders.facts import gather
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.planning import row
from rolecall.server.orders.wishes import Wish

__all__ = ["MOST_ROWS", "planned"]

MOST_ROWS: Final = 5000
_LONGEST: Final = 200


def planned(  # noqa: PLR0913 - a decision has that many parts
    actor: Actor,
    app: App,
    wishes: Sequence[Wish],
    *,
    title: str,
    reason: str,
    authority: str,
    now: datetime,
    undoes: Sequence[Order | None] = (),
) -> Decision:
    """A decision with its rows and its audit row, in the caller's transaction.

    Args:
        actor: who wants it, and may.
        app: where.
        wishes: one for each row.
        title: what it is about, in a line.
        reason: why, in the actor's words.
        authority: by what right.
        now: when.
        undoes: for each wish, the order that it reverses.

    Raises:
        Invalid: no title, no wishes or too many, or an operation that there is not.
    """
    if not 1 <= len(wishes) <= MOST_ROWS:
        raise Invalid(f"A plan has between 1 and {MOST_ROWS} rows.", hint="Make several plans.")
    line = " ".join(title.split())[:_LONGEST]
    if not line:
        raise Invalid("A plan needs a title.", hint="Say in a line what it is about.")
    decision = Decision.objects.create(
        app=app,
        title=line,
        reason=reason.strip(),
        decided_by=actor.name,
        actor={"kind": actor.kind, "id": actor.id},
        authority=authority,
        undoes=next((one.decision for one in undoes if one is not None), None),
        created_at=now,
    )
    facts = gather(app, wishes)
    orders = [row(wish, facts) for wish in wishes]
    for order, reversed_one in zip(orders, undoes or [None] * len(orders), strict=True):
        order.decision, order.created_at, order.undoes = decision, now, reversed_one
    Order.objects.bulk_create(orders)
    record(
        actor, "decision:plan", decision, now=now, scope=app.public_id, reason=decision.reason,
        orders=len(orders), refused=sum(one.state == Order.State.REFUSED for one in orders),
    )  # fmt: skip
    return decision
