"""Credentials of a self-hosted connector: a new pair, shown once, and the end of old ones."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rolecall.errors import Invalid
from rolecall.server import clock
from rolecall.server.connectors.deploying import authority, recipes
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.models import Client, Connector
from rolecall.server.connectors.pages.connector import context_of
from rolecall.server.connectors.pages.deeds import done
from rolecall.server.connectors.services import clients
from rolecall.server.people.door import Request, page
from rolecall.server.tables.look import Look

__all__ = ["OVERLAPS", "end_client", "look_of", "rotate", "shown"]

OVERLAPS: Final = (
    (0, "ends at once"),
    (3_600, "works for another hour"),
    (86_400, "works for another day"),
    (604_800, "works for another week"),
)
"""Seconds, and what becomes of the old credential."""


@never_cache
@require_POST
@page("connector:token")
def rotate(request: Request, connector_id: str) -> HttpResponse:
    """A new client ID and secret, and everything to start a connector with: shown this once."""
    one = connector_for(request.actor, connector_id, "connector:token")
    issued = clients.rotate(request.actor, connector_id, overlap=_overlap(request), now=clock.now())
    client_id, secret = issued.client_id, issued.client_secret
    changing = "provisioning" in request.POST
    trusted = authority(settings.CONFIG.controller.certificate)
    return render(
        request,
        "connectors/rotated.html",
        {
            **context_of(request, one),
            "client_id": client_id,
            "secret": secret,
            "recipes": recipes(client_id, secret, provisioning=changing, trusted=trusted),
            "trusted": trusted,
            "old": one.clients.exclude(client_id=client_id).filter(ends_at__gt=clock.now()),
        },
    )


@require_POST
@page("connector:token")
def end_client(request: Request, connector_id: str, client: str) -> HttpResponse:
    """Nobody comes in by this one any more."""
    return done(
        request,
        lambda: clients.end(request.actor, connector_id, client, now=clock.now()),
        "Ended. Whoever still uses it is turned away from now on.",
        to=("credentials", connector_id),
    )


def shown(one: Connector, now: datetime) -> list[tuple[Client, Look]]:
    """The credentials of a connector, the newest first, each with how it stands."""
    return [(client, look_of(client, now)) for client in one.clients.all()]


def look_of(client: Client, now: datetime) -> Look:
    """In use, ending, ended, or not used yet."""
    if client.ends_at and client.ends_at <= now:
        return Look(word="Ended", tone="idle", icon="close")
    if client.ends_at:
        return Look(word="Ends soon", tone="warn", icon="clock")
    if client.used_at is None:
        return Look(word="Not used yet", tone="idle", icon="nothing")
    return Look(word="In use", tone="good", icon="done")


def _overlap(request: Request) -> timedelta:
    said = request.POST.get("overlap", "0")
    known = {str(seconds): seconds for seconds, _words in OVERLAPS}
    if said not in known:
        raise Invalid("That is no time for the old credential.", hint="Choose one of the list.")
    return timedelta(seconds=known[said])
