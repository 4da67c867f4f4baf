"""How each workspace stands with its policies: how many hold a role, and what is wrong with that.

An app of which no sync has shown the roles has no standing: nothing is said of what is not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q, QuerySet

from rolecall.server.access.finding import managed_apps
from rolecall.server.access.models import App, Entitlement, Grant
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import Person
from rolecall.server.policies.models import RolePolicy

__all__ = ["Standing", "administrators", "apps_of", "named_by", "policies_by_app", "standings"]

_ROLES: Final = tuple(RolePolicy.Role.values)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One role of one workspace."""

    app: App
    entitlement: Entitlement
    role: RolePolicy.Role
    policy: RolePolicy | None
    """Its own, or the one of every app; None: there is neither."""
    unnamed: int
    """Holders whom the policy does not name; 0 where it names nobody."""

    @property
    def holders(self) -> int:
        """How many hold it now."""
        return self.entitlement.holders

    @property
    def faults(self) -> list[str]:
        """What is wrong, as sentences; none: all is well, or nothing is wanted."""
        policy = self.policy
        if policy is None:
            return []
        most = policy.at_most
        found = (
            (self.holders < policy.at_least, f"fewer than {policy.at_least:,}"),
            (most is not None and self.holders > most, f"more than {most or 0:,}"),
            (self.unnamed > 0, f"{self.unnamed:,} whom the policy does not name"),
        )
        return [words for wrong, words in found if wrong]


def apps_of(actor: Actor) -> QuerySet[App]:
    """The managed apps whose administrators somebody may see."""
    return managed_apps(actor, "policy:read")


def standings(apps: QuerySet[App]) -> list[Standing]:
    """Owners and membership admins of each app, those with faults first; four queries."""
    roles = list(
        Entitlement.objects.filter(
            app__in=apps, kind=Entitlement.Kind.ROLE, present=True, resource__external_id__in=_ROLES
        )
        .select_related("app__last_sync", "resource")
        .order_by("app__name", "resource__external_id")
    )
    policies = policies_by_app()
    found = [_standing(one, policies) for one in roles]
    unnamed = _unnamed(one for one in found if one.policy and one.policy.only_named)
    judged = [
        Standing(
            app=one.app, entitlement=one.entitlement, role=one.role, policy=one.policy,
            unnamed=unnamed.get(one.entitlement.pk, 0),
        )
        for one in found
    ]  # fmt: skip
    return sorted(judged, key=lambda one: not one.faults)


def administrators(apps: QuerySet[App]) -> QuerySet[Grant]:
    """Who holds such a role now, in these apps."""
    return Grant.objects.filter(
        until_at=None, entitlement__app__in=apps, entitlement__kind=Entitlement.Kind.ROLE,
        entitlement__resource__external_id__in=_ROLES,
    )  # fmt: skip


def policies_by_app() -> dict[tuple[int | None, str], RolePolicy]:
    """App (None: every app) and role → policy, with the persons it names."""
    rows = RolePolicy.objects.select_related("app").prefetch_related("persons")
    return {(one.app_id, one.role): one for one in rows}


def _standing(
    entitlement: Entitlement, policies: dict[tuple[int | None, str], RolePolicy]
) -> Standing:
    resource = entitlement.resource
    role = RolePolicy.Role(resource.external_id if resource else "")
    own = policies.get((entitlement.app_id, role))
    return Standing(
        app=entitlement.app, entitlement=entitlement, role=role,
        policy=own or policies.get((None, role)), unnamed=0,
    )  # fmt: skip


def _unnamed(strict: Iterable[Standing]) -> dict[int, int]:
    """Key of a role → how many hold it whom its policy does not name."""
    wrong = Q(pk__in=())
    for one in strict:
        known = Q(account__person__in=named_by(one.policy))
        wrong |= Q(entitlement=one.entitlement) & ~known
    counted = Grant.objects.filter(wrong, until_at=None).order_by().values_list("entitlement")
    return dict(counted.annotate(number=Count("pk")))


def named_by(policy: RolePolicy | None) -> frozenset[int]:
    """Keys of the persons whom a policy names; whoever has left is none of them any more."""
    persons = policy.persons.all() if policy else ()
    return frozenset(one.pk for one in persons if one.status == Person.Status.ACTIVE)
