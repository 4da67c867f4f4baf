"""What a decision comes to in seats: how many it frees, and what these cost a month."""

from dataclasses import dataclass

from rolecall.server.orders.models import Decision, Order
from rolecall.server.seats.counting import cost, money, plan_of

__all__ = ["Saving", "saving_of"]

_OVER = (Order.State.REFUSED, Order.State.EXCLUDED, Order.State.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Saving:
    """The seats of accounts that are removed by it, or would be."""

    seats: int
    monthly: str
    """What they cost a month; empty: nobody has said what a seat costs."""


def saving_of(decision: Decision) -> Saving | None:
    """None where no seat falls free.

    A seat that falls free is paid until the next renewal (Notion: N-164), which the page says.
    """
    leaving = decision.orders.filter(operation=Order.Operation.REMOVE_ACCOUNT, account__seat=True)
    seats = leaving.exclude(state__in=_OVER).order_by().count()
    if not seats:
        return None
    plan = plan_of(decision.app)
    monthly = money(cost(seats, plan), plan.currency) if plan else ""
    return Saving(seats=seats, monthly=monthly)
