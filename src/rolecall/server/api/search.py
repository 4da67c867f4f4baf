"""Search: a few letters, and the rows of all nouns that fit."""

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.values import Query
from rolecall.server.people.permissions import require
from rolecall.server.search.find import Hit, find

__all__ = ["HitOut", "Hits", "Letters", "router", "search"]

router = Router(tags=["search"])


class HitOut(Schema):
    """One row that fits."""

    noun: str
    """person, account, group, role, app or connector."""
    id: str
    title: str
    detail: str
    address: str
    """Path of its page."""


class Hits(Schema):
    """All that is told: at most eight of each noun."""

    items: list[HitOut]


class Letters(Schema):
    """What is searched for."""

    q: Query = ""
    """Beginnings of words; fewer than two letters find nothing."""


@router.get("", response=answers(Hits))
def search(request: HttpRequest, letters: Asked[Letters]) -> dict[str, list[Hit]]:
    """People, accounts, entitlements, apps and connectors that one may see."""
    actor = actor_of(request)
    require(actor, "search:use")
    return {"items": find(actor, letters.q)}
