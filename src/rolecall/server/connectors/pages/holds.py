"""A sync that waits for a yes: what it would change."""

from django.http import HttpResponse
from django.shortcuts import render

from rolecall.errors import Gone
from rolecall.server.connectors.finding import connector_for
from rolecall.server.connectors.models import Hold
from rolecall.server.connectors.pages.connector import context_of
from rolecall.server.people.door import Request, page

__all__ = ["difference"]

_WORDS = {"account": "Account", "role": "Role", "group": "Group"}


@page("connector:read")
def difference(request: Request, connector_id: str, hold_id: str) -> HttpResponse:
    """What would be added, changed and ended, and who would lose what."""
    one = connector_for(request.actor, connector_id)
    holds = Hold.objects.select_related("task").filter(task__connector=one)
    hold = holds.filter(public_id=hold_id).first()
    if hold is None:
        raise Gone("There is no such question.", hint="Look at the connector's page.")
    facts = hold.facts
    shifts = [("Accounts", facts.get("accounts", {}))]
    shifts += [(f"Grants of a {kind}", shift) for kind, shift in facts.get("grants", {}).items()]
    losses = [
        {**example, "word": _WORDS.get(example.get("kind", ""), "")}
        for example in facts.get("examples", [])
    ]
    context = {**context_of(request, one), "hold": hold, "shifts": shifts, "losses": losses}
    return render(request, "connectors/difference.html", context)
