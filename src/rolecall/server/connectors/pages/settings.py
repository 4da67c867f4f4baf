"""The settings of a connector: one form for each thing that can be changed."""

from collections.abc import Callable
from types import MappingProxyType

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from rolecall.errors import Invalid
from rolecall.server import clock
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.pages.connector import context_of
from rolecall.server.connectors.pages.deeds import done
from rolecall.server.connectors.pages.looks import connector_look
from rolecall.server.connectors.schedule import Schedule
from rolecall.server.connectors.services import delete as deleting
from rolecall.server.connectors.services import edit
from rolecall.server.connectors.services import owners as owning
from rolecall.server.connectors.telling import owners
from rolecall.server.people.door import Request, page
from rolecall.server.people.models import User

__all__ = ["change", "delete", "set_owners", "settings"]

_INTERVALS = ((900, "15 minutes"), (1800, "30 minutes"), (3600, "hour"), (14_400, "4 hours"),
              (43_200, "12 hours"), (86_400, "day"), (604_800, "week"))  # fmt: skip


@page("connector:read")
def settings(request: Request, connector_id: str) -> HttpResponse:
    """All settings, as forms for those who may change them."""
    one = connector_for(request.actor, connector_id)
    known = dict(_INTERVALS)
    intervals = list(_INTERVALS)
    if one.interval_s and one.interval_s not in known:
        intervals.append((one.interval_s, f"{one.interval_s // 60} minutes"))
    context = {
        **context_of(request, one),
        "intervals": intervals,
        "users": User.objects.filter(is_active=True),
        "owners": owners(one),
        "kept": deleting.KEPT,
        "look": connector_look(one),
    }
    return render(request, "connectors/settings.html", context)


@require_POST
@page("connector:edit")
def change(request: Request, connector_id: str, what: str) -> HttpResponse:
    """Change one of them."""
    if what not in _CHANGES:
        raise Invalid("There is no such setting.", hint="Choose one of the page.")
    return done(
        request,
        lambda: _CHANGES[what](request, connector_id),
        "Saved.",
        to=("settings", connector_id),
    )


@require_POST
@page("connector:owners")
def set_owners(request: Request, connector_id: str) -> HttpResponse:
    """Who looks after it."""
    wanted = request.POST.getlist("owner")
    return done(
        request,
        lambda: owning.set_owners(request.actor, connector_id, wanted, now=clock.now()),
        "Saved. Whoever is new gets a mail.",
        to=("settings", connector_id),
    )


@require_POST
@page("connector:delete")
def delete(request: Request, connector_id: str) -> HttpResponse:
    """Delete it, once its name was typed."""
    typed = request.POST.get("name", "")
    return done(
        request,
        lambda: deleting.delete(request.actor, connector_id, typed, now=clock.now()),
        "Deleted.",
        to=("settings", connector_id),
    )


def _name(request: Request, connector_id: str) -> Connector:
    name = request.POST.get("name", "")
    return edit.rename(request.actor, connector_id, name, now=clock.now())


def _schedule(request: Request, connector_id: str) -> Connector:
    how, said = request.POST.get("how", ""), request.POST
    if how == "interval":
        wanted = Schedule(interval_s=_number(said.get("interval", "")))
    elif how == "cron":
        wanted = Schedule(cron=said.get("cron", "").strip(), zone=said.get("zone", "UTC").strip())
    else:
        wanted = Schedule()
    return edit.set_schedule(request.actor, connector_id, wanted, now=clock.now())


def _shrink(request: Request, connector_id: str) -> Connector:
    percent = _number(request.POST.get("percent", ""))
    return edit.set_shrink_percent(request.actor, connector_id, percent, now=clock.now())


def _addresses(request: Request, connector_id: str) -> Connector:
    scim, rest = (request.POST.get(name, "").strip() for name in ("scim_url", "rest_url"))
    return edit.set_addresses(
        request.actor, connector_id, scim_url=scim, rest_url=rest, now=clock.now()
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - a sane one
        raise Invalid("That is no number.", hint="Choose one of the list.")
    return int(text)


_CHANGES: MappingProxyType[str, Callable[[Request, str], Connector]] = MappingProxyType(
    {"name": _name, "schedule": _schedule, "shrink": _shrink, "addresses": _addresses}
)
