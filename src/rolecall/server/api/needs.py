"""What needs oneself now."""

from django.http import HttpRequest
from ninja import Router, Schema

from rolecall.server import clock, needs
from rolecall.server.api.door import actor_of, answers
from rolecall.server.people.permissions import require

__all__ = ["NeedOut", "list_needs", "router"]

router = Router(tags=["me"])


class NeedOut(Schema):
    """One thing that waits for a person."""

    kind: str
    number: int
    """How many; 10,001 is: more than 10,000."""
    text: str
    detail: str
    verb: str
    address: str
    """The page where it is done."""
    urgent: bool


@router.get("", response=answers(list[NeedOut]))
def list_needs(request: HttpRequest) -> list[needs.Need]:
    """What needs me now, the most urgent first; none: nothing does."""
    actor = actor_of(request)
    require(actor, "home:read")
    return needs.needs_of(actor, now=clock.now())
