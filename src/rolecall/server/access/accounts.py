"""What people decide about accounts: whose they are, and what stands behind them."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.access import matching
from rolecall.server.access.finding import locked_account, locked_app, managed_apps
from rolecall.server.access.models import Account, PersonLink
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.people.permissions import require

__all__ = [
    "accept",
    "accept_each",
    "accept_everywhere",
    "accept_exact",
    "candidates",
    "clear_person",
    "set_person",
    "set_type",
]


@transaction.atomic
def set_person(actor: Actor, account_id: str, person_id: str, *, now: datetime) -> Account:
    """Say by hand whose account it is; nothing but a hand changes it again.

    Args:
        actor: who says it.
        account_id: public id.
        person_id: public id.
        now: when.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such account or person.
        Conflict: it is that person's already, by hand.
    """
    account = locked_account(actor, account_id, "account:edit")
    person = Person.objects.filter(public_id=person_id).first()
    if person is None:
        raise Gone("There is no such person.", hint="Add them under People first.")
    link = _link(account)
    if link is not None and link.person_id == person.pk and link.how == "hand":
        raise Conflict(f"This account is {person.name}'s already.")
    before = link.person.name if link else ""
    _end(link, actor, now)
    _begin(account, person, how="hand", actor=actor, now=now)
    record(
        actor, "account:person:set", account, now=now, scope=account.app.public_id,
        person=person.public_id, name=person.name, before=before,
    )  # fmt: skip
    return _settled(account, now)


@transaction.atomic
def accept(actor: Actor, account_id: str, *, now: datetime) -> Account:
    """Say that the one person whose address it has is the one; the address keeps it so.

    Raises:
        NotAllowed, Gone: as `set_person`.
        Conflict: it is somebody's already, or its addresses are nobody's or several persons'.
    """
    account = locked_account(actor, account_id, "account:edit")
    found = list(candidates(account))
    if account.person_id is not None:
        raise Conflict("This account is somebody's already.", hint="Clear it first.")
    if len(found) != 1:
        who = "several persons have" if found else "nobody has"
        raise Conflict(f"No match to accept: {who} its addresses.", hint="Set the person by hand.")
    _begin(account, found[0], how="email", actor=actor, now=now)
    record(
        actor, "account:person:accept", account, now=now, scope=account.app.public_id,
        person=found[0].public_id, name=found[0].name,
    )  # fmt: skip
    return _settled(account, now)


@transaction.atomic
def accept_exact(actor: Actor, app_id: str, *, now: datetime) -> int:
    """Accept every account of an app that has the address of exactly one person; how many.

    Args:
        actor: who says it.
        app_id: public id.
        now: when.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such app.
        Conflict: there is none to accept.
    """
    app = locked_app(actor, app_id, "account:edit")
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT_EXACT, {"app": app.pk, "now": now, "by": actor.name})
        linked = [pk for (pk,) in cursor.fetchall()]
    if not linked:
        raise Conflict("No account of this app has the address of exactly one person.")
    matching.settle(linked, now=now)
    record(
        actor, "account:person:accept_all", app, now=now, scope=app.public_id, number=len(linked)
    )
    return len(linked)


@transaction.atomic
def accept_each(actor: Actor, account_ids: Sequence[str], *, now: datetime) -> int:
    """Accept the matches of these accounts, all of them or none; how many.

    Raises:
        NotAllowed, Gone, Conflict: as `accept`, for one of them.
    """
    chosen = Account.objects.filter(public_id__in=account_ids)
    list(chosen.select_for_update(no_key=True).order_by("pk"))  # two of us, in the same order
    for account_id in sorted(set(account_ids)):
        accept(actor, account_id, now=now)
    return len(set(account_ids))


@transaction.atomic
def accept_everywhere(actor: Actor, *, now: datetime) -> int:
    """Accept every exact match of every app where the actor may; how many.

    Raises:
        NotAllowed: they may nowhere.
        Conflict: there is none to accept.
    """
    require(actor, "account:edit")
    waiting = Account.objects.filter(present=True, link=Account.Link.UNLINKED)
    apps = managed_apps(actor, "account:edit").filter(pk__in=waiting.values("app"))
    found = [one.public_id for one in apps.order_by("pk")]
    if not found:
        raise Conflict("No account has the address of exactly one person.")
    return sum(accept_exact(actor, one, now=now) for one in found)


_ACCEPT_EXACT = """
    insert into access_personlink (account_id, person_id, how, set_by, from_at, ended_by)
    select a.id, min(e.person_id), 'email', %(by)s, %(now)s, ''
    from access_account a
    cross join lateral unnest(a.emails) as own (address)
    join people_personemail e on e.folded = own.address
    where a.app_id = %(app)s and a.present and a.link = 'unlinked'
    group by a.id having count(distinct e.person_id) = 1
    returning account_id
"""


@transaction.atomic
def clear_person(actor: Actor, account_id: str, *, now: datetime) -> Account:
    """Say that it is not that person's account.

    Raises:
        NotAllowed, Gone: as `set_person`.
        Conflict: it is nobody's.
    """
    account = locked_account(actor, account_id, "account:edit")
    link = _link(account)
    if link is None:
        raise Conflict("This account is nobody's.")
    _end(link, actor, now)
    record(
        actor, "account:person:clear", account, now=now, scope=account.app.public_id,
        person=link.person.public_id, name=link.person.name,
    )  # fmt: skip
    return _settled(account, now)


@transaction.atomic
def set_type(actor: Actor, account_id: str, kind: str, *, now: datetime) -> Account:
    """Say whether a human being or a service stands behind it.

    Args:
        actor: who says it.
        account_id: public id.
        kind: human or service.
        now: when.

    Raises:
        NotAllowed, Gone: as `set_person`.
        Invalid: there is no such type.
        Conflict: it is of that type already.
    """
    account = locked_account(actor, account_id, "account:edit")
    if kind not in Account.Type.values:
        raise Invalid(f"An account is not {kind[:20]!r}.", hint="Choose human or service.")
    if account.type == kind:
        raise Conflict(f"This account is {kind} already.")
    before, account.type = account.type, kind
    account.save(update_fields=["type"])
    record(
        actor, "account:type:set", account, now=now, scope=account.app.public_id,
        before=before, after=kind,
    )  # fmt: skip
    return account


def candidates(account: Account) -> list[Person]:
    """The persons who have one of its addresses."""
    owning = PersonEmail.objects.filter(folded__in=account.emails).values("person")
    return list(Person.objects.filter(pk__in=owning))


def _link(account: Account) -> PersonLink | None:
    return (
        PersonLink.objects.filter(account=account, until_at=None).select_related("person").first()
    )


def _end(link: PersonLink | None, actor: Actor, now: datetime) -> None:
    if link is not None:
        link.until_at, link.ended_by = now, actor.name
        link.save(update_fields=["until_at", "ended_by"])


def _begin(account: Account, person: Person, *, how: str, actor: Actor, now: datetime) -> None:
    PersonLink.objects.create(
        account=account, person=person, how=how, set_by=actor.name, from_at=now
    )


def _settled(account: Account, now: datetime) -> Account:
    matching.settle([account.pk], now=now)
    account.refresh_from_db()
    return account
