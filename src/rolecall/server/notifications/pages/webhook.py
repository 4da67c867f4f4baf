"""The webhook: where it goes, of what it tells; its secret is shown once."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rolecall.errors import Error, NotAllowed
from rolecall.server import clock
from rolecall.server.notifications import webhook as use_cases
from rolecall.server.notifications.kinds import ABOUT
from rolecall.server.notifications.pages.tabs import settings_tabs
from rolecall.server.people.door import Request, done, page, status_of
from rolecall.server.people.permissions import may

__all__ = ["renew_secret", "set_up", "try_it", "turn_off", "webhook"]


@page("webhook:read")
def webhook(request: Request) -> HttpResponse:
    """What it is, or how to have one."""
    return _show(request)


@never_cache
@require_POST
@page("webhook:edit")
def set_up(request: Request) -> HttpResponse:
    """Address and kinds; a new address gets a new secret."""
    try:
        secret = use_cases.set_up(
            request.actor,
            url=request.POST.get("url", "").strip(),
            kinds=request.POST.getlist("kind"),
            now=clock.now(),
        )
    except NotAllowed:
        raise
    except Error as error:
        return _show(request, error=error)
    return _show(request, secret=secret, saved=True)


@never_cache
@require_POST
@page("webhook:edit")
def renew_secret(request: Request) -> HttpResponse:
    """Another secret."""
    try:
        secret = use_cases.renew_secret(request.actor, now=clock.now())
    except NotAllowed:
        raise
    except Error as error:
        return _show(request, error=error)
    return _show(request, secret=secret)


@require_POST
@page("webhook:edit")
def try_it(request: Request) -> HttpResponse:
    """A message that only shows whether messages arrive."""
    return done(
        request,
        lambda: use_cases.try_it(request.actor, now=clock.now()),
        "The message goes out within a minute; see how it went.",
        back=reverse("notifications:deliveries"),
    )


@require_POST
@page("webhook:edit")
def turn_off(request: Request) -> HttpResponse:
    """Nothing more is told."""
    return done(
        request,
        lambda: use_cases.turn_off(request.actor, now=clock.now()),
        "The webhook is turned off.",
        back=reverse("notifications:webhook"),
    )


def _show(request: Request, **context: object) -> HttpResponse:
    hook = use_cases.current()
    may_edit = bool(may(request.actor, "webhook:edit"))
    error = context.get("error")
    shown = {
        "hook": hook,
        "host": use_cases.host_of(hook.url) if hook else "",
        "kinds": [
            (kind, about, bool(hook and kind in hook.kinds)) for kind, about in ABOUT.items()
        ],
        "allowed": settings.CONFIG.webhook.allowed_hosts,
        "may_edit": may_edit,
        "url": request.POST.get("url") or (hook.url if hook and may_edit else ""),
        "tabs": settings_tabs(request.actor),
    }
    status = status_of(error) if isinstance(error, Error) else 200
    return render(request, "notifications/webhook.html", shown | context, status=status)
