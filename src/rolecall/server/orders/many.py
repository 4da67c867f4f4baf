"""Many rows of a plan at once, each by itself: one that cannot be moved does not stop the others.

Each has an audit row of its own, as if it had been the only one; all commit together.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict, Error, Gone, Invalid, NotAllowed
from rolecall.server.audit.trail import Actor, record
from rolecall.server.orders.deciding import MOVES, retry
from rolecall.server.orders.models import Decision, Order
from rolecall.server.orders.planned import MOST_ROWS
from rolecall.server.orders.rows import decision_locked

__all__ = ["MOST_AGAIN", "Moved", "move_each", "retry_each"]

MOST_AGAIN: Final = 500
"""Orders that are tried again in one go: each is planned anew, by what is known then."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What became of each row."""

    done: tuple[Order, ...]
    refused: tuple[tuple[Order, str], ...]
    """Those that stay as they are, and why."""


@transaction.atomic
def move_each(
    actor: Actor, decision_id: str, verb: str, orders: Collection[str], *, now: datetime
) -> Moved:
    """Hold, exclude or include these rows (public ids) of one decision.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such decision or row of it.
        Invalid: there is no such verb, no row, or there are too many.
        Conflict: the decision was cancelled.
    """
    if verb not in MOVES:
        raise Invalid("Rows are held, excluded or included.", hint="Choose one of these.")
    before, after = MOVES[verb]
    decision = decision_locked(actor, "order:plan", decision_id)
    if decision.state == Decision.State.CANCELLED:
        raise Conflict("This decision was cancelled.", hint="Plan it again.")
    rows = _locked(decision, orders, most=MOST_ROWS)
    done = tuple(one for one in rows if one.state in before)
    refused = tuple((one, _stays(one)) for one in rows if one.state not in before)
    decision.orders.filter(pk__in=[one.pk for one in done]).update(state=after)
    for one in done:
        one.state = after
        record(actor, f"order:{verb}", one, now=now, scope=decision.app.public_id)
    return Moved(done=done, refused=refused)


@transaction.atomic
def retry_each(actor: Actor, decision_id: str, orders: Collection[str], *, now: datetime) -> Moved:
    """Have these orders (public ids) of one decision carried out again, as `deciding.retry`.

    Raises:
        NotAllowed, Gone: as `move_each`.
        Invalid: no row, or more than `MOST_AGAIN`.
    """
    decision = decision_locked(actor, "order:apply", decision_id)
    tried = list(_retried(actor, _locked(decision, orders, most=MOST_AGAIN), now))
    return Moved(
        done=tuple(one for one, why in tried if not why),
        refused=tuple((one, why) for one, why in tried if why),
    )


def _retried(actor: Actor, rows: list[Order], now: datetime) -> Iterator[tuple[Order, str]]:
    """Each with the reason why it was not tried again, or with none."""
    for one in rows:
        try:
            yield retry(actor, one.public_id, now=now), ""
        except (NotAllowed, Gone):
            raise
        except Error as error:
            yield one, str(error)


def _locked(decision: Decision, orders: Collection[str], *, most: int) -> list[Order]:
    wanted = set(orders)
    if not 1 <= len(wanted) <= most:
        raise Invalid(f"Choose between 1 and {most:,} rows.", hint="Tick them in the plan.")
    rows = Order.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.filter(decision=decision, public_id__in=wanted).order_by("pk")
    found = list(rows.select_related("account", "entitlement"))
    if len(found) != len(wanted):
        raise Gone("One of these rows is not there.", hint="Choose again.")
    return found


def _stays(order: Order) -> str:
    return f"It is: {order.get_state_display()}."
