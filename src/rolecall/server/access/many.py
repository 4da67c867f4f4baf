"""What people decide about many accounts at once: whose they are, and what stands behind them.

Each account has an audit row of its own, as if it had been the only one; all commit together.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction

from rolecall.errors import Gone, Invalid
from rolecall.server.access import matching
from rolecall.server.access.finding import locked_app
from rolecall.server.access.models import Account, PersonLink
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import Person

__all__ = ["MOST", "set_person", "set_type"]

MOST: Final = 1_000
"""Accounts that one decision may be about."""


@transaction.atomic
def set_type(
    actor: Actor, app_id: str, accounts: Collection[str], kind: str, *, now: datetime
) -> int:
    """Say of many accounts of one app whether human beings or services stand behind them.

    Args:
        actor: who says it.
        app_id: public id.
        accounts: public ids, at most `MOST`.
        kind: human or service.
        now: when.

    Returns:
        How many were changed; those that were of that type already stay as they are.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such app, or one of the accounts is not there.
        Invalid: there is no such type, or there are too many accounts.
    """
    rows = _locked(actor, app_id, accounts)
    if kind not in Account.Type.values:
        raise Invalid(f"An account is not {kind[:20]!r}.", hint="Choose human or service.")
    others = [one for one in rows if one.type != kind]
    for one in others:
        record(
            actor, "account:type:set", one, now=now, scope=app_id, before=one.type, after=kind
        )  # fmt: skip
    Account.objects.filter(pk__in=[one.pk for one in others]).update(type=kind)
    return len(others)


@transaction.atomic
def set_person(
    actor: Actor, app_id: str, accounts: Collection[str], person_id: str, *, now: datetime
) -> int:
    """Say by hand that many accounts of one app are one person's.

    Args:
        actor: who says it.
        app_id: public id.
        accounts: public ids, at most `MOST`.
        person_id: public id.
        now: when.

    Returns:
        How many were changed; those that were theirs by hand already stay as they are.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such app or person, or one of the accounts is not there.
        Invalid: there are too many accounts.
    """
    rows = _locked(actor, app_id, accounts)
    person = Person.objects.filter(public_id=person_id).first()
    if person is None:
        raise Gone("There is no such person.", hint="Add them under People first.")
    links = PersonLink.objects.filter(account__in=rows, until_at=None).select_related("person")
    held = {link.account_id: link for link in links}
    others = [one for one in rows if not _theirs(held.get(one.pk), person)]
    ended = [held[one.pk].pk for one in others if one.pk in held]
    PersonLink.objects.filter(pk__in=ended).update(until_at=now, ended_by=actor.name)
    PersonLink.objects.bulk_create(
        PersonLink(account=one, person=person, how="hand", set_by=actor.name, from_at=now)
        for one in others
    )
    for one in others:
        before = held[one.pk].person.name if one.pk in held else ""
        record(
            actor, "account:person:set", one, now=now, scope=app_id,
            person=person.public_id, name=person.name, before=before,
        )  # fmt: skip
    matching.settle([one.pk for one in others], now=now)
    return len(others)


def _theirs(link: PersonLink | None, person: Person) -> bool:
    return link is not None and link.person_id == person.pk and link.how == "hand"


def _locked(actor: Actor, app_id: str, accounts: Collection[str]) -> list[Account]:
    """The accounts, locked: the app first, as by whoever else changes many of its rows."""
    app = locked_app(actor, app_id, "account:edit")
    if len(accounts) > MOST:
        raise Invalid(f"More than {MOST:,} accounts.", hint="Choose fewer at once.")
    rows = Account.objects.select_for_update(no_key=True, of=("self",))
    found = list(rows.filter(app=app, public_id__in=accounts).order_by("pk"))
    if len(found) != len(set(accounts)):
        raise Gone("One of these accounts is not there.", hint="Choose again.")
    return found
