"""What went to the webhook and what went by mail: their tables, and what is sent again."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Error, NotAllowed
from rolecall.server import clock
from rolecall.server.mail.models import Message
from rolecall.server.notifications import again
from rolecall.server.notifications.models import Delivery
from rolecall.server.notifications.pages.tabs import settings_tabs
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.choosing import Question, agreed, ask, chosen, returning
from rolecall.server.tables.look import Look, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["MAILS", "deliver_again", "deliveries", "mail_again", "mail_picked"]

_State = Delivery.State
_LOOKS: Final = {
    _State.WAITING: Look(word="Waiting", tone="busy", icon="clock"),
    _State.SENT: Look(word="Sent", tone="good", icon="done"),
    _State.FAILED: Look(word="Failed", tone="bad", icon="failed"),
}
_MAIL_LOOKS: Final = {
    Message.State.WAITING: Look(word="Waiting", tone="busy", icon="clock"),
    Message.State.SENT: Look(word="Sent", tone="good", icon="done"),
    Message.State.FAILED: Look(word="Failed", tone="bad", icon="failed"),
    Message.State.KEPT: Look(word="Kept here", tone="idle", icon="info"),
}
_MOST: Final = 1_000
"""Rows that are sent again in one go."""
M = TypeVar("M", Delivery, Message)


def _state_filter(looks: Mapping[Any, Look]) -> Filter:
    choices = tuple(Choice(value=one, label=look.word) for one, look in looks.items())
    return Filter(name="state", label="State", narrow=one_of("state"), choices=choices)


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
_DELIVERIES: Final[Table[Delivery]] = Table(
    noun="messages",
    columns=_COLUMNS,
    order="-created",
    filters=(_state_filter(_LOOKS),),
)
MAILS: Final[Table[Message]] = Table(
    noun="mails",
    columns=(
        Column(name="subject", label="Subject", value=lambda m: m.subject, sort=("subject",)),
        Column(name="to", label="To", value=lambda m: m.recipient, sort=("recipient",)),
        Column(
            name="state", label="State", value=lambda m: m.state,
            show=lambda m: status(_MAIL_LOOKS[Message.State(m.state)]), sort=("state",),
        ),
        Column(
            name="created", label="Written", value=lambda m: m.created_at,
            show=lambda m: moment(m.created_at), sort=("created_at", "pk"),
        ),
        Column(name="error", label="Trouble", value=lambda m: m.error),
    ),
    order="-created",
    filters=(_state_filter(_MAIL_LOOKS),),
)  # fmt: skip
"""The outbox: every mail, newest first."""


@page("webhook:read")
def deliveries(request: Request) -> HttpResponseBase:
    """Every message, newest first."""
    may_edit = bool(may(request.actor, "webhook:edit"))
    return show(
        request,
        "notifications/deliveries.html",
        replace(_DELIVERIES, pick=_picked) if may_edit else _DELIVERIES,
        Delivery.objects.all(),
        tabs=settings_tabs(request.actor),
        bulk="notifications/bulk_deliveries.html" if may_edit else "",
        prefix="webhook",
    )


@require_POST
@page("webhook:edit")
def deliver_again(request: Request) -> HttpResponse:
    """Those that have a tick, or all that were found."""
    rows = Delivery.objects.exclude(state=_State.SENT)
    back = reverse("notifications:deliveries")
    return _again(request, _DELIVERIES, rows, again.deliver_again, back=back)


@require_POST
@page("mail:again")
def mail_again(request: Request) -> HttpResponse:
    """Those that have a tick, or all that were found."""
    rows = Message.objects.filter(state=Message.State.FAILED)
    return _again(request, MAILS, rows, again.mail_again, back=reverse("outbox"))


def mail_picked(mail: Message) -> str:
    """What a box says before a mail that can be sent again."""
    return mail.public_id if mail.state == Message.State.FAILED else ""


def _picked(delivery: Delivery) -> str:
    return "" if delivery.state == _State.SENT else delivery.public_id


def _again(
    request: Request,
    table: Table[M],
    rows: QuerySet[M],
    deed: Callable[..., int],
    *,
    back: str,
) -> HttpResponse:
    """Send what is chosen; all that were found when their number was confirmed.

    Args:
        request: the form.
        table: in which the rows were chosen.
        rows: those that can be sent again.
        deed: the use case; it says how many it sends.
        back: the table's path.
    """
    ids = request.POST.getlist("row")
    try:
        if "all" in request.POST:
            found = chosen(rows, table, request.POST, most=_MOST)
            if not agreed(request.POST, len(found)):
                nouns = (table.noun.removesuffix("s"), table.noun)
                question = Question(title="Send again", nouns=nouns, rows=found, back=back)
                return ask(request, question)
            ids = [str(one.public_id) for one in found]
        count = deed(request.actor, ids, now=clock.now())
    except NotAllowed:
        raise
    except Error as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{count:,} {table.noun} go out within a minute.")
    return redirect(returning(back, request.POST))
