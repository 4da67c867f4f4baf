"""What the home page shows at a glance: how things stand, what changed, and where to begin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse

from rolecall.server.access.asof import number_now
from rolecall.server.access.feed import sentence
from rolecall.server.access.finding import managed_apps
from rolecall.server.access.models import Account, App, Change
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector
from rolecall.server.needs import MOST
from rolecall.server.people.permissions import scopes_of
from rolecall.server.tables.look import Look

__all__ = ["Card", "Line", "cards"]

_RECENT: Final = timedelta(days=7)
_LINES: Final = 5
_State = Connector.State
_WAITING: Final = (
    _State.NEEDS_CONFIRMATION, _State.ERROR, _State.NOT_CONNECTED, _State.NOT_SEEN
)  # fmt: skip
_CALM: Final = Look(word="All well", tone="good", icon="done")
_WANTED: Final = Look(word="Needs somebody", tone="warn", icon="alert")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing, and where it is dealt with."""

    icon: str
    text: str
    detail: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """A number, what it counts, and one thing to do."""

    title: str
    figure: str
    text: str
    action: str
    address: str
    look: Look | None = None
    lines: tuple[Line, ...] = ()


def cards(actor: Actor, *, now: datetime) -> list[Card]:
    """The cards of this person, what waits first."""
    apps = _apps(actor)
    made = (_connectors(actor), _accounts(apps), _changes(apps, now - _RECENT))
    return [card for card in made if card]


def _apps(actor: Actor) -> list[App]:
    """The apps of which they may see accounts and changes."""
    return list(managed_apps(actor, "account:read"))


def _connectors(actor: Actor) -> Card | None:
    scopes = scopes_of(actor, "connector:list")
    if scopes is not None and not scopes:
        return None
    found = Connector.objects.filter(archived_at=None)
    if scopes is not None:
        found = found.filter(public_id__in=scopes) | found.filter(app__public_id__in=scopes)
    connectors = list(found)
    waiting = [one for one in connectors if one.state in _WAITING]
    empty = not connectors
    return Card(
        title="Connectors",
        figure=f"{len(connectors):,}",
        text=_how_many(len(connectors), len(waiting)),
        look=None if empty else _WANTED if waiting else _CALM,
        action="Add connector" if empty else "All connectors",
        address=reverse("connectors:add" if empty else "connectors:list"),
    )


def _how_many(there: int, waiting: int) -> str:
    if not there:
        return "none yet: connect Notion to begin"
    return f"{waiting:,} of them waiting for somebody" if waiting else "all in order"


def _accounts(apps: list[App]) -> Card | None:
    if not apps:
        return None
    loose = Account.objects.filter(
        app__in=apps, present=True, type=Account.Type.HUMAN
    ).exclude(link=Account.Link.LINKED)  # fmt: skip
    return Card(
        title="Accounts",
        figure=f"{number_now(*apps):,}",
        text=f"{_counted(loose)} of them are people's, and we do not know whose",
        action="All apps",
        address=reverse("access:apps"),
    )


def _changes(apps: list[App], since: datetime) -> Card | None:
    if not apps:
        return None
    several = len(apps) > 1
    changes = Change.objects.filter(app__in=apps, at__gte=since)
    newest = changes.select_related("account", "app", "entitlement", "before")[:_LINES]
    lines = tuple(
        Line(
            icon="change",
            text=sentence(one),
            detail=one.app.name if several else "",
            address=_place(one),
        )
        for one in newest
    )
    return Card(
        title="Changed in the last seven days",
        figure=_counted(changes) if len(lines) == _LINES else f"{len(lines)}",
        text="joined, left, or hold something else now",
        lines=lines,
        action="All apps" if several else "What changed",
        address=reverse("access:apps") if several else _week_of(apps[0]),
    )


def _week_of(app: App) -> str:
    """The page that shows as many changes as were counted here."""
    return f"{reverse('access:feed', args=(app.public_id,))}?seen={_RECENT.days}"


def _place(change: Change) -> str:
    """The page of what a change is about: an account, or a group itself."""
    if change.account:
        return reverse("access:account", args=(change.account.public_id,))
    if change.entitlement:
        return reverse("access:entitlement", args=(change.entitlement.public_id,))
    raise AssertionError(f"{change} is about nothing")


def _counted(rows: QuerySet[Any]) -> str:
    """How many there are; of very many, that they are more."""
    number = rows.order_by()[: MOST + 1].count()
    return f"more than {MOST:,}" if number > MOST else f"{number:,}"
