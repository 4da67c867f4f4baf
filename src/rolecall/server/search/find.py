"""A few letters → the rows that begin with them, of the nouns that this actor may see.

Words are prefixes and all must fit: `an co` finds Ana Costa. Accounts and entitlements are found
by their search columns, persons by an index of the words of their names; the rest are few.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet
from django.urls import reverse

from rolecall.server.access.models import Account, App, Entitlement
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.people.permissions import may, scopes_of

__all__ = ["PER_NOUN", "Hit", "find", "prefix_query"]

PER_NOUN = 8
_IN_ORDER = 500
"""Of more fitting accounts than these, any are shown: whoever looks for one of them types on."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One row that fits."""

    noun: str
    """person, account, group, role, app or connector."""
    id: str
    """Public id."""
    title: str
    detail: str
    address: str
    """Path of its page."""


def find(actor: Actor, text: str) -> list[Hit]:
    """At most `PER_NOUN` hits of each noun; none for fewer than two letters."""
    text = text.replace("\x00", "")
    words = _WORD.findall(text)[:6]
    if len("".join(words)) < 2:  # noqa: PLR2004 - one letter fits everybody
        return []
    nouns = (_people, _apps, _connectors, _accounts, _entitlements)
    return [hit for noun in nouns for hit in noun(actor, text.strip(), words)]


def prefix_query(words: Iterable[str]) -> SearchQuery:
    """A query that each word begins some word of the row."""
    return SearchQuery(
        " & ".join(f"'{word}':*" for word in words), search_type="raw", config="simple"
    )


def _people(actor: Actor, text: str, words: list[str]) -> Iterator[Hit]:
    if not may(actor, "person:read"):
        return
    # As the index has it; some are enough, as with accounts.
    named = Person.objects.annotate(words=SearchVector("name", config="simple"))
    names = named.filter(words=prefix_query(words)).order_by().values_list("pk", flat=True)
    emails = PersonEmail.objects.filter(folded__startswith=text.casefold()).order_by()
    keys = {*names[:_IN_ORDER], *emails.values_list("person", flat=True)[:_IN_ORDER]}
    for one in Person.objects.filter(pk__in=keys).order_by("name", "id")[:PER_NOUN]:
        detail = " · ".join(filter(None, (one.title, one.department)))
        yield Hit(
            noun="person",
            id=one.public_id,
            title=one.name,
            detail=detail,
            address=_to("people:person", one),
        )


def _apps(actor: Actor, text: str, _words: list[str]) -> Iterator[Hit]:
    found = _within(App.objects.filter(name__icontains=text), actor, "app:read", "public_id")
    for one in found[:PER_NOUN]:
        yield Hit(
            noun="app",
            id=one.public_id,
            title=one.name,
            detail=one.get_state_display(),
            address=_to("access:app", one),
        )


def _connectors(actor: Actor, text: str, _words: list[str]) -> Iterator[Hit]:
    rows = Connector.objects.filter(name__icontains=text, archived_at=None)
    found = _within(rows, actor, "connector:read", "public_id", "app__public_id")
    for one in found[:PER_NOUN]:
        yield Hit(
            noun="connector",
            id=one.public_id,
            title=one.name,
            detail=one.get_state_display(),
            address=_to("connectors:connector", one),
        )


def _accounts(actor: Actor, _text: str, words: list[str]) -> Iterator[Hit]:
    rows = Account.objects.filter(search=prefix_query(words))
    found = _within(rows, actor, "account:read", "app__public_id")
    here = _first(found.filter(present=True), PER_NOUN)
    gone = _first(found.filter(present=False), PER_NOUN - len(here))
    for one in here + gone:
        detail = f"{one.email} in {one.app.name}" if one.email else one.app.name
        yield Hit(
            noun="account",
            id=one.public_id,
            title=str(one),
            detail=detail,
            address=_to("access:account", one),
        )


def _first(found: QuerySet[Account], many: int) -> list[Account]:
    """The first of them by name; so many fit a letter or two that not all can be put in order."""
    if not many:
        return []
    some = found.order_by().values("pk")[:_IN_ORDER]
    rows = Account.objects.filter(pk__in=some).select_related("app")
    return list(rows.order_by("name", "id")[:many])


def _entitlements(actor: Actor, _text: str, words: list[str]) -> Iterator[Hit]:
    rows = Entitlement.objects.filter(search=prefix_query(words)).select_related("app")
    found = _within(rows, actor, "entitlement:read", "app__public_id")
    for one in found.order_by("-present", "name", "id")[:PER_NOUN]:
        yield Hit(
            noun=one.kind,
            id=one.public_id,
            title=one.name,
            detail=f"{one.holders:,} holders in {one.app.name}",
            address=_to("access:entitlement", one),
        )


def _within(rows: QuerySet[Any], actor: Actor, action: str, *columns: str) -> QuerySet[Any]:
    scopes = scopes_of(actor, action)
    if scopes is None:
        return rows
    fitting = Q(pk__in=())
    for column in columns:
        fitting |= Q(**{f"{column}__in": scopes})
    return rows.filter(fitting)


def _to(page: str, row: Any) -> str:  # noqa: ANN401 - any noun's row
    return reverse(page, args=(row.public_id,))
