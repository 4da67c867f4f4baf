"""Accounts: how they are, what they hold and held, whose they are."""

from datetime import datetime
from typing import Any, Literal, TypeVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema

from rolecall.server import clock
from rolecall.server.access import accounts as use
from rolecall.server.access import feed, origins
from rolecall.server.access.finding import account_for, app_for
from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    Change,
    Grant,
    PersonLink,
    Presence,
    Reason,
)
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.people import PersonName
from rolecall.server.api.values import Id, Line, Query

__all__ = [
    "Accepted",
    "AccountName",
    "AccountOut",
    "ChangeOut",
    "DescriptionOut",
    "EntitlementName",
    "Find",
    "GrantOut",
    "LinkOut",
    "Origined",
    "PresenceOut",
    "ReasonOut",
    "TypeIn",
    "WhoseIn",
    "accept",
    "accept_exact",
    "clear_person",
    "get_account",
    "list_access",
    "list_accounts",
    "list_changes",
    "list_descriptions",
    "list_links",
    "list_presences",
    "list_reasons",
    "of_apps",
    "router",
    "set_person",
    "set_type",
    "with_origins",
]

Row = TypeVar("Row", Grant, Presence, Change)

router = Router(tags=["accounts"])
of_apps = Router(tags=["accounts"])
"""What is asked of an app's accounts together, under `/apps`."""


class AccountName(Schema):
    """An account, from somewhere else."""

    id: str
    external_id: str
    name: str
    email: str

    @staticmethod
    def resolve_id(row: Account) -> str:
        """The public one."""
        return row.public_id


class EntitlementName(Schema):
    """An entitlement, from somewhere else."""

    id: str
    kind: str
    name: str

    @staticmethod
    def resolve_id(row: Any) -> str:  # noqa: ANN401 - an entitlement
        """The public one."""
        return str(row.public_id)


class AccountOut(AccountName):
    """An account, as it is now or was last."""

    app: str
    present: bool
    emails: list[str]
    status: str
    seat: bool | None
    role: EntitlementName | None
    groups: int
    external: bool
    type: str
    link: str
    person: PersonName | None
    attributes: dict[str, Any]
    first_seen_at: datetime
    last_changed_at: datetime

    @staticmethod
    def resolve_app(row: Account) -> str:
        """The public one."""
        return row.app.public_id


class Origined(Schema):
    """What somebody brought: Rolecall, somebody in Notion, or nobody knows who, before Rolecall."""

    origin: Literal["ours", "before", "outside"] | None

    @staticmethod
    def resolve_origin(row: Any) -> str | None:  # noqa: ANN401 - a grant, presence or change
        """As `with_origins` found it."""
        return getattr(row, "brought_by", None)


class GrantOut(Origined):
    """Something that was held, from when to when."""

    entitlement: EntitlementName
    from_at: datetime
    until_at: datetime | None
    observed_at: datetime


class LinkOut(Schema):
    """Whose it was."""

    person: PersonName
    how: str
    set_by: str
    from_at: datetime
    until_at: datetime | None
    ended_by: str


class DescriptionOut(Schema):
    """How it was described, from when to when."""

    name: str
    email: str
    status: str
    from_at: datetime
    until_at: datetime | None


class PresenceOut(Origined):
    """When it was there."""

    from_at: datetime
    until_at: datetime | None
    observed_at: datetime


class ReasonOut(Schema):
    """Why it should hold something."""

    id: str
    kind: str
    source: str
    entitlement: EntitlementName
    decided_by: str
    text: str
    from_at: datetime
    until_at: datetime | None
    """When it runs out by itself."""
    ended_at: datetime | None
    ended_by: str

    @staticmethod
    def resolve_id(row: Reason) -> str:
        """The public one."""
        return row.public_id


class ChangeOut(Origined):
    """What a sync found different, or Rolecall changed; then there is no sync."""

    id: str
    at: datetime
    kind: str
    account: AccountName | None
    """Null where a group itself came, went, or got another name."""
    entitlement: EntitlementName | None
    before: EntitlementName | None
    sync: str | None
    sentence: str
    detail: dict[str, Any]

    @staticmethod
    def resolve_id(row: Change) -> str:
        """Its number."""
        return str(row.pk)

    @staticmethod
    def resolve_sync(row: Change) -> str | None:
        """The public one."""
        return row.sync.public_id if row.sync else None

    @staticmethod
    def resolve_sentence(row: Change) -> str:
        """In words."""
        return feed.sentence(row)


class Find(Window):
    """Which accounts."""

    q: Query = ""
    present: bool = True
    link: Account.Link | None = None
    type: Account.Type | None = None
    external: bool | None = None
    email: Line = ""
    """One of its addresses, exactly."""


class WhoseIn(Schema):
    """Whose it is."""

    person: Id


class TypeIn(Schema):
    """What stands behind it."""

    type: Account.Type


class Accepted(Schema):
    """How many."""

    accepted: int


