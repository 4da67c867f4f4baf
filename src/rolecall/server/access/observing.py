"""Write down what a change of ours was seen to have done, without waiting for the next sync.

Whoever carried the change has read the source again; what it saw is an observation like any other,
only that no sync brought it: its periods have no `first_sync` or `ended_sync`, and a sync that
began before that moment leaves them alone (`sql/differ.sql`, the barred tables). Every function
takes the app's lock, which taking in holds too, and is called in the transaction that ends the
change.
"""

from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.search import SearchVector
from django.db.models import Count, Q, Value

from rolecall.baton.ids import entitlement_id
from rolecall.server.access import changed, matching
from rolecall.server.access.intake.records import AccountRecord
from rolecall.server.access.intake.staging import BREAKS
from rolecall.server.access.models import (
    Account,
    AccountAttributes,
    App,
    Change,
    Entitlement,
    Grant,
    Presence,
    Resource,
    ResourcePeriod,
)

__all__ = [
    "account_gone",
    "account_there",
    "described",
    "group_gone",
    "group_there",
    "held",
    "not_held",
]

_Kind = Entitlement.Kind
_ROLE_IN_PROFILE: Final = "workspace_role"
_MEMBER: Final = "member"


def held(account: Account, entitlement: Entitlement, *, at: datetime) -> None:
    """The account was seen to hold this; a role in the place of whichever was there.

    Args:
        account: whose.
        entitlement: a role, or the membership of a group.
        at: the moment of reading.
    """
    before, app = account.role, _locked(account.app_id)
    if not _begin(account, entitlement, app, at):
        return
    if entitlement.kind == _Kind.ROLE:
        _tell(account, Change.Kind.ROLE, at, entitlement=entitlement, before=before)
        changed.tell(app, since=at)
    else:
        _tell(account, Change.Kind.ADDED, at, entitlement=entitlement)


def not_held(account: Account, entitlement: Entitlement, *, at: datetime) -> None:
    """The account was seen not to hold this any more."""
    app = _locked(account.app_id)
    ended = _end(Grant.objects.filter(account=account, entitlement=entitlement, until_at=None),
                 app, at)  # fmt: skip
    _recount(account, {entitlement.pk}, at)
    if ended and entitlement.kind == _Kind.ROLE:
        _tell(account, Change.Kind.ROLE, at, before=entitlement)
        changed.tell(app, since=at)
    elif ended:
        _tell(account, Change.Kind.REMOVED, at, entitlement=entitlement)


def account_there(app: App, external_id: str, record: AccountRecord, *, at: datetime) -> Account:
    """An account was seen, by a change that made it or found it there.

    Args:
        app: where.
        external_id: the source's id of it.
        record: how it is described.
        at: the moment of reading.
    """
    app = _locked(app.pk)
    account, _ = Account.objects.get_or_create(
        app=app, external_id=external_id, defaults={"first_seen_at": at, "last_changed_at": at}
    )
    account.present, account.seat = True, record.seat
    joined = not _seen_again(Presence.objects.filter(account=account), at)
    if joined:
        Presence.objects.create(account=account, from_at=at, observed_at=at)
    _describe(
        account, app, at, name=record.name, email=record.email, status=record.status,
        emails=record.emails, attributes=record.attributes,
    )  # fmt: skip
    matching.settle([account.pk], now=at)
    role = Entitlement.objects.filter(
        app=app, kind=_Kind.ROLE,
        resource__external_id=record.attributes.get(_ROLE_IN_PROFILE) or "",
    ).first()  # fmt: skip
    if role is not None:
        _begin(account, role, app, at)
    if joined:
        _tell(account, Change.Kind.JOINED, at, entitlement=role)
    _count_accounts(app)
    changed.tell(app, since=at)
    account.refresh_from_db()
    return account


