"""The pages about this installation: how it is set, and the mail that left it. They only show."""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateWorker

from rolecall import __version__
from rolecall.server.mail.models import Message
from rolecall.server.people.door import Request, page
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
    context = {"facts": facts, "workers": workers, "tabs": _tabs()}
    return render(request, "project/settings.html", context)


@page("mail:read")
def outbox(request: Request) -> HttpResponseBase:
    """Every mail, newest first; without a mail server this is where it can be read."""
    rows = Message.objects.all()
    return show(request, "project/outbox.html", _MAIL, rows, tabs=_tabs(), prefix="rolecall")


def _tabs() -> list[tuple[str, str]]:
    return [("Installation", reverse("settings")), ("Mail", reverse("outbox"))]


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