def with_origins(found: Cut[Row]) -> Cut[Row]:
    """The same, each row with where it comes from."""
    told = origins.known(found.items)
    for row in found.items:
        row.brought_by = told.get(row.pk)  # type: ignore[attr-defined]
    return found


def _rows() -> QuerySet[Account]:
    return Account.objects.select_related("app", "role", "person")


@of_apps.get("/{app}/accounts", response=answers(Page[AccountOut]))
def list_accounts(request: HttpRequest, app: Id, find: Asked[Find]) -> Cut[Account]:
    """The accounts of an app: those there now, or with `present=false` those that were."""
    found = app_for(actor_of(request), app, "account:read")
    rows = _rows().filter(app=found, present=find.present)
    if find.q:
        rows = rows.filter(Q(name__icontains=find.q) | Q(email__icontains=find.q))
    if find.email:
        rows = rows.filter(emails__contains=[find.email.casefold()])
    wanted = {"link": find.link, "type": find.type, "external": find.external}
    return cut(rows.filter(**{k: v for k, v in wanted.items() if v is not None}), find)


@of_apps.post("/{app}/accounts/accept-exact", response=answers(Accepted))
def accept_exact(request: HttpRequest, app: Id) -> Accepted:
    """Accept every account that has the address of exactly one person."""
    number = use.accept_exact(actor_of(request), app, now=clock.now())
    return Accepted(accepted=number)


@router.get("/{account}", response=answers(AccountOut))
def get_account(request: HttpRequest, account: Id) -> Account:
    """One account."""
    return account_for(actor_of(request), account)


@router.get("/{account}/access", response=answers(Page[GrantOut]))
def list_access(
    request: HttpRequest, account: Id, window: Asked[Window], *, past: bool = False
) -> Cut[Grant]:
    """What it holds, or with `past=true` what it held before."""
    found = account_for(actor_of(request), account)
    rows = Grant.objects.filter(account=found, until_at__isnull=not past)
    held = cut(rows.select_related("entitlement"), window, by="pk", newest_first=True)
    return with_origins(held)


@router.get("/{account}/changes", response=answers(Page[ChangeOut]))
def list_changes(request: HttpRequest, account: Id, window: Asked[Window]) -> Cut[Change]:
    """What syncs found different about it, the newest first."""
    found = account_for(actor_of(request), account)
    return with_origins(cut(feed.of_account(found), window, by="pk", newest_first=True))


@router.get("/{account}/persons", response=answers(Page[LinkOut]))
def list_links(request: HttpRequest, account: Id, window: Asked[Window]) -> Cut[PersonLink]:
    """Whose it is and was, the newest first."""
    found = account_for(actor_of(request), account)
    return cut(found.links.select_related("person"), window, by="pk", newest_first=True)


@router.get("/{account}/descriptions", response=answers(Page[DescriptionOut]))
def list_descriptions(
    request: HttpRequest, account: Id, window: Asked[Window]
) -> Cut[AccountAttributes]:
    """How it is and was described, the newest first."""
    found = account_for(actor_of(request), account)
    return cut(found.descriptions.all(), window, by="pk", newest_first=True)


@router.get("/{account}/presences", response=answers(Page[PresenceOut]))
def list_presences(request: HttpRequest, account: Id, window: Asked[Window]) -> Cut[Presence]:
    """When it is and was there, the newest first."""
    found = account_for(actor_of(request), account)
    rows = Presence.objects.filter(account=found)
    return with_origins(cut(rows, window, by="pk", newest_first=True))


@router.get("/{account}/reasons", response=answers(Page[ReasonOut]))
def list_reasons(request: HttpRequest, account: Id, window: Asked[Window]) -> Cut[Reason]:
    """Why it should hold what it holds, also what has ended; the newest first."""
    found = account_for(actor_of(request), account)
    return cut(found.reasons.select_related("entitlement"), window, newest_first=True)


@router.put("/{account}/person", response=answers(AccountOut))
def set_person(request: HttpRequest, account: Id, said: WhoseIn) -> Account:
    """Say by hand whose it is."""
    use.set_person(actor_of(request), account, said.person, now=clock.now())
    return account_for(actor_of(request), account)


@router.delete("/{account}/person", response=answers(AccountOut))
def clear_person(request: HttpRequest, account: Id) -> Account:
    """Say that it is nobody's that we know."""
    use.clear_person(actor_of(request), account, now=clock.now())
    return account_for(actor_of(request), account)


@router.post("/{account}/person/accept", response=answers(AccountOut))
def accept(request: HttpRequest, account: Id) -> Account:
    """Accept the one person whose address it has."""
    use.accept(actor_of(request), account, now=clock.now())
    return account_for(actor_of(request), account)


@router.put("/{account}/type", response=answers(AccountOut))
def set_type(request: HttpRequest, account: Id, said: TypeIn) -> Account:
    """Say whether a human being or a service stands behind it."""
    use.set_type(actor_of(request), account, said.type, now=clock.now())
    return account_for(actor_of(request), account)
