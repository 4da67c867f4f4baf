"""The credentials of a connector: how they stand, and the way to new ones: paste, test, save."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from rolecall.errors import Error, Gone, NotAllowed
from rolecall.server import clock
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.health import token_health
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.models import Connector, LogLine, Secret, Task
from rolecall.server.connectors.pages import clients
from rolecall.server.connectors.pages.connector import context_of
from rolecall.server.connectors.pages.looks import task_look
from rolecall.server.connectors.services import credential
from rolecall.server.people.door import Request, page

__all__ = ["credentials", "save", "tested"]


@require_http_methods(["GET", "HEAD", "POST"])
@page("connector:read")
def credentials(request: Request, connector_id: str) -> HttpResponse:
    """What is set; and new tokens, tried and then used, or only tried."""
    one = connector_for(request.actor, connector_id)
    if request.method != "POST":
        return _page(request, one)
    try:
        credential.give(
            request.actor,
            connector_id,
            {slot: request.POST.get(slot, "") for slot in Secret.Slot.values},
            now=clock.now(),
            made_by=request.POST.get("made_by", ""),
            save="save" in request.POST,
        )
    except (NotAllowed, Gone):
        raise
    except Error as error:
        return _page(request, one, error=error, made_by=request.POST.get("made_by", ""))
    back = "connectors:connector" if "save" in request.POST else "connectors:credentials"
    return HttpResponseRedirect(reverse(back, args=(connector_id,)))


@page("connector:read")
def tested(request: Request, connector_id: str) -> HttpResponse:
    """The newest test: asked for every two seconds while it runs."""
    one = connector_for(request.actor, connector_id)
    return render(
        request, "connectors/test.html", {**context_of(request, one), **_newest_test(one)}
    )


@require_http_methods(["POST"])
@page("connector:token")
def save(request: Request, connector_id: str, task_id: str) -> HttpResponse:
    """Use the tokens that this test found to work."""
    one = connector_for(request.actor, connector_id, "connector:token")
    try:
        credential.save(request.actor, connector_id, task_id, now=clock.now())
    except (NotAllowed, Gone):
        raise
    except Error as error:
        return _page(request, one, error=error)
    return HttpResponseRedirect(reverse("connectors:connector", args=(connector_id,)))


def _page(request: Request, one: Connector, **more: object) -> HttpResponse:
    status = 422 if "error" in more else 200
    healths = token_health(one, clock.now())
    return render(
        request,
        "connectors/credentials.html",
        {
            **context_of(request, one),
            **_newest_test(one),
            "healths": healths,
            "warnings": [health.warning for health in healths if health.warning],
            "slots": Secret.Slot.choices,
            "clients": clients.shown(one, clock.now()),
            "overlaps": clients.OVERLAPS,
            **more,
        },
        status=status,
    )


def _newest_test(one: Connector) -> dict[str, object]:
    test = Task.objects.filter(connector=one, kind=Task.Kind.TEST).first()
    if test is None:
        return {"test": None}
    offered = Secret.objects.filter(
        public_id__in=test.parameters.get("secrets", ()), state=Secret.State.OFFERED
    )
    return {
        "test": test,
        "test_look": task_look(test),
        "testing": test.state in OPEN,
        "lines": LogLine.objects.filter(task=test)[:50],
        "can_save": test.state == Task.State.DONE and offered.exists(),
    }
