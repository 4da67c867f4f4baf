"""Workspace owners and membership admins, and the policies about them."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.server import clock
from rolecall.server.access.models import Grant
from rolecall.server.api.accounts import AccountName, EntitlementName
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.people import PersonName
from rolecall.server.api.values import Id
from rolecall.server.people.models import Person
from rolecall.server.people.permissions import require
from rolecall.server.policies import deciding
from rolecall.server.policies import standing as standings_of
from rolecall.server.policies.models import RolePolicy

__all__ = [
    "AdministratorOut",
    "PolicyIn",
    "PolicyOut",
    "StandingOut",
    "end_policy",
    "list_administrators",
    "list_policies",
    "list_standings",
    "router",
    "set_policy",
]

router = Router(tags=["administrators"])


class PolicyOut(Schema):
    """How many may hold a role, and who."""

    id: str
    app: str | None
    """Public id; null is: every app that has none of its own."""
    role: str
    at_least: int
    at_most: int | None
    only_named: bool
    persons: list[PersonName]
    changed_at: datetime
    changed_by: str

    @staticmethod
    def resolve_id(row: RolePolicy) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_app(row: RolePolicy) -> str | None:
        """The public one."""
        return row.app.public_id if row.app else None

    @staticmethod
    def resolve_persons(row: RolePolicy) -> list[Person]:
        """Those it names."""
        return list(row.persons.all())


class PolicyIn(Schema):
    """What a policy is to say."""

    role: RolePolicy.Role
    app: Id | None = None
    at_least: int = Field(0, ge=0, le=100_000)
    at_most: int | None = Field(None, ge=0, le=100_000)
    only_named: bool = False
    persons: list[Id] = Field(default_factory=list, max_length=500)


class StandingOut(Schema):
    """One role of one workspace, against its policy."""

    app: str
    role: str
    entitlement: EntitlementName
    holders: int
    policy: str | None
    """Public id of the one that counts."""
    unnamed: int
    """Holders whom it does not name."""
    faults: list[str]

    @staticmethod
    def resolve_app(row: standings_of.Standing) -> str:
        """The public one."""
        return row.app.public_id

    @staticmethod
    def resolve_policy(row: standings_of.Standing) -> str | None:
        """The public one."""
        return row.policy.public_id if row.policy else None


class AdministratorOut(Schema):
    """Somebody who holds such a role now."""

    app: str
    account: AccountName
    person: PersonName | None
    entitlement: EntitlementName
    from_at: datetime

    @staticmethod
    def resolve_app(row: Grant) -> str:
        """The public one."""
        return row.entitlement.app.public_id

    @staticmethod
    def resolve_person(row: Grant) -> Person | None:
        """Who stands behind the account."""
        return row.account.person


@router.get("", response=answers(Page[AdministratorOut]))
def list_administrators(request: HttpRequest, window: Asked[Window]) -> Cut[Grant]:
    """Workspace owners and membership admins of the apps that one may see."""
    actor = actor_of(request)
    require(actor, "policy:read")
    rows = standings_of.administrators(standings_of.apps_of(actor))
    return cut(rows.select_related("account__person", "entitlement__app"), window, by="pk")


@router.get("/standings", response=answers(list[StandingOut]))
def list_standings(request: HttpRequest) -> list[standings_of.Standing]:
    """Each role of each workspace against its policy, those with faults first."""
    actor = actor_of(request)
    require(actor, "policy:read")
    return standings_of.standings(standings_of.apps_of(actor))


@router.get("/policies", response=answers(list[PolicyOut]))
def list_policies(request: HttpRequest) -> list[RolePolicy]:
    """The policies that count for apps that one may see."""
    actor = actor_of(request)
    require(actor, "policy:read")
    apps = set(standings_of.apps_of(actor).values_list("pk", flat=True))
    found = standings_of.policies_by_app().values()
    return [one for one in found if one.app_id is None or one.app_id in apps]


@router.put("/policies", response=answers(PolicyOut))
def set_policy(request: HttpRequest, said: PolicyIn) -> RolePolicy:
    """Set the policy of a role, in one app or wherever there is no other."""
    wanted = deciding.Wanted(
        role=said.role,
        app=said.app or "",
        at_least=said.at_least,
        at_most=said.at_most,
        only_named=said.only_named,
        persons=said.persons,
    )
    return deciding.set_policy(actor_of(request), wanted, now=clock.now())


@router.delete("/policies/{policy}", response=answers(None, 204))
def end_policy(request: HttpRequest, policy: Id) -> Status[None]:
    """There is no such policy any more."""
    deciding.end_policy(actor_of(request), policy, now=clock.now())
    return Status(204, None)
