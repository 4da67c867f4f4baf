"""The past of an app: who had access at a moment, and the feed of what changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Prefetch, Q
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rolecall.errors import Invalid
from rolecall.server import clock
from rolecall.server.access import asof, origins
from rolecall.server.access.feed import of_app
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import AccountAttributes, App, Change, Grant, Presence, Sync
from rolecall.server.access.pages.looks import (
    account_cell,
    app_crumbs,
    app_tabs,
    entitlement_name,
    origin_cell,
    origin_text,
)
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import require
from rolecall.server.tables.answer import show, wants_file
from rolecall.server.tables.look import NOTHING, link, mark, moment
from rolecall.server.tables.table import Choice, Column, Filter, Table, one_of
from rolecall.server.tables.words import beginning_with

__all__ = ["as_of", "feed", "moment_asked", "typed"]

_ICONS: Final = {
    Change.Kind.JOINED: "join",
    Change.Kind.LEFT: "leave",
    Change.Kind.ROLE: "role",
    Change.Kind.ADDED: "plus",
    Change.Kind.REMOVED: "minus",
    Change.Kind.EDITED: "pencil",
    Change.Kind.MADE: "plus",
    Change.Kind.RENAMED: "pencil",
    Change.Kind.DELETED: "minus",
}
_OF_GROUPS: Final = frozenset({Change.Kind.MADE, Change.Kind.RENAMED, Change.Kind.DELETED})
_KINDS: Final = tuple(Choice(value=k, label=label) for k, label in Change.Kind.choices)


_SINCE: Final = (
    Choice(value="1", label="In the last day"),
    Choice(value="7", label="In the last seven days"),
    Choice(value="30", label="In the last 30 days"),
)


def _seen(days: tuple[str, ...]) -> Q:
    """Seen so many days ago at most; of several, the longest counts."""
    known = [int(one.value) for one in _SINCE if one.value in days]
    return Q(at__gte=clock.now() - timedelta(days=max(known, default=0)))


def _what(change: Change) -> SafeString | str:
    return mark(change.get_kind_display(), _ICONS[Change.Kind(change.kind)])


def _which(change: Change) -> SafeString | str:
    """The group; the role before and now; or which attributes."""
    if change.kind == Change.Kind.EDITED:
        return ", ".join(sorted(change.detail)) or NOTHING
    if change.kind in _OF_GROUPS and change.entitlement:
        address = reverse("access:entitlement", args=(change.entitlement.public_id,))
        return link(_names(change), address)
    if change.kind != Change.Kind.ROLE:
        return entitlement_name(change.entitlement)
    return format_html(
        "{} → {}", entitlement_name(change.before), entitlement_name(change.entitlement)
    )


def _names(change: Change) -> str:
    """What a group was called and is called now."""
    return " → ".join(name for name in change.detail["name"] if name)


def _which_text(change: Change) -> str:
    if change.kind in _OF_GROUPS:
        return _names(change)
    if change.kind == Change.Kind.EDITED:
        return ", ".join(f"{name}: {was} → {now}" for name, (was, now) in change.detail.items())
    names = [str(one) for one in (change.before, change.entitlement) if one]
    return " → ".join(names)


_CHANGES: Final[tuple[Column[Change], ...]] = (
    Column(
        name="at", label="Seen", value=lambda c: c.at, show=lambda c: moment(c.at),
        sort=("at", "pk"),
    ),
    Column(
        name="account",
        label="Account",
        value=lambda c: str(c.account) if c.account else None,
        show=lambda c: account_cell(c.account) if c.account else NOTHING,
    ),
    Column(name="kind", label="What", value=lambda c: c.kind, show=_what),
    Column(name="which", label="Of what", value=_which_text, show=_which),
    Column(name="origin", label="By whom", value=origin_text, show=origin_cell),
    Column(
        name="sync", label="Sync", number=True, usual=False,
        value=lambda c: c.sync.number if c.sync else None,
    ),
)  # fmt: skip


_FEED: Final[Table[Change]] = Table(
    noun="changes",
    columns=_CHANGES,
    order="-at",
    filters=(
        Filter(name="kind", label="What", narrow=one_of("kind"), choices=_KINDS),
        Filter(name="seen", label="Seen", narrow=_seen, choices=_SINCE),
    ),
    search=beginning_with("account__search"),
    search_label="Search accounts",
    fetch=lambda rows: rows.select_related("account", "entitlement", "before", "sync"),
    dress=origins.mark,
)


@page("app:read")
def feed(request: Request, app_id: str) -> HttpResponseBase:
    """Everything that syncs found different, newest first."""
    app = _app(request, app_id)
    return show(
        request,
        "access/feed.html",
        _FEED,
        of_app(app),
        app=app,
        crumbs=app_crumbs(app),
        tabs=app_tabs(app),
        syncs=Sync.objects.filter(app=app)[:2],
        prefix=app.name,
    )


@page("app:read")
def as_of(request: Request, app_id: str) -> HttpResponseBase:
    """Who was there at a moment, with which role and groups, and how well that is known."""
    app = _app(request, app_id)
    at = moment_asked(request.GET.get("at", ""), now=clock.now())
    keep = (("at", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),)
    basis = asof.basis(app, at)
    known = asof.number(app, at) if basis.sync else None
    return show(
        request,
        "access/as_of.html",
        replace(_as_of_table(at, keep), known=known),
        asof.accounts(app, at),
        app=app,
        at=at,
        typed=typed(at),
        zone=timezone.get_current_timezone_name(),
        basis=basis,
        crumbs=app_crumbs(app),
        tabs=app_tabs(app),
        prefix=f"{app.name} as of {at:%Y-%m-%d %H%M}",
    )


def moment_asked(text: str, *, now: datetime) -> datetime:
    """A moment that somebody typed, in their zone unless it says one; now, if they typed none.

    Raises:
        Invalid: it is no moment, or still to come.
    """
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else timezone.make_aware(at)
        at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("That is no date and time.", hint="Say it like 2026-03-03T14:05.") from error
    if at > now + timedelta(minutes=1):
        raise Invalid("That moment is still to come.", hint="Ask for one that is past.")
    return at


def typed(at: datetime) -> str:
    """A moment as one types it into a form, in the viewer's zone; `moment_asked` reads it."""
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S")


