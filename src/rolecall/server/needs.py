"""What needs somebody now: only what they may do something about, each with one verb.

Home shows it, and the API. Counting stops at a bound, so that nobody waits for a number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from django.db.models import Case, IntegerField, QuerySet, Subquery, Value, When
from django.urls import reverse

from rolecall.server.access.finding import managed_apps
from rolecall.server.access.models import Account, App
from rolecall.server.access.suggestions import waiting
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector, Hold
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order
from rolecall.server.orders.stuck import Waits, wanted
from rolecall.server.people.models import User
from rolecall.server.people.permissions import may, scopes_of
from rolecall.server.policies.standing import apps_of, standings

__all__ = ["MOST", "Kind", "Need", "needs_of"]

Kind = Literal[
    "connector", "confirmation", "drift", "failed", "lost", "step", "unverified", "plan", "policy",
    "leaver", "match", "unmatched",
]  # fmt: skip
MOST: Final = 10_000
"""More than so many of a kind are called "more than"."""
_LINES: Final = 5
"""Connectors that are named one by one; the others are a number."""
_State = Connector.State
_URGENCY: Final = (_State.ERROR, _State.NOT_SEEN, _State.NOT_CONNECTED)
_CONNECTOR: Final = MappingProxyType({
    _State.ERROR: ("cannot sync", "See why", "connector"),
    _State.NOT_SEEN: ("has not called", "Look at its machine", "connector"),
    _State.NOT_CONNECTED: ("has no credentials that work", "Give it credentials", "credentials"),
})  # fmt: skip
"""State → what is wrong, the verb, and the page where one does it."""
_SILENT: Final = ("has not called yet", "Look at its machine", "connector")
"""The same of one that has a credential to call us by, and never did."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that waits for a person."""

    kind: Kind
    number: int
    """How many; one more than `MOST` is: more than that."""
    text: str
    """What waits, as a sentence without a full stop."""
    detail: str = ""
    verb: str
    address: str
    """The page where it is done."""
    urgent: bool = False
    """Whether something is broken, and not only waiting."""


@dataclass(frozen=True, kw_only=True)
class _Words:
    """How so many of a kind are told."""

    kind: Kind
    noun: str
    one: str
    many: str
    verb: str
    urgent: bool = False


_DRIFT: Final = _Words(
    kind="drift",
    noun="change",
    one="of ours was undone by somebody else",
    many="of ours were undone by somebody else",
    verb="Answer",
    urgent=True,
)
_STEP: Final = _Words(
    kind="step",
    noun="step",
    one="is to be done in Notion by hand",
    many="are to be done in Notion by hand",
    verb="Do",
)
_FAILED: Final = _Words(
    kind="failed", noun="change", one="was not done", many="were not done", verb="Try again",
    urgent=True,
)  # fmt: skip
_LOST: Final = _Words(
    kind="lost",
    noun="change",
    one="may or may not be done: the answer was lost",
    many="may or may not be done: their answers were lost",
    verb="Find out",
)
_UNVERIFIED: Final = _Words(
    kind="unverified",
    noun="change",
    one="is said to be done, and no sync has shown it for a day",
    many="are said to be done, and no sync has shown them for a day",
    verb="Check",
)
_STUCK: Final = (
    (_FAILED, Waits.FAILED), (_LOST, Waits.LOST), (_UNVERIFIED, Waits.UNVERIFIED)
)  # fmt: skip
_PLAN: Final = _Words(
    kind="plan", noun="plan", one="waits to be applied", many="wait to be applied", verb="Look"
)
_LEAVER: Final = _Words(
    kind="leaver",
    noun="account",
    one="belongs to somebody who has left",
    many="belong to people who have left",
    verb="Look",
    urgent=True,
)
_MATCH: Final = _Words(
    kind="match",
    noun="account",
    one="has the address of one person",
    many="have the address of one person each",
    verb="Accept",
)
_UNMATCHED: Final = _Words(
    kind="unmatched", noun="account", one="has no person yet", many="have no person yet",
    verb="Match",
)  # fmt: skip


def needs_of(actor: Actor, *, now: datetime) -> list[Need]:
    """What needs this actor, the most urgent first; none: nothing does."""
    return [
        *_connectors(actor),
        *_confirmations(actor),
        *_changes(actor, now),
        *_policies(actor),
        *_accounts(actor),
    ]


def _connectors(actor: Actor) -> Iterator[Need]:
    order = Case(*(When(state=one, then=Value(at)) for at, one in enumerate(_URGENCY)))
    rows = _kept(actor).filter(state__in=_URGENCY).order_by(order, "name", "pk")
    found = list(rows.select_related("app")[: MOST + 1])
    for one in found[:_LINES]:
        wrong, verb, place = _SILENT if _to_call(one) else _CONNECTOR[_State(one.state)]
        yield Need(
            kind="connector",
            number=1,
            text=f"{one.name} {wrong}",
            detail=one.trouble or f"It reads {one.app}.",
            verb=verb,
            address=reverse(f"connectors:{place}", args=(one.public_id,)),
            urgent=one.state != _State.NOT_CONNECTED,
        )
    if more := len(found[_LINES:]):
        query = "&".join(f"status={one}" for one in _URGENCY)
        yield Need(
            kind="connector",
            number=more,
            text=f"{_many(more, 'more connector')} {_is(more, 'does', 'do')} not work",
            verb="See them",
            address=f"{reverse('connectors:list')}?{query}",
            urgent=True,
        )


