"""One order: from plan to proof, and the way back."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.orders import deciding, undoing
from rolecall.server.orders.finding import order_for
from rolecall.server.orders.models import Order
from rolecall.server.orders.pages.looks import (
    crumbs,
    drift_look,
    from_to,
    operation_words,
    order_status,
    undo_mark,
    who_cell,
    who_words,
)
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.permissions import may

__all__ = ["order", "retry", "undo_one"]

_State = Order.State
_AGAIN = (_State.FAILED, _State.STILL_PRESENT, _State.UNKNOWN)


@page("order:read")
def order(request: Request, order_id: str) -> HttpResponse:
    """What it is to change, how far it is, and by which tasks and syncs that is known."""
    one = order_for(request.actor, order_id)
    decision = one.decision
    way = (decision.title, reverse("orders:decision", args=(decision.public_id,)))
    context = {
        "order": one,
        "title": f"{operation_words(one)}: {who_words(one)}",
        "who": who_cell(one),
        "change": from_to(one),
        "status": order_status(one),
        "undo": undo_mark(one),
        "step": getattr(one, "manual_step", None),
        "drifts": [(drift, drift_look(drift)) for drift in one.drifts.all()],
        "undone_by": one.undone_by.select_related("decision").first(),
        "may_apply": bool(may(request.actor, "order:apply", one.app.public_id)),
        "can_retry": one.state in _AGAIN,
        "can_undo": undoing.undoable(one, now=clock.now()),
        "moving": one.state == _State.ORDERED,
        "crumbs": crumbs(one.app, way),
    }
    return render(request, "orders/order.html", context)


@require_POST
@page("order:apply")
def retry(request: Request, order_id: str) -> HttpResponse:
    """Try it again."""
    return done(
        request,
        lambda: deciding.retry(request.actor, order_id, now=clock.now()),
        "Tried again.",
        back=reverse("orders:order", args=(order_id,)),
    )


@require_POST
@page("order:plan")
def undo_one(request: Request, order_id: str) -> HttpResponse:
    """Plan the way back of this one."""
    reason = request.POST.get("reason", "")
    made = undoing.undo(request.actor, order_id, reason=reason, now=clock.now())
    return HttpResponseRedirect(reverse("orders:decision", args=(made.public_id,)))