def _held(one: AccountAttributes, kind: str) -> list[str]:
    grants: list[Grant] = one.account.held_then  # type: ignore[attr-defined]
    return [grant.entitlement.name for grant in grants if grant.entitlement.kind == kind]


def _since(one: AccountAttributes) -> datetime:
    (there,) = one.account.there_then  # type: ignore[attr-defined]
    found: datetime = there.from_at
    return found


def _named(one: AccountAttributes) -> SafeString:
    address = reverse("access:account", args=(one.account.public_id,))
    return link(one.name or one.email, address, one.email if one.name else "")


def _as_of_table(at: datetime, keep: tuple[tuple[str, str], ...]) -> Table[AccountAttributes]:
    then = Grant.objects.filter(asof.during(at)).order_by("entitlement__name")
    grants = Prefetch("account__grants", then.select_related("entitlement"), to_attr="held_then")
    there = Presence.objects.filter(asof.during(at))
    presences = Prefetch("account__presences", there, to_attr="there_then")
    return Table(
        noun="accounts",
        columns=(
            Column(
                name="account", label="Account then", value=lambda d: d.name, show=_named,
                sort=("name",), filed=True,
            ),
            Column(
                name="email", label="E-mail", value=lambda d: d.email, sort=("email",),
                usual=False, filed=True,
            ),
            Column(
                name="id", label="Id", value=lambda d: d.account.external_id, usual=False,
                filed=True,
            ),
            Column(name="status", label="Status then", value=lambda d: d.status),
            Column(name="role", label="Role then", value=lambda d: _held(d, "role")),
            Column(name="groups", label="Groups then", value=lambda d: _held(d, "group")),
            Column(
                name="since", label="Account since", value=_since,
                show=lambda d: moment(_since(d)), usual=False,
            ),
        ),
        order="account",
        search=beginning_with("account__search"),
        search_label="Search names and e-mails",
        fetch=lambda rows: rows.select_related("account").prefetch_related(
            grants, presences
        ),
        keep=keep,
    )  # fmt: skip


def _app(request: Request, app_id: str) -> App:
    app = app_for(request.actor, app_id)
    if wants_file(request):
        require(request.actor, "account:export", app.public_id)
    return app
