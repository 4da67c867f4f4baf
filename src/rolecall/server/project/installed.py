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
from rolecall.server.notifications.pages.sent import MAILS, mail_picked
from rolecall.server.notifications.pages.tabs import settings_tabs
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show

__all__ = ["outbox", "settings"]

_NO_MAIL: Final = "no server is set: mail stays here, and reaches nobody"


@page("settings:read")
def settings(request: Request) -> HttpResponse:
    """What the settings file and the environment say; never a secret."""
    config = django_settings.CONFIG
    mail = urlsplit(config.mail.url)
    facts = [
        ("Version", __version__),
        ("Public address", config.public_url),
        (
            "Mail leaves by",
            f"{mail.hostname}, as {config.mail.sender}" if mail.hostname else _NO_MAIL,
        ),
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
        replace(MAILS, pick=mail_picked) if may_again else MAILS,
        Message.objects.all(),
        tabs=settings_tabs(request.actor),
        bulk="notifications/bulk_mails.html" if may_again else "",
        prefix="rolecall",
    )
