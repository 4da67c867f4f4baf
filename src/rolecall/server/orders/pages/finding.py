"""The row that an address names, for somebody who may see it."""

from typing import TypeVar

from django.db.models import Model, QuerySet

from rolecall.errors import Gone
from rolecall.server.audit.trail import Actor
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order
from rolecall.server.people.door import Request
from rolecall.server.people.permissions import require, scopes_of

__all__ = ["decision_for", "drift_for", "order_for", "seen_by", "step_for"]

M = TypeVar("M", bound=Model)


def decision_for(request: Request, public_id: str) -> Decision:
    """A decision, with its app.

    Raises:
        Gone: there is none.
        NotAllowed: this person may not see those of its app.
    """
    rows = Decision.objects.select_related("app__last_sync", "undoes")
    found = _found(rows, public_id, "decision")
    require(request.actor, "order:read", found.app.public_id)
    return found


def order_for(request: Request, public_id: str) -> Order:
    """An order, with its decision.

    Raises:
        Gone, NotAllowed: as `decision_for`.
    """
    found = _found(Order.objects.select_related("app", "decision"), public_id, "order")
    require(request.actor, "order:read", found.app.public_id)
    return found


def drift_for(request: Request, public_id: str) -> Drift:
    """A drift, with the order whose effect is undone.

    Raises:
        Gone, NotAllowed: as `decision_for`.
    """
    rows = Drift.objects.select_related(
        "app", "sync", "order__decision", "order__account", "order__entitlement"
    )
    found = _found(rows, public_id, "drift")
    require(request.actor, "order:read", found.app.public_id)
    return found


def step_for(request: Request, public_id: str) -> ManualStep:
    """A manual step, with its order.

    Raises:
        Gone, NotAllowed: as `decision_for`.
    """
    rows = ManualStep.objects.select_related(
        "order__app", "order__decision", "order__account", "order__entitlement", "file"
    )
    found = _found(rows, public_id, "manual step")
    require(request.actor, "order:read", found.order.app.public_id)
    return found


def seen_by(actor: Actor, rows: QuerySet[M], app: str = "app") -> QuerySet[M]:
    """Those of the apps that this actor may see orders of.

    Args:
        actor: who looks.
        rows: of any kind that belongs to an app.
        app: the way from a row to its app.
    """
    scopes = scopes_of(actor, "order:read")
    return rows if scopes is None else rows.filter(**{f"{app}__public_id__in": scopes})


def _found(rows: QuerySet[M], public_id: str, noun: str) -> M:
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Gone(f"There is no such {noun}.", hint="Look for it in the list.")
    return found
