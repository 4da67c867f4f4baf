"""Drift: a sync that began after our verification shows that somebody undid it outside.

Found when a sync is applied, told to the app's owners once, and then decided: restored by a new
decision, or accepted, which ends our reason for it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.access.models import Reason, Sync
from rolecall.server.access.telling import tell
from rolecall.server.audit.trail import SYSTEM, Actor, record
from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News
from rolecall.server.orders.finding import insist
from rolecall.server.orders.holds import Seen, look, types_of
from rolecall.server.orders.models import Decision, Drift, Order
from rolecall.server.orders.planned import planned
from rolecall.server.orders.rows import decision_locked
from rolecall.server.orders.wishes import wish_of

__all__ = ["accept", "compare", "restore"]

_CHUNK: Final = 2000
_NAMED: Final = 20


def compare(sync: Sync, now: datetime) -> list[Drift]:
    """Open drift where this sync shows other than we verified, and close it where it is gone.

    In the transaction that applied the sync.
    """
    complete = set(sync.complete_types)
    opened = []
    for orders in _current(sync):
        seen = Seen(orders)
        known = Drift.objects.filter(order__in=orders, state=Drift.State.OPEN)
        drifts = {one.order_id: one for one in known}
        for order in orders:
            so = look(order, seen) if types_of(order) <= complete else None
            if so is False and order.pk not in drifts:
                opened.append(_open(order, sync, now))
            elif so and order.pk in drifts:
                _over(drifts[order.pk], now)
    if opened:
        _tell(sync, opened, now)
    return opened


@transaction.atomic
def restore(actor: Actor, drift_id: str, *, reason: str = "", now: datetime) -> Decision:
    """Plan to have it as we had left it; applied like any other plan.

    Raises:
        NotAllowed, Gone: the actor may not, or there is no such drift.
        Conflict: it was decided already.
    """
    drift = _undecided(actor, drift_id)
    decision = planned(
        actor, drift.app, [wish_of(drift.order)], title=f"Restore: {drift.order.decision.title}",
        reason=reason, authority="drift", now=now,
    )  # fmt: skip
    _decide(actor, drift, Drift.State.RESTORED, reason=reason, now=now)
    record(actor, "drift:restore", drift.order, now=now, scope=drift.app.public_id,
           reason=reason, decision=decision.public_id)  # fmt: skip
    return decision


@transaction.atomic
def accept(actor: Actor, drift_id: str, *, reason: str, now: datetime) -> Drift:
    """Leave it as it is now; our reason for it ends.

    Raises:
        NotAllowed, Gone, Conflict: as `restore`.
        Invalid: no reason is given.
    """
    if not reason.strip():
        raise Invalid("Why is this right as it is now?", hint="Give a reason.")
    drift = _undecided(actor, drift_id)
    order = drift.order
    order.current = False
    order.save(update_fields=["current"])
    if order.operation == Order.Operation.GRANT:
        Reason.objects.filter(
            account=order.account, entitlement=order.entitlement, kind="hand", ended_at=None
        ).update(ended_at=now, ended_by=actor.name)
    _decide(actor, drift, Drift.State.ACCEPTED, reason=reason, now=now)
    record(actor, "drift:accept", order, now=now, scope=drift.app.public_id, reason=reason)
    return drift


def _current(sync: Sync) -> Iterator[list[Order]]:
    """Our last words that this sync can contradict, some at a time."""
    rows = Order.objects.filter(
        app=sync.app_id, current=True, verified_at__lt=sync.started_at
    ).select_related("decision", "account", "entitlement__resource")
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:_CHUNK]):
        yield found
        last = found[-1].pk


def _open(order: Order, sync: Sync, now: datetime) -> Drift:
    drift = Drift.objects.create(
        app_id=order.app_id, order=order, found=_found(order), sync=sync, found_at=now
    )
    record(SYSTEM, "drift:open", order, now=now, scope=sync.app.public_id, sync=sync.public_id)
    return drift


def _found(order: Order) -> dict[str, Any]:
    """What is there instead."""
    account = order.account
    if account is None:
        return {}
    account.refresh_from_db(fields=["present", "role"])
    found: dict[str, Any] = {"present": account.present}
    if account.role is not None:
        found["role"] = account.role.name
    return found


def _over(drift: Drift, now: datetime) -> None:
    drift.state, drift.decided_at = Drift.State.GONE, now
    drift.save(update_fields=["state", "decided_at"])


def _tell(sync: Sync, drifts: list[Drift], now: datetime) -> None:
    """Once for each sync, to whoever looks after the app."""
    app = sync.app
    lines = [f"- {_line(one)}" for one in drifts[:_NAMED]]
    if len(drifts) > _NAMED:
        lines.append(f"- and {len(drifts) - _NAMED} more")
    news = News(
        kind=Kind.DRIFT,
        event=f"drift:{sync.public_id}",
        subject=f"Somebody undid changes in {app.name}",
        text="What Rolecall had changed and verified is not so any more:\n\n"
        + "\n".join(lines)
        + "\n\nRestore it, or accept it as it is now.",
        link="/drift/",
    )
    tell(app, news, now=now)


def _line(drift: Drift) -> str:
    order = drift.order
    about = order.account or (order.entitlement.name if order.entitlement else "")
    thing = f": {order.entitlement.name}" if order.account and order.entitlement else ""
    return f"{order.get_operation_display()} {about}{thing} ({order.decision.title})"


def _undecided(actor: Actor, drift_id: str) -> Drift:
    there = (
        Drift.objects.filter(public_id=drift_id).select_related("app", "order__decision").first()
    )
    found = insist(actor, "order:decide", there, "drift")
    decision_locked(actor, "order:decide", found.order.decision.public_id)
    rows = Drift.objects.select_for_update(of=("self",), no_key=True).select_related(
        "app", "order__app", "order__decision", "order__account", "order__entitlement"
    )
    drift = rows.get(pk=found.pk)
    if drift.state != Drift.State.OPEN:
        raise Conflict(f"This is: {drift.get_state_display()}.", hint="Look at it again.")
    return drift


def _decide(actor: Actor, drift: Drift, state: str, *, reason: str, now: datetime) -> None:
    drift.state, drift.decided_by, drift.decided_at = state, actor.name, now
    drift.reason = reason.strip()
    drift.save()
