"""The pages about this installation: how it is set, and the mail that left it. They only show."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from procrastinate.contrib.django.models import ProcrastinateWorker

from rolecall import __version__
from rolecall.server.mail.models import Message
from rolecall.server.notifications.pages.tabs import settings_tabs
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import Look, moment, status
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["outbox", "settings"]

_State = Message.State
_LOOKS: Final = {
    _State.WAITING: Look(word="Waiting", tone="busy", icon="clock"),
    _State.SENT: Look(word="Sent", tone="good", icon="done"),
    _State.FAILED: Look(word="Failed", tone="bad", icon="failed"),
    _State.KEPT: Look(word="Kept here", tone="idle", icon="info"),
}


@page("settings:read")
def settings(request: Request) -> HttpResponse:
    """What the settings file and the environment say; never a secret."""
    config = django_settings.CONFIG
    mail = urlsplit(config.mail.url)
    facts = [
        ("Version", __version__),
        ("Public address", config.public_url),
        ("Mail leaves by", f"{mail.hostname}, as {config.mail.sender}" if mail.hostname else ""),
        ("Single sign-on", config.oidc.issuer if config.oidc else ""),
        ("Behind a proxy", "yes" if config.web.behind_proxy else "no"),
        ("Connectors may also go to", ", ".join(config.notion.allowed_hosts)),
        ("Active key", django_settings.KEYS.active),
    ]
    workers = ProcrastinateWorker.objects.order_by("-last_heartbeat")
    context = {"facts": facts, "workers": workers, "tabs": settings_tabs(request.actor)}
    return render(request, "project/settings.html", context)


@page("mail:read")
def outbox(request: Request) -> HttpResponseBase:
    """Every mail, newest first; without a mail server this is where it can be read."""
    may_again = bool(may(request.actor, "mail:again"))
    return show(
        request,
        "project/outbox.html",
        replace(_MAIL, pick=_failed) if may_again else _MAIL,
        Message.objects.all(),
        tabs=settings_tabs(request.actor),
        bulk="notifications/bulk_mails.html" if may_again else "",
        prefix="rolecall",
    )


def _failed(mail: Message) -> str:
    return mail.public_id if mail.state == _State.FAILED else ""


_MAIL: Final[Table[Message]] = Table(
    noun="mails",
    columns=(
        Column(name="subject", label="Subject", value=lambda m: m.subject, sort=("subject",)),
        Column(name="to", label="To", value=lambda m: m.recipient, sort=("recipient",)),
        Column(
            name="state",
            label="State",
            value=lambda m: m.state,
            show=lambda m: status(_LOOKS[_State(m.state)]),
            sort=("state",),
        ),
        Column(
            name="created", label="Written", value=lambda m: m.created_at,
            show=lambda m: moment(m.created_at), sort=("created_at", "pk"),
        ),
        Column(name="error", label="Trouble", value=lambda m: m.error),
    ),
    order="-created",
    filters=(
        Filter(
            name="state",
            label="State",
            narrow=one_of("state"),
            choices=tuple(Choice(value=one, label=_LOOKS[one].word) for one in _State),
        ),
    ),
)  # fmt: skip
