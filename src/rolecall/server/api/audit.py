"""The audit log."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.errors import Gone
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Line, Moment
from rolecall.server.audit.models import Event
from rolecall.server.people.permissions import require

__all__ = ["EventOut", "Find", "get_event", "list_events", "router"]

router = Router(tags=["audit"])


class EventOut(Schema):
    """A deed."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    target_kind: str
    target_id: str
    target_name: str
    scope: str
    reason: str
    detail: dict[str, Any]
    ip: str | None
    request_id: str
    seal: int | None
    """The number of its link in the chain; null is: not sealed yet."""

    @staticmethod
    def resolve_id(row: Event) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_seal(row: Event) -> int | None:
        """Its number."""
        return row.seal.sequence if hasattr(row, "seal") else None


class Find(Window):
    """Which deeds."""

    action: Line = ""
    """The beginning of an action."""
    actor: Line = ""
    """Public id of who did it."""
    target: Line = ""
    """Public id of what it was about."""
    since: Moment | None = None
    until: Moment | None = None


@router.get("", response=answers(Page[EventOut]))
def list_events(request: HttpRequest, find: Asked[Find]) -> Cut[Event]:
    """Deeds, the newest first."""
    require(actor_of(request), "audit:read")
    wanted = {
        "action__startswith": find.action,
        "actor_id": find.actor,
        "target_id": find.target,
        "at__gte": find.since,
        "at__lt": find.until,
    }
    rows = Event.objects.select_related("seal").filter(
        **{name: value for name, value in wanted.items() if value}
    )
    return cut(rows, find, newest_first=True)


@router.get("/{event}", response=answers(EventOut))
def get_event(request: HttpRequest, event: Id) -> Event:
    """One deed."""
    require(actor_of(request), "audit:read")
    found = Event.objects.select_related("seal").filter(public_id=event).first()
    if found is None:
        raise Gone("There is no such event.")
    return found
