"""One connector: how it stands, its settings, its credentials, who did what to it."""

from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render

from rolecall.server import clock
from rolecall.server.audit.models import Event
from rolecall.server.connectors.capabilities import NAMES
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.models import Connector, Hold, LogLine, Secret, Task
from rolecall.server.connectors.pages.hosts import hosts_of
from rolecall.server.connectors.pages.looks import (
    connector_crumbs,
    connector_look,
    connector_tabs,
    task_look,
    trigger_words,
)
from rolecall.server.connectors.services.clients import usable
from rolecall.server.connectors.telling import owners
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import moment, plain
from rolecall.server.tables.table import Column, Table

__all__ = ["audit", "connector", "context_of", "live", "schedule_words"]

_LINES = 200
"""Log lines that a page shows; all of them stand on the run's own page."""


@page("connector:read")
def connector(request: Request, connector_id: str) -> HttpResponse:
    """What it is, how it goes, what it can see."""
    one = connector_for(request.actor, connector_id)
    return render(request, "connectors/connector.html", _overview(request, one))


@page("connector:read")
def live(request: Request, connector_id: str) -> HttpResponse:
    """The same without its frame; asked for every two seconds while something runs."""
    one = connector_for(request.actor, connector_id)
    return render(request, "connectors/live.html", {**_overview(request, one), "polled": True})


@page("connector:read")
def audit(request: Request, connector_id: str) -> HttpResponseBase:
    """Everything that was done to it, newest first."""
    one = connector_for(request.actor, connector_id)
    rows = Event.objects.filter(Q(target_id=one.public_id) | Q(scope=one.public_id))
    return show(
        request, "connectors/audit.html", _EVENTS, rows, **context_of(request, one),
        prefix=one.name,
    )  # fmt: skip


def context_of(request: Request, one: Connector) -> dict[str, object]:
    """What the frame of each of its pages needs."""
    scopes = (one.public_id, one.app.public_id)
    actions = ("edit", "run", "token", "owners", "decide", "delete", "download")
    return {
        "connector": one,
        "app": one.app,
        "look": connector_look(one),
        "crumbs": connector_crumbs(),
        "tabs": connector_tabs(one),
        "may": {name: bool(may(request.actor, f"connector:{name}", *scopes)) for name in actions},
    }


def _overview(request: Request, one: Connector) -> dict[str, object]:
    given_first = sorted(one.capabilities.items(), key=lambda item: not item[1]["given"])
    capabilities = [(NAMES.get(name, name), said) for name, said in given_first]
    return {
        **context_of(request, one),
        **_going_on(one),
        "secrets": one.secrets.filter(state=Secret.State.CURRENT).order_by("slot"),
        "clients": usable(one, clock.now()),
        "hosts": hosts_of(one, clock.now()),
        "expected": one.kind == "baton" and one.seen_at is None and one.clients.exists(),
        "capabilities": capabilities,
        "owners": owners(one),
        "schedule": schedule_words(one),
    }


def schedule_words(one: Connector) -> str:
    """When it syncs, for people."""
    if one.cron:
        return f"{one.cron} ({one.zone})"
    if not one.interval_s:
        return "only by hand"
    minutes = one.interval_s // 60
    if minutes % 60:
        return f"every {minutes} minutes"
    return "every hour" if minutes == 60 else f"every {minutes // 60} hours"  # noqa: PLR2004


def _going_on(one: Connector) -> dict[str, object]:
    """The newest task with its log, and the decision that waits for somebody."""
    tasks = Task.objects.filter(connector=one).exclude(kind=Task.Kind.PROBE)
    newest = tasks.first()
    hold = Hold.objects.filter(task__connector=one, decision="").select_related("task").first()
    running = newest is not None and newest.state in OPEN[:2]
    lines = LogLine.objects.filter(task=newest).order_by("-id")[:_LINES] if newest else []
    return {
        "task": newest,
        "task_look": task_look(newest) if newest else None,
        "task_trigger": trigger_words(newest) if newest else "",
        "running": running,
        # A sync may have ended since the connector was read: then its label is behind, and asked
        # for again.
        "polls": running or one.state == Connector.State.SYNCING,
        "lines": list(lines)[::-1],
        "hold": hold,
    }


_EVENTS: Table[Event] = Table(
    noun="events",
    columns=(
        Column(
            name="at", label="When", value=lambda e: e.at, show=lambda e: moment(e.at),
            sort=("at", "pk"),
        ),
        Column(name="actor", label="Who", value=lambda e: e.actor_name, sort=("actor_name",)),
        Column(name="action", label="What", value=lambda e: e.action, sort=("action",)),
        Column(name="target", label="To what", value=lambda e: e.target_name),
        Column(
            name="detail",
            label="Detail",
            value=lambda e: plain(e.detail),
        ),
        Column(name="reason", label="Reason", value=lambda e: e.reason, usual=False),
        Column(name="ip", label="From", value=lambda e: e.ip, usual=False),
        Column(name="request", label="Request", value=lambda e: e.request_id, usual=False),
    ),
    order="-at",
    search=lambda text: Q(action__icontains=text) | Q(actor_name__icontains=text),
    search_label="Search actions and people",
)  # fmt: skip
