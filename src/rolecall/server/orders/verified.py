"""An order's effect was seen: written down as observed, and our last word on its fact."""

from datetime import datetime

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError

from rolecall.baton.proto._generated.c1.connector.v2 import action_pb2 as actions
from rolecall.baton.proto._generated.c1.connector.v2 import resource_pb2 as resources
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.server.access import observing
from rolecall.server.access.intake import records
from rolecall.server.access.models import Entitlement, Sync
from rolecall.server.connectors.models import Task
from rolecall.server.orders import followers, reasons
from rolecall.server.orders.models import Drift, Order

__all__ = ["mark", "observe", "unfinished"]

_Operation = Order.Operation


def unfinished(task: Task) -> str:
    """What a connector says that it has not done yet, although it says that it went well; or ""."""
    packed = _response(task)
    invoked = actions.InvokeActionResponse()
    if packed.Unpack(invoked) and invoked.status != actions.BATON_ACTION_STATUS_COMPLETE:
        return "The connector has not said yet that the action is complete."
    made = resources.CreateAccountResponse()
    if packed.Unpack(made) and made.WhichOneof("result") in {"action_required", "in_progress"}:
        return "The connector says that something is still to be done before the account is there."
    return ""


def observe(order: Order, task: Task, now: datetime) -> bool:
    """Write down what our connector has seen; False if its answer does not name what it made."""
    account, entitlement = order.account, order.entitlement
    match order.operation:
        case _Operation.GRANT if account and entitlement:
            observing.held(account, entitlement, at=now)
        case _Operation.REVOKE if account and entitlement:
            _taken(order, now)
        case _Operation.CREATE_ACCOUNT:
            return _account_made(order, task, now)
        case _Operation.UPDATE_ACCOUNT if account:
            observing.described(account, order.wish, at=now)
        case _Operation.REMOVE_ACCOUNT if account:
            observing.account_gone(account, at=now)
        case _:
            return _group(order, task, now)
    return True


def mark(order: Order, now: datetime, *, sync: Sync | None = None) -> None:
    """Verified, and from now on what drift is measured by; then what waited for it is ordered.

    Args:
        order: locked.
        now: when it was seen.
        sync: what showed it; None where our connector read again.
    """
    order.state, order.why, order.error, order.retry_at = Order.State.VERIFIED, "", "", None
    order.applied_at = order.applied_at or now
    order.verified_at, order.verified_by, order.current = now, sync, True
    order.save()
    older = Order.objects.filter(app=order.app_id, current=True).exclude(pk=order.pk)
    superseded = older.filter(effect=order.effect)
    if order.operation in {_Operation.CREATE_ACCOUNT, _Operation.REMOVE_ACCOUNT} and order.account:
        superseded |= older.filter(account=order.account)
    if order.operation == _Operation.DELETE_GROUP:
        superseded |= older.filter(entitlement=order.entitlement)
    keys = list(superseded.values_list("pk", flat=True))
    Order.objects.filter(pk__in=keys).update(current=False)
    Drift.objects.filter(order__in=keys, state=Drift.State.OPEN).update(
        state=Drift.State.RESTORED, decided_by=order.decision.decided_by, decided_at=now
    )
    if order.operation == _Operation.CREATE_ACCOUNT:
        reasons.settle(order, now=now)
    followers.follow(order, now)


def _taken(order: Order, now: datetime) -> None:
    account, entitlement = order.account, order.entitlement
    if account is None or entitlement is None:
        return
    if entitlement.kind != Entitlement.Kind.ROLE:
        observing.not_held(account, entitlement, at=now)
        return
    lower = Entitlement.objects.filter(
        app=order.app_id, kind=Entitlement.Kind.ROLE,
        resource__external_id=order.wish.get("to", "restricted_member"),
    ).first()  # fmt: skip
    if lower is None:
        observing.not_held(account, entitlement, at=now)
    else:
        observing.held(account, lower, at=now)


def _group(order: Order, task: Task, now: datetime) -> bool:
    entitlement = order.entitlement
    match order.operation:
        case _Operation.CREATE_GROUP:
            made = resources.CreateResourceResponse()
            if not _response(task).Unpack(made) or not made.created.id.resource:
                return False
            name = made.created.display_name or order.wish["name"]
            order.entitlement = observing.group_there(
                order.app, made.created.id.resource, name, at=now
            )
        case _Operation.RENAME_GROUP if entitlement and entitlement.resource:
            observing.group_there(
                order.app, entitlement.resource.external_id, order.wish["name"], at=now
            )
        case _Operation.DELETE_GROUP if entitlement:
            observing.group_gone(entitlement, at=now)
    return True


def _account_made(order: Order, task: Task, now: datetime) -> bool:
    answer = resources.CreateAccountResponse()
    if not _response(task).Unpack(answer):
        return False
    which = answer.WhichOneof("result")
    if which not in {"success", "already_exists"}:
        return False
    found: resources.Resource = getattr(answer, which).resource
    if not found.id.resource:
        return False
    record = records.account(found.SerializeToString(), found.id.resource)
    order.account = observing.account_there(order.app, found.id.resource, record, at=now)
    return True


def _response(task: Task) -> Packed:
    """What a connector answered; nothing if it is no answer that we can read."""
    request = api.BatonServiceFinishTaskRequest()
    try:
        request.ParseFromString(bytes(task.answer or b""))
    except DecodeError:
        return Packed()
    return request.success.response
