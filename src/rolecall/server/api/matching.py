"""Accounts without a person, and who might stand behind them."""

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.server import clock
from rolecall.server.access import accounts, suggestions
from rolecall.server.access.models import Account
from rolecall.server.api.accounts import Accepted, AccountOut
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.people import PersonName
from rolecall.server.api.values import Id
from rolecall.server.people.permissions import require

__all__ = [
    "AccountsIn",
    "Find",
    "SuggestionOut",
    "WaitingOut",
    "accept_chosen",
    "accept_everywhere",
    "list_waiting",
    "router",
]

router = Router(tags=["accounts"])


class SuggestionOut(Schema):
    """A person whose account it may be."""

    person: PersonName
    reason: str
    exact: bool
    """Whether the person has one of its addresses."""


class WaitingOut(Schema):
    """An account without a person."""

    account: AccountOut
    suggestions: list[SuggestionOut]


class Find(Window):
    """Which accounts."""

    link: Account.Link | None = None


class AccountsIn(Schema):
    """Accounts, by their ids."""

    accounts: list[Id]


@router.get("", response=answers(Page[WaitingOut]))
def list_waiting(request: HttpRequest, find: Asked[Find]) -> dict[str, object]:
    """People's accounts that are not linked to somebody of the company, with suggestions."""
    actor = actor_of(request)
    require(actor, "account:read")
    rows = suggestions.waiting(actor).select_related("app", "role", "person")
    if find.link is not None:
        rows = rows.filter(link=find.link)
    piece: Cut[Account] = cut(rows, find)
    found = suggestions.suggestions([one for one in piece.items if one.person is None])
    return {
        "items": [
            {"account": one, "suggestions": found.get(one.pk, [])} for one in piece.items
        ],
        "next": piece.next,
    }  # fmt: skip


@router.post("/accept", response=answers(Accepted))
def accept_chosen(request: HttpRequest, said: AccountsIn) -> Accepted:
    """Accept the exact matches of these accounts, all of them or none."""
    actor = actor_of(request)
    require(actor, "account:edit")
    return Accepted(accepted=accounts.accept_each(actor, said.accounts, now=clock.now()))


@router.post("/accept-all", response=answers(Accepted))
def accept_everywhere(request: HttpRequest) -> Accepted:
    """Accept every exact match, in every app where one may."""
    return Accepted(accepted=accounts.accept_everywhere(actor_of(request), now=clock.now()))
