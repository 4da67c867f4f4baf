"""Policies are set and ended: who may administer a workspace, and how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import App
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import require
from rolecall.server.policies.models import RolePolicy

__all__ = ["Wanted", "end_policy", "set_policy"]

_MOST: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a policy is to say."""

    role: str
    """owner or membership_admin."""
    app: str = ""
    """Public id; empty: every app that has none of its own."""
    at_least: int = 0
    at_most: int | None = None
    only_named: bool = False
    persons: Sequence[str] = ()
    """Public ids of those who may hold it."""


def set_policy(actor: Actor, wanted: Wanted, *, now: datetime) -> RolePolicy:
    """From now on this is the policy of a role, in one app or wherever there is no other.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such app or person.
        Invalid: no such role, or no range of numbers.
        Conflict: somebody else set it at the same moment.
    """
    require(actor, "policy:edit")
    _insist(wanted)
    try:
        with transaction.atomic():
            return _set(actor, wanted, now)
    except IntegrityError as error:
        raise Conflict("Somebody else has just set this policy.", hint="Look at it.") from error


def _set(actor: Actor, wanted: Wanted, now: datetime) -> RolePolicy:
    app = app_for(actor, wanted.app) if wanted.app else None
    persons = _persons(wanted.persons)
    rows = RolePolicy.objects.select_for_update()
    policy = rows.filter(app=app, role=wanted.role).first()
    before = _facts(policy) if policy else {}
    policy = policy or RolePolicy(app=app, role=wanted.role)
    policy.at_least, policy.at_most = wanted.at_least, wanted.at_most
    policy.only_named = wanted.only_named
    policy.changed_at, policy.changed_by = now, actor.name
    policy.save()
    policy.persons.set(persons)
    record(
        actor, "policy:role:set", policy, now=now, scope=_scope(app),
        before=before, after=_facts(policy),
    )  # fmt: skip
    return policy


@transaction.atomic
def end_policy(actor: Actor, policy_id: str, *, now: datetime) -> None:
    """There is no such policy any more.

    Raises:
        NotAllowed: they may not.
        Gone: there is none.
    """
    require(actor, "policy:edit")
    rows = RolePolicy.objects.select_for_update()
    policy = rows.filter(public_id=policy_id).first()
    if policy is None:
        raise Gone("There is no such policy.", hint="Look for it in the list.")
    record(
        actor, "policy:role:end", policy, now=now, scope=_scope(policy.app),
        before=_facts(policy),
    )  # fmt: skip
    policy.delete()


def _insist(wanted: Wanted) -> None:
    if wanted.role not in RolePolicy.Role.values:
        raise Invalid(
            f"{wanted.role[:20]!r} is no role that a policy is about.",
            hint="Choose workspace owner or membership admin.",
        )
    numbers = (wanted.at_least, wanted.at_least if wanted.at_most is None else wanted.at_most)
    if not all(0 <= one <= _MOST for one in numbers):
        raise Invalid("The numbers are between 0 and 100,000.")
    if numbers[1] < numbers[0]:
        raise Invalid(
            f"At most {numbers[1]} and at least {numbers[0]} cannot both be.",
            hint="Let the second number be the larger one.",
        )


def _persons(wanted: Sequence[str]) -> list[Person]:
    found = list(Person.objects.filter(public_id__in=wanted))
    if len(found) != len(set(wanted)):
        raise Gone("One of these persons is not there (any more).", hint="Choose again.")
    return found


def _scope(app: App | None) -> str:
    return app.public_id if app else ""


def _facts(policy: RolePolicy) -> dict[str, Any]:
    return {
        "at_least": policy.at_least,
        "at_most": policy.at_most,
        "only_named": policy.only_named,
        "persons": [one.public_id for one in policy.persons.all()],
    }
