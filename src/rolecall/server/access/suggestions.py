"""Who may stand behind an account, and why we think so; nothing is decided here.

Only an address that fits is an exact match. Names, and what stands before the @, are hints for
people who moved between domains or use a private address.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower

from rolecall.server.access.finding import managed_apps
from rolecall.server.access.models import Account
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import Person, PersonEmail

__all__ = ["Suggestion", "suggestions", "waiting"]

_MOST: Final = 5
"""So many of one account; who is called like a hundred others is found by a search."""
_ACTIVE: Final = Person.Status.ACTIVE
_Found = dict[str, list[tuple[Person, str]]]
"""What is the same → who has it, and how that reads."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A person whose account it may be."""

    person: Person
    reason: str
    """What they have in common, as the end of a sentence."""
    exact: bool
    """Whether the person has one of its addresses."""


def waiting(actor: Actor, action: str = "account:read") -> QuerySet[Account]:
    """People's accounts that are there and not linked to somebody of the company.

    Args:
        actor: who asks.
        action: of the apps where they may do this.
    """
    apps = managed_apps(actor, action)
    people = Account.objects.filter(app__in=apps, present=True, type=Account.Type.HUMAN)
    return people.filter(link__in=[one for one in Account.Link if one != Account.Link.LINKED])


def suggestions(accounts: Collection[Account]) -> dict[int, list[Suggestion]]:
    """For each account, by its key, whom we would ask about first; three queries for all."""
    addresses = {address for one in accounts for address in one.emails}
    owners = _owners(addresses)
    before = _same_before_the_at({one.partition("@")[0] for one in addresses})
    called = _called({one.name.strip().lower() for one in accounts if one.name.strip()})
    return {one.pk: _of(one, owners, before, called) for one in accounts}


def _of(account: Account, owners: _Found, before: _Found, called: _Found) -> list[Suggestion]:
    found: dict[int, Suggestion] = {}
    exact = [pair for address in account.emails for pair in owners.get(address, ())]
    hints = [
        *called.get(account.name.strip().lower(), ()),
        *(pair for one in account.emails for pair in before.get(one.partition("@")[0], ())),
    ]
    for pairs, fits in ((exact, True), (hints, False)):
        for person, reason in pairs:
            new = Suggestion(person=person, reason=reason, exact=fits)
            found.setdefault(person.pk, new)
    return [*found.values()][:_MOST]


def _owners(addresses: Collection[str]) -> _Found:
    rows = PersonEmail.objects.filter(folded__in=addresses).select_related("person")
    return _gathered((one.folded, one.person, f"has {one.address}") for one in rows)


def _same_before_the_at(parts: Collection[str]) -> _Found:
    part = Func(
        F("folded"), Value("@"), Value(1), function="split_part", output_field=TextField()
    )  # fmt: skip
    rows = PersonEmail.objects.filter(person__status=_ACTIVE).alias(part=part)
    return _gathered(
        (one.folded.partition("@")[0], one.person, f"has {one.address}, which begins alike")
        for one in rows.filter(part__in=parts).select_related("person")
    )


def _called(names: Collection[str]) -> _Found:
    rows = Person.objects.alias(lower=Lower("name")).filter(
        Q(lower__in=names), status=_ACTIVE
    )  # fmt: skip
    return _gathered((one.name.lower(), one, "is called the same") for one in rows)


def _gathered(found: Iterable[tuple[str, Person, str]]) -> _Found:
    gathered: _Found = defaultdict(list)
    for key, person, reason in found:
        gathered[key].append((person, reason))
    return gathered
