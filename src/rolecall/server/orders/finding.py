"""The row that an id names, for somebody who may see it: one door for pages and API.

Who may see those of single apps only is told the same whether or not there is such a row.
"""

from typing import Final, TypeVar

from django.db.models import QuerySet

from rolecall.errors import Gone
from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order
from rolecall.server.people.permissions import NOWHERE, require, scopes_of

__all__ = [
    "decision_for",
    "decisions",
    "drift_for",
    "drifts",
    "insist",
    "order_for",
    "orders",
    "seen_by",
    "step_for",
    "steps",
]

Row = Decision | Order | Drift | ManualStep
M = TypeVar("M", bound=Row)
_READ: Final = "order:read"


def decisions() -> QuerySet[Decision]:
    """Decisions, with what they are shown with."""
    return Decision.objects.select_related("app__last_sync", "undoes")


def orders() -> QuerySet[Order]:
    """Orders, with what they are shown with."""
    return Order.objects.select_related(
        "app", "decision", "account", "entitlement", "repeats", "manual_step", "verified_by"
    )


def drifts() -> QuerySet[Drift]:
    """Drift, with the order whose effect is undone."""
    return Drift.objects.select_related(
        "app", "sync", "order__decision", "order__account", "order__entitlement"
    )


def steps() -> QuerySet[ManualStep]:
    """Manual steps, with their orders."""
    return ManualStep.objects.select_related(
        "order__app", "order__decision", "order__account", "order__entitlement", "file", "given_to"
    )


def decision_for(actor: Actor, public_id: str) -> Decision:
    """A decision.

    Raises:
        NotAllowed: the actor may not see those of its app.
        Gone: there is none.
    """
    found = decisions().filter(public_id=public_id).first()
    return insist(actor, _READ, found, "decision")


def order_for(actor: Actor, public_id: str) -> Order:
    """An order.

    Raises:
        NotAllowed, Gone: as `decision_for`.
    """
    found = orders().filter(public_id=public_id).first()
    return insist(actor, _READ, found, "order")


def drift_for(actor: Actor, public_id: str) -> Drift:
    """A drift.

    Raises:
        NotAllowed, Gone: as `decision_for`.
    """
    found = drifts().filter(public_id=public_id).first()
    return insist(actor, _READ, found, "drift")


def step_for(actor: Actor, public_id: str) -> ManualStep:
    """A manual step.

    Raises:
        NotAllowed, Gone: as `decision_for`.
    """
    found = steps().filter(public_id=public_id).first()
    return insist(actor, _READ, found, "manual step")


def seen_by(actor: Actor, rows: QuerySet[M], app: str = "app") -> QuerySet[M]:
    """Those of the apps that this actor may see orders of.

    Args:
        actor: who looks.
        rows: of any kind that belongs to an app.
        app: the way from a row to its app.

    Raises:
        NotAllowed: the actor may see those of no app.
    """
    require(actor, _READ)
    scopes = scopes_of(actor, _READ)
    return rows if scopes is None else rows.filter(**{f"{app}__public_id__in": scopes})


def insist(actor: Actor, action: str, found: M | None, noun: str) -> M:
    """The row that was found, if there is one and the actor may do this in its app.

    Raises:
        NotAllowed: the actor may not; who may do it in some apps only is not told whether there is
            such a row.
        Gone: there is none.
    """
    require(actor, action, NOWHERE if found is None else _app_of(found).public_id)
    if found is None:
        raise Gone(f"There is no such {noun}.", hint="Look for it in the list.")
    return found


def _app_of(row: Row) -> App:
    return row.order.app if isinstance(row, ManualStep) else row.app
