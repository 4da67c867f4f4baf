"""What tests of orders do: choose people and groups, decide, and ask the simulator what is so."""

from dataclasses import dataclass, field
from typing import Any

from scenes import Scene

from rolecall.server.access.models import (
    Account,
    App,
    Change,
    Entitlement,
    Grant,
    Resource,
    Sync,
)
from rolecall.server.connectors.models import Connector, Secret
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Decision, Drift, Order
from rolecall.server.orders.wishes import Wish

__all__ = ["Ordering"]


@dataclass
class Ordering(Scene):
    """A workspace that was read once, and what is ordered in it."""

    connector: Connector = field(init=False)
    app: App = field(init=False)

    def connect(self) -> None:
        """Connect a hosted connector, and sync."""
        self.connector = self.connected()
        self.app = self.connector.app

    def name_maker(self) -> str:
        """Say whose token we use, so that nobody removes them; their id in Notion."""
        maker = self.sim.world.tokens[self.sim.scim_token].creator
        Secret.objects.update(made_by=self.sim.world.accounts[maker].email)
        return maker

    def reconnect(self) -> None:
        """A token that works: a maker's change of role has ended the one there was."""
        owner = self.sim.world.owners()[0]
        token = self.sim.mint_token(owner)
        task = self.give(self.connector, save=True, scim_token=token)
        assert task.state == task.State.DONE, task.message
        self.work()

    def account(self, role: str = "member", **wanted: Any) -> Account:
        """The first account that has this role."""
        rows = Account.objects.filter(app=self.app, present=True, **wanted)
        found = rows.filter(role__resource__external_id=role).order_by("id").first()
        assert found is not None
        return found

    def restricted(self) -> Account:
        """Somebody who is restricted member, by an outside hand and a sync."""
        account = self.account("member")
        self.sim.set_role(account.external_id, "restricted_member")
        self.sync(self.connector)
        return Account.objects.get(pk=account.pk)

    def role(self, name: str) -> Entitlement:
        """The entitlement of a role."""
        return Entitlement.objects.get(app=self.app, resource__external_id=name, kind="role")

    def group(
        self, *, without: Account | None = None, having: Account | None = None
    ) -> Entitlement:
        """A group, by who is in it."""
        rows = Entitlement.objects.filter(app=self.app, kind="group", present=True)
        held = {"grants__until_at": None}
        if without is not None:
            rows = rows.exclude(pk__in=rows.filter(grants__account=without, **held))
        if having is not None:
            rows = rows.filter(grants__account=having, **held)
        found = rows.order_by("id").first()
        assert found is not None
        return found

    def group_list(self) -> list[Entitlement]:
        """All groups, in the order in which they were first seen."""
        rows = Entitlement.objects.filter(app=self.app, kind="group", present=True)
        return list(rows.order_by("id"))

    def plan(self, *wishes: Wish, title: str = "A change") -> Decision:
        """Plan some wishes."""
        return deciding.plan(
            self.admin, self.app.public_id, wishes, title=title, reason="Tests", now=self.now()
        )

    def apply(self, decision: Decision, **wanted: Any) -> list[Order]:
        """Say yes; the orders as they are then."""
        agreed = deciding.agreement(decision, now=self.now())
        deciding.apply(
            self.admin, decision.public_id, now=self.now(), **{"agreed": agreed, **wanted}
        )
        return self.orders(decision)

    def order(self, *wishes: Wish) -> list[Order]:
        """Plan, apply, and carry out; the orders as they are then."""
        decision = self.plan(*wishes)
        self.apply(decision)
        self.work()
        return self.orders(decision)

    def orders(self, decision: Decision) -> list[Order]:
        """The orders of a decision, as they are now."""
        return list(decision.orders.order_by("id"))

    def role_in_notion(self, account: Account) -> str | None:
        """What the simulator says; None if they are no member."""
        return self.sim.world.roles.get(account.external_id)

    def members_in_notion(self, group: Entitlement) -> set[str]:
        """Ids of who is in a group, as the simulator says."""
        assert group.resource is not None
        found = self.sim.world.groups.get(group.resource.external_id)
        return set(found.members) if found else set()

    def settle(self) -> Sync:
        """Sync, and insist that our rows are what the simulator holds, without a word of change."""
        before = Drift.objects.count()
        task = self.sync(self.connector)
        assert task.state == task.State.DONE, task.message
        assert task.sync is not None
        told = [str(one) + str(one.detail) for one in Change.objects.filter(sync=task.sync)]
        assert told == [], f"the sync found what we should have written down: {told}"
        assert Drift.objects.count() == before
        ours, theirs = self.rows(), self.notion()
        for what, found in ours.items():
            differing = {
                k: (found.get(k), theirs[what].get(k))
                for k in {*found, *theirs[what]}
                if found.get(k) != theirs[what].get(k)
            }
            assert differing == {}, (what, differing)
        return task.sync

    def rows(self) -> dict[str, Any]:
        """Who is there, with which role, and who is in which group: by our rows."""
        there = Account.objects.filter(app=self.app, present=True)
        roles = dict(there.values_list("external_id", "role__resource__external_id"))
        groups = Resource.objects.filter(app=self.app, kind="group", present=True)
        held = Grant.objects.filter(entitlement__resource__in=groups, until_at=None)
        members: dict[str, set[str]] = {one.external_id: set() for one in groups}
        for group, account in held.values_list(
            "entitlement__resource__external_id", "account__external_id"
        ):
            members[group].add(account)
        names = dict(groups.values_list("external_id", "name"))
        return {"roles": roles, "members": members, "names": names}

    def notion(self) -> dict[str, Any]:
        """The same, by the simulator."""
        world = self.sim.world
        return {
            "roles": {
                uid: None if world.accounts[uid].hides_role else role
                for uid, role in world.roles.items()
            },
            "members": {one.id: set(one.members) for one in world.groups.values()},
            "names": {one.id: one.name for one in world.groups.values()},
        }
