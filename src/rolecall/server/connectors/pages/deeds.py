"""One button, one deed: do it, say that it was done, go back; a refusal is said there too."""

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.server import clock
from rolecall.server.connectors.services import credential, holds, running
from rolecall.server.people import door
from rolecall.server.people.door import Request, page

__all__ = [
    "cancel",
    "confirm",
    "done",
    "pause",
    "reject",
    "remove_credential",
    "resume",
    "sync_now",
    "test_credentials",
]


def done(
    request: Request, deed: Callable[[], object], said: str, *, to: tuple[str, str]
) -> HttpResponse:
    """Do it and go back.

    Args:
        request: the form that was sent.
        deed: the use case.
        said: what the page says when it is done.
        to: a page of a connector, and its id.

    Raises:
        NotAllowed, Gone: they have a page of their own.
    """
    return door.done(request, deed, said, back=reverse(f"connectors:{to[0]}", args=(to[1],)))


@require_POST
@page("connector:run")
def sync_now(request: Request, connector_id: str) -> HttpResponse:
    """Sync now."""
    return done(
        request,
        lambda: running.sync_now(request.actor, connector_id, now=clock.now()),
        "A sync was asked for; it begins as soon as a worker is free.",
        to=("connector", connector_id),
    )


@require_POST
@page("connector:run")
def pause(request: Request, connector_id: str) -> HttpResponse:
    """Pause."""
    return done(
        request,
        lambda: running.pause(request.actor, connector_id, now=clock.now()),
        "Paused. What is under way goes on to its end.",
        to=("connector", connector_id),
    )


@require_POST
@page("connector:run")
def resume(request: Request, connector_id: str) -> HttpResponse:
    """Resume."""
    return done(
        request,
        lambda: running.resume(request.actor, connector_id, now=clock.now()),
        "Resumed; a sync follows soon.",
        to=("connector", connector_id),
    )


@require_POST
@page("connector:run")
def cancel(request: Request, connector_id: str, task_id: str) -> HttpResponse:
    """Stop a run."""
    return done(
        request,
        lambda: running.cancel(request.actor, connector_id, task_id, now=clock.now()),
        "Stopped. Nothing of it was applied.",
        to=("connector", connector_id),
    )


@require_POST
@page("connector:decide")
def confirm(request: Request, connector_id: str, hold_id: str) -> HttpResponse:
    """Apply a sync that was held."""
    reason = request.POST.get("reason", "")
    return done(
        request,
        lambda: holds.confirm(request.actor, connector_id, hold_id, now=clock.now(), reason=reason),
        "Confirmed. The sync is being applied.",
        to=("connector", connector_id),
    )


@require_POST
@page("connector:decide")
def reject(request: Request, connector_id: str, hold_id: str) -> HttpResponse:
    """Never apply it."""
    reason = request.POST.get("reason", "")
    return done(
        request,
        lambda: holds.reject(request.actor, connector_id, hold_id, now=clock.now(), reason=reason),
        "Rejected. Nothing was applied.",
        to=("connector", connector_id),
    )


@require_POST
@page("connector:token")
def test_credentials(request: Request, connector_id: str) -> HttpResponse:
    """Try the credentials in use."""
    return done(
        request,
        lambda: credential.test(request.actor, connector_id, now=clock.now()),
        "The test has begun.",
        to=("credentials", connector_id),
    )


@require_POST
@page("connector:token")
def remove_credential(request: Request, connector_id: str, slot: str) -> HttpResponse:
    """Forget one of two credentials."""
    return done(
        request,
        lambda: credential.remove(request.actor, connector_id, slot, now=clock.now()),
        "Forgotten here. End it in Notion as well, if nobody else uses it.",
        to=("credentials", connector_id),
    )
