"""The audit log. Its rows belong to `audit`; who may read them is known only here."""

from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from rolecall.errors import Gone
from rolecall.server.audit.models import Event, Seal
from rolecall.server.people.door import Request, page
from rolecall.server.tables.answer import show
from rolecall.server.tables.look import link, moment
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of

__all__ = ["event", "events"]

_KINDS = ("person", "key", "connector", "system")


def _action(values: tuple[str, ...]) -> Q:
    """An action, or everything below its beginning."""
    found = Q()
    for value in values:
        found |= Q(action__startswith=value)
    return found


_TABLE: Table[Event] = Table(
    noun="events",
    columns=(
        Column(
            name="at",
            label="When",
            value=lambda e: e.at,
            show=lambda e: link(moment(e.at), reverse("audit:event", args=(e.public_id,))),
            sort=("id",),
        ),
        Column(name="actor", label="Who", value=lambda e: e.actor_name),
        Column(name="kind", label="Kind", value=lambda e: e.actor_kind, usual=False),
        Column(name="action", label="What", value=lambda e: e.action),
        Column(name="target", label="About", value=lambda e: e.target_name),
        Column(name="reason", label="Why", value=lambda e: e.reason),
        Column(name="ip", label="From", value=lambda e: e.ip, usual=False),
        Column(name="request", label="Request", value=lambda e: e.request_id, usual=False),
        Column(name="id", label="Event", value=lambda e: e.public_id, usual=False),
    ),
    order="-at",
    filters=(
        Filter(name="action", label="What", narrow=_action, hint="user:login"),
        Filter(
            name="who",
            label="Kind of actor",
            narrow=one_of("actor_kind"),
            choices=tuple(Choice(value=one, label=one.capitalize()) for one in _KINDS),
        ),
        Filter(name="actor", label="Actor's id", narrow=one_of("actor_id"), hint="usr_…"),
        Filter(name="target", label="Target's id", narrow=one_of("target_id"), hint="acc_…"),
    ),
    search=lambda text: Q(actor_name__icontains=text) | Q(target_name__icontains=text),
    search_label="Search by name",
)


@page("audit:read")
def events(request: Request) -> HttpResponseBase:
    """Every deed, the newest first."""
    last = Seal.objects.order_by("-sequence").first()
    return show(request, "people/events.html", _TABLE, Event.objects.all(), seal=last)


@page("audit:read")
def event(request: Request, event_id: str) -> HttpResponse:
    """One deed, with everything that was noted."""
    found = Event.objects.select_related("seal").filter(public_id=event_id).first()
    if found is None:
        raise Gone("There is no such event.", hint="Look for it in the audit log.")
    seal = getattr(found, "seal", None)
    context = {"event": found, "seal": seal, "digest": bytes(seal.sha256).hex() if seal else ""}
    return render(request, "people/event.html", context)