def account_gone(account: Account, *, at: datetime) -> None:
    """An account was seen not to be there any more, and so nothing that it held."""
    app, role = _locked(account.app_id), account.role
    grants = Grant.objects.filter(account=account, until_at=None)
    touched = set(grants.values_list("entitlement_id", flat=True))
    _end(grants, app, at)
    if _end(Presence.objects.filter(account=account, until_at=None), app, at):
        _tell(account, Change.Kind.LEFT, at, before=role)
    _end(AccountAttributes.objects.filter(account=account, until_at=None), app, at)
    account.present = False
    account.save(update_fields=["present"])
    _recount(account, touched, at)
    _count_accounts(app)
    changed.tell(app, since=at)


def described(account: Account, wanted: dict[str, str], *, at: datetime) -> None:
    """An account was seen to be described otherwise.

    Args:
        account: which.
        wanted: attribute → value: email, display_name, or a name of the profile.
        at: the moment of reading.
    """
    before = {**account.attributes, "display_name": account.name, "email": account.email}
    _redescribe(account, _locked(account.app_id), at, wanted)
    detail = {name: [before.get(name), value] for name, value in wanted.items()
              if before.get(name) != value}  # fmt: skip
    if detail:
        _tell(account, Change.Kind.EDITED, at, detail=detail)


def group_there(app: App, external_id: str, name: str, *, at: datetime) -> Entitlement:
    """A group was seen, under this name; what being in it gives.

    Args:
        app: where.
        external_id: the source's id of it.
        name: what it is called.
        at: the moment of reading.
    """
    app = _locked(app.pk)
    group, _ = Resource.objects.get_or_create(
        app=app, kind="group", external_id=external_id, defaults={"name": name}
    )
    group.name, group.present = name, True
    group.save(update_fields=["name", "present"])
    periods = ResourcePeriod.objects.filter(resource=group)
    others = periods.filter(until_at=None).exclude(name=name)
    before = others.values_list("name", flat=True).first()
    _end(others, app, at)
    new = not _seen_again(periods, at)
    if new:
        ResourcePeriod.objects.create(resource=group, name=name, from_at=at, observed_at=at)
    entitlement, _ = Entitlement.objects.get_or_create(
        app=app,
        external_id=entitlement_id("group", external_id, _MEMBER),
        defaults={"resource": group, "kind": _Kind.GROUP, "slug": _MEMBER, "name": name},
    )
    Entitlement.objects.filter(pk=entitlement.pk).update(
        name=name, present=True, search=SearchVector(Value(name), config="simple")
    )
    entitlement.refresh_from_db()
    if new:
        kind = Change.Kind.MADE if before is None else Change.Kind.RENAMED
        _tell_group(entitlement, kind, at, before, name)
    return entitlement


def group_gone(entitlement: Entitlement, *, at: datetime) -> None:
    """A group was seen not to be there any more, and so nobody in it."""
    app = _locked(entitlement.app_id)
    held_by = Grant.objects.filter(entitlement=entitlement, until_at=None)
    members = list(Account.objects.filter(grants__in=held_by).order_by("name", "id"))
    _end(held_by, app, at)
    there = ResourcePeriod.objects.filter(resource=entitlement.resource, until_at=None)
    name = there.values_list("name", flat=True).first()
    ended = _end(there, app, at)
    Resource.objects.filter(entitlements=entitlement).update(present=False)
    Entitlement.objects.filter(pk=entitlement.pk).update(present=False, holders=0)
    for account in members:
        _recount(account, set(), at)
        _tell(account, Change.Kind.REMOVED, at, entitlement=entitlement)
    if ended:
        _tell_group(entitlement, Change.Kind.DELETED, at, name, None)


def _locked(app_id: int) -> App:
    return App.objects.select_for_update(of=("self",), no_key=True).get(pk=app_id)


def _begin(account: Account, entitlement: Entitlement, app: App, at: datetime) -> bool:
    """Have an open grant, alone if it is a role; whether it is new."""
    ended = Grant.objects.none()
    if entitlement.kind == _Kind.ROLE:
        others = Q(account=account, entitlement__kind=_Kind.ROLE) & ~Q(entitlement=entitlement)
        ended = Grant.objects.filter(others, until_at=None)
    touched = {entitlement.pk, *ended.values_list("entitlement_id", flat=True)}
    _end(ended, app, at)
    new = not _seen_again(Grant.objects.filter(account=account, entitlement=entitlement), at)
    if new:
        Grant.objects.create(account=account, entitlement=entitlement, from_at=at, observed_at=at)
    if entitlement.kind == _Kind.ROLE and _ROLE_IN_PROFILE in account.attributes:
        _redescribe(account, app, at, {_ROLE_IN_PROFILE: _own_id(entitlement)})
    _recount(account, touched, at)
    return new