def _confirmations(actor: Actor) -> Iterator[Need]:
    connectors = _kept(actor).filter(state=_State.NEEDS_CONFIRMATION)
    holds = Hold.objects.filter(decision="", task__connector__in=connectors)
    for one in holds.select_related("task__connector").order_by("raised_at")[:_LINES]:
        connector = one.task.connector
        yield Need(
            kind="confirmation",
            number=1,
            text=f"A sync of {connector} waits for a yes",
            detail=one.task.message,
            verb="Decide",
            address=reverse("connectors:difference", args=(connector.public_id, one.public_id)),
            urgent=True,
        )


def _changes(actor: Actor, now: datetime) -> Iterator[Need]:
    """Drift, orders that came to no end, steps by hand, plans: of the apps where they may decide.

    Whoever may decide about an app may say that its orders go again, too.
    """
    apps = _apps(actor, "order:decide")
    if apps is None:
        return
    orders, page = Order.objects.filter(app__in=apps), reverse("orders:orders")
    drifts = Drift.objects.filter(app__in=apps, state=Drift.State.OPEN)
    steps = ManualStep.objects.filter(order__app__in=apps, state=ManualStep.State.OPEN)
    plans = Decision.objects.filter(app__in=apps, state=Decision.State.PLANNED)
    stuck = {
        what: (words, orders.filter(wanted(what, now=now)), f"{page}?waits={what}")
        for words, what in _STUCK
    }
    yield from _told(
        actor,
        (_DRIFT, drifts, reverse("orders:drifts") + "?state=open"),
        stuck[Waits.FAILED],
        (_STEP, steps, reverse("orders:steps") + "?state=open"),
        stuck[Waits.LOST],
        stuck[Waits.UNVERIFIED],
        (_PLAN, plans, reverse("orders:decisions") + "?state=planned"),
    )


def _policies(actor: Actor) -> Iterator[Need]:
    """Policies that are broken where they may change who holds a role."""
    apps = _apps(actor, "order:plan")
    if apps is None:
        return
    broken = [one for one in standings(apps_of(actor).filter(pk__in=apps)) if one.faults]
    if not broken:
        return
    first = broken[0]
    yield Need(
        kind="policy",
        number=len(broken),
        text=f"{_many(len(broken), 'policy', 'policies')} about administrators"
        f" {_is(len(broken), 'is', 'are')} broken",
        detail=f"{first.app}: {first.holders:,} {first.role.label.lower()}s,"
        f" {', '.join(first.faults)}",
        verb="Look",
        address=reverse("policies:administrators"),
        urgent=True,
    )


def _accounts(actor: Actor) -> Iterator[Need]:
    if not may(actor, "account:edit"):
        return
    rows, queue, link = waiting(actor, "account:edit"), reverse("access:matching"), Account.Link
    others = rows.filter(link__in=(link.UNMATCHED, link.DISPUTED))
    yield from _told(
        actor,
        (_LEAVER, rows.filter(link=link.GONE), f"{queue}?link=gone"),
        (_MATCH, rows.filter(link=link.UNLINKED), f"{queue}?link=unlinked"),
        (_UNMATCHED, others, f"{queue}?link=unmatched&link=disputed"),
    )


class _Length(Subquery):
    """How many rows another query has."""

    template = "(select count(*) from (%(subquery)s) counted)"
    output_field = IntegerField()


def _told(actor: Actor, *lists: tuple[_Words, QuerySet[Any], str]) -> Iterator[Need]:
    """One line about each list that has rows, its page beside it; all are counted by one query."""
    lengths = [_Length(rows.order_by().values("pk")[: MOST + 1]) for _words, rows, _page in lists]
    numbers = User.objects.filter(pk=actor.user or 0).values_list(*lengths).first() or ()
    for number, (words, _rows, address) in zip(numbers, lists, strict=False):
        if number:
            yield Need(
                kind=words.kind,
                number=number,
                text=f"{_many(number, words.noun)} {_is(number, words.one, words.many)}",
                verb=words.verb,
                address=address,
                urgent=words.urgent,
            )


def _many(number: int, noun: str, several: str = "") -> str:
    words = noun if number == 1 else several or f"{noun}s"
    return f"More than {MOST:,} {words}" if number > MOST else f"{number:,} {words}"


def _is(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _to_call(connector: Connector) -> bool:
    """Whether it is not connected only because it has not called."""
    return connector.state == _State.NOT_CONNECTED and connector.clients.exists()


def _kept(actor: Actor) -> QuerySet[Connector]:
    """The connectors that they keep going."""
    rows = Connector.objects.filter(archived_at=None)
    scopes = scopes_of(actor, "connector:decide")
    return rows if scopes is None else rows.filter(public_id__in=scopes)


def _apps(actor: Actor, action: str) -> QuerySet[App] | None:
    """The managed apps where they may do this; None: nowhere, and nothing has to be asked."""
    scopes = scopes_of(actor, action)
    return managed_apps(actor, action) if scopes is None or scopes else None
