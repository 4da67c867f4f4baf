"""What went to the webhook, and what is sent again: messages and mail."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from rolecall.errors import Error, NotAllowed
from rolecall.server import clock
from rolecall.server.audit.trail import Actor
from rolecall.server.notifications import again
from rolecall.server.notifications.models import Delivery
from rolecall.server.notifications.pages.tabs import settings_tabs
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import Look, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["deliver_again", "deliveries", "mail_again"]

_State = Delivery.State
_LOOKS: Final = {
    _State.WAITING: Look(word="Waiting", tone="busy", icon="clock"),
    _State.SENT: Look(word="Sent", tone="good", icon="done"),
    _State.FAILED: Look(word="Failed", tone="bad", icon="failed"),
}
_COLUMNS: Final[tuple[Column[Delivery], ...]] = (
    Column(name="subject", label="Message", value=lambda d: d.subject, sort=("subject",)),
    Column(name="kind", label="Type", value=lambda d: d.kind, sort=("kind",)),
    Column(
        name="state", label="State", value=lambda d: d.state,
        show=lambda d: status(_LOOKS[_State(d.state)]), sort=("state",),
    ),
    Column(name="attempts", label="Tries", value=lambda d: d.attempts, number=True),
    Column(
        name="created", label="Written", value=lambda d: d.created_at,
        show=lambda d: moment(d.created_at), sort=("created_at",),
    ),
    Column(
        name="sent", label="Taken", value=lambda d: d.sent_at, show=lambda d: moment(d.sent_at)
    ),
    Column(name="error", label="Trouble", value=lambda d: d.error),
    Column(name="id", label="webhook-id", value=lambda d: d.public_id, usual=False),
)  # fmt: skip


@page("webhook:read")
def deliveries(request: Request) -> HttpResponseBase:
    """Every message, newest first."""
    may_edit = bool(may(request.actor, "webhook:edit"))
    table: Table[Delivery] = Table(
        noun="messages",
        columns=_COLUMNS,
        order="-created",
        filters=(
            Filter(
                name="state",
                label="State",
                narrow=one_of("state"),
                choices=tuple(Choice(value=one, label=_LOOKS[one].word) for one in _State),
            ),
        ),
        pick=_pick if may_edit else None,
    )
    return show(
        request,
        "notifications/deliveries.html",
        table,
        Delivery.objects.all(),
        tabs=settings_tabs(request.actor),
        bulk="notifications/bulk_deliveries.html" if may_edit else "",
        prefix="webhook",
    )


@require_POST
@page("webhook:edit")
def deliver_again(request: Request) -> HttpResponse:
    """Those that have a tick."""
    _again(request, again.deliver_again, "messages go out within a minute.")
    return redirect("notifications:deliveries")


@require_POST
@page("mail:again")
def mail_again(request: Request) -> HttpResponse:
    """Those that have a tick."""
    _again(request, again.mail_again, "mails go out within a minute.")
    return redirect("outbox")


def _pick(delivery: Delivery) -> str:
    return "" if delivery.state == _State.SENT else delivery.public_id


def _again(request: Request, deed: Callable[..., int], said: str) -> None:
    actor: Actor = request.actor
    rows: Sequence[str] = request.POST.getlist("row")
    now: datetime = clock.now()
    try:
        count = deed(actor, rows, now=now)
    except NotAllowed:
        raise
    except Error as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{count:,} {said}")