def _tell(account: Account, kind: str, at: datetime, **told: Any) -> None:  # noqa: ANN401 - columns
    """A line of the feed, which no sync found."""
    Change.objects.create(app_id=account.app_id, at=at, kind=kind, account=account, **told)


def _tell_group(group: Entitlement, kind: str, at: datetime, *names: str | None) -> None:
    """The same of a group itself, by the names that it had and has."""
    Change.objects.create(
        app_id=group.app_id, at=at, kind=kind, entitlement=group, detail={"name": names}
    )


def _end(rows: Any, app: App, at: datetime) -> int:  # noqa: ANN401 - periods of any model
    """The last sync of the app was the last one that saw them; how many."""
    ended: int = rows.update(
        until_at=at, observed_at=at, ended_sync=None, last_sync=app.last_sync_id
    )
    return ended


def _seen_again(rows: Any, at: datetime) -> bool:  # noqa: ANN401 - periods of any model
    """Note that an open period was seen; whether there is one."""
    return bool(rows.filter(until_at=None).update(observed_at=at))


def _own_id(entitlement: Entitlement) -> str:
    return entitlement.resource.external_id if entitlement.resource else ""


def _redescribe(account: Account, app: App, at: datetime, wanted: dict[str, str]) -> None:
    attributes = {**account.attributes, **wanted}
    name = attributes.pop("display_name", account.name)
    email = wanted.get("email", account.email)
    emails = [email.casefold(), *(one for one in account.emails if one != account.email.casefold())]
    _describe(
        account, app, at, name=name, email=email, status=account.status,
        emails=[one for one in emails if one], attributes=attributes,
    )  # fmt: skip


def _describe(  # noqa: PLR0913 - a description has that many parts
    account: Account,
    app: App,
    at: datetime,
    *,
    name: str,
    email: str,
    status: str,
    emails: list[str],
    attributes: dict[str, Any],
) -> None:
    told = {"name": name, "email": email, "status": status, "attributes": attributes}
    now = AccountAttributes.objects.filter(account=account, until_at=None)
    _end(now.exclude(**told), app, at)
    if not _seen_again(now, at):
        AccountAttributes.objects.create(account=account, from_at=at, observed_at=at, **told)
    account.name, account.email, account.status = name, email, status
    account.emails, account.attributes = emails, attributes
    account.external = bool(
        email and app.domains and email.rpartition("@")[2].casefold() not in app.domains
    )
    account.content = None  # the next sync reads the record, whatever it says
    account.last_changed_at = at
    account.save(update_fields=[
        "present", "seat", "name", "email", "status", "emails", "attributes", "external",
        "content", "last_changed_at",
    ])  # fmt: skip
    words = " ".join([name, *emails]).translate(BREAKS)
    Account.objects.filter(pk=account.pk).update(search=SearchVector(Value(words), config="simple"))


def _recount(account: Account, entitlements: set[int], at: datetime) -> None:
    """The columns that say what an account holds, and who holds an entitlement."""
    now = Grant.objects.filter(account=account, until_at=None)
    kinds = dict(now.values_list("entitlement__kind").annotate(count=Count("id")))
    role = now.filter(entitlement__kind=_Kind.ROLE).values_list("entitlement_id", flat=True).first()
    account.role_id, account.groups, account.last_changed_at = role, kinds.get("group", 0), at
    account.save(update_fields=["role", "groups", "last_changed_at"])
    for pk in entitlements:
        holders = Grant.objects.filter(entitlement=pk, until_at=None).count()
        Entitlement.objects.filter(pk=pk).update(holders=holders)


def _count_accounts(app: App) -> None:
    there = Account.objects.filter(app=app, present=True).count()
    Entitlement.objects.filter(app=app, kind=_Kind.ACCOUNT).update(holders=there)
