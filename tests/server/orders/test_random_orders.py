"""Random decisions among faults and others' changes, judged by the simulator at each step."""

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import order_oracle as oracle
import pytest
from ordering import Ordering

from rolecall.errors import Refused
from rolecall.server.access.models import Account, Entitlement
from rolecall.server.connectors.models import Task
from rolecall.server.orders import carrying, deciding, undoing
from rolecall.server.orders.models import Decision, Drift, Order
from rolecall.server.orders.wishes import Wish

RUNS = int(os.environ.get("RUNS") or 1)
STEPS = int(os.environ.get("STEPS") or 30)
SEED = int(os.environ.get("SEED") or random.randrange(1 << 30))
_State = Order.State
_FAULTS = (
    "429", "500", "502_html", "503", "reset_before", "reset_after", "truncated_json", "cut_body",
    "lost_effect",
)  # fmt: skip
_ROLES = ("owner", "membership_admin", "member", "restricted_member")


class Company:
    """Somebody who decides at random, Notion with its moods, and a judge."""

    def __init__(self, ordering: Ordering, seed: int) -> None:
        self.ordering, self.sim, self.dice = ordering, ordering.sim, random.Random(seed)
        self.done: Counter[int] = Counter()
        self.told: Counter[str] = Counter()
        self.safe = {ordering.name_maker(), *self.sim.world.owners()}

    def step(self) -> None:
        """Something happens."""
        deeds: list[tuple[int, Callable[[], None]]] = [
            (8, self.decide), (2, self.undo), (3, self.meddle), (2, self.sync), (3, self.faults),
            (1, self.calm), (1, self.cancel), (8, self.carry_one),
        ]  # fmt: skip
        weights = [weight for weight, _ in deeds]
        (chosen,) = self.dice.choices([deed for _, deed in deeds], weights)
        chosen()
        self.told[chosen.__name__] += 1

    def decide(self) -> None:
        """Plan a few things, and say yes."""
        wishes = [self.wish() for _ in range(self.dice.randint(1, 4))]
        decision = self.ordering.plan(*wishes, title=f"Decision {self.told['decide']}")
        with suppress(Refused):
            self.ordering.apply(decision)

    def wish(self) -> Wish:
        """Anything at all, also what makes no sense."""
        accounts = list(Account.objects.filter(app=self.ordering.app))
        entitlements = Entitlement.objects.filter(app=self.ordering.app).exclude(kind="account")
        account = self.dice.choice(accounts).public_id
        thing = self.dice.choice(list(entitlements)).public_id
        group = self.dice.choice(list(entitlements.filter(kind="group"))).public_id
        number = self.dice.randrange(6)
        operation = self.dice.choice(
            ["grant"] * 5 + ["revoke"] * 4 + ["remove_account"] + ["create_account"] * 2
            + ["create_group", "rename_group", "delete_group", "update_account"]
        )  # fmt: skip
        return {
            "grant": Wish(operation="grant", account=account, entitlement=thing),
            "revoke": Wish(operation="revoke", account=account, entitlement=thing),
            "remove_account": Wish(operation="remove_account", account=account),
            "create_account": Wish(
                operation="create_account",
                values={
                    "email": f"new{number}@larkspur.example",
                    "role": self.dice.choice(_ROLES),
                    "groups": group,
                },
            ),
            "update_account": Wish(
                operation="update_account", account=account, values={"title": f"Title {number}"}
            ),
            "create_group": Wish(
                operation="create_group", values={"name": f"Group {number}", "members": account}
            ),
            "rename_group": Wish(
                operation="rename_group", entitlement=group, values={"name": f"Group {number}"}
            ),
            "delete_group": Wish(operation="delete_group", entitlement=group),
        }[operation]

    def undo(self) -> None:
        """Take something back, if it can be."""
        found = list(Decision.objects.filter(state="applied"))
        if not found:
            return
        with suppress(Refused):
            decision = undoing.undo(
                self.ordering.admin, self.dice.choice(found).public_id, now=self.ordering.now()
            )
            self.ordering.apply(decision)

    def cancel(self) -> None:
        """Stop what nobody has begun."""
        found = list(Decision.objects.filter(state="applied"))
        if found:
            with suppress(Refused):
                deciding.cancel(
                    self.ordering.admin, self.dice.choice(found).public_id,
                    now=self.ordering.now(),
                )  # fmt: skip

    def meddle(self) -> None:
        """Somebody changes something in Notion, past us."""
        world = self.sim.world
        uid = self.dice.choice([one for one in world.order if one not in self.safe])
        gid = self.dice.choice(list(world.groups))
        if self.dice.random() < 0.4:
            self.sim.set_role(uid, self.dice.choice(_ROLES[1:]))
        elif uid in world.groups[gid].members:
            self.sim.remove_from_group(gid, uid)
        else:
            self.sim.add_to_group(gid, uid)
        self.done.clear()  # what was undone may be done once more

    def sync(self) -> None:
        """A sync, which may fail."""
        with suppress(Refused):
            self.ordering.sync(self.ordering.connector)

    def faults(self) -> None:
        """Notion, or what is before it, has a bad moment."""
        self.sim.set_faults([
            {
                "fault": self.dice.choice(_FAULTS),
                "times": self.dice.randint(1, 4),
                "when": {"method": self.dice.choice(["", "GET", "PATCH", "POST", "DELETE"])},
            }
            for _ in range(self.dice.randint(1, 2))
        ])  # fmt: skip

    def calm(self) -> None:
        """It is over."""
        self.sim.set_faults([])

    def carry_one(self) -> None:
        """A worker takes a task that carries an order."""
        waiting = list(Task.objects.filter(trigger="order", state=Task.State.QUEUED))
        if waiting:
            self.carry(self.dice.choice(waiting))
        else:
            self.ordering.step += timedelta(minutes=2)
            carrying.look_again(self.ordering.now())

    def carry(self, task: Task) -> None:
        """Carry one task out, and judge what its order says then."""
        if task.lease_until:
            self.ordering.step = max(
                self.ordering.step, self.ordering.step + (task.lease_until - self.ordering.now())
            )
        before, history = oracle.look(self.sim), len(self.sim.history())
        self.ordering.carry_out(task)
        order = Order.objects.select_related("account", "entitlement__resource").get(task=task)
        after, events = oracle.look(self.sim), self.sim.history()[history:]
        self.told[f"carried: {order.state}"] += 1
        self.done[order.pk] += oracle.effects(order, events)
        what = (order.operation, order.state, order.why, order.error)
        assert self.done[order.pk] <= 1, f"done twice: {what}"
        if order.state == _State.VERIFIED:
            assert oracle.true_of(order, after), f"not so: {what}"
        if order.state == _State.FAILED and oracle.true_of(order, after):
            assert oracle.true_of(order, before), f"done, and called failed: {what}"

    def finish(self) -> None:
        """The faults are over: everything comes to its end."""
        self.calm()
        for _ in range(12):
            for task in Task.objects.filter(state=Task.State.QUEUED).order_by("created_at"):
                self.carry(task) if task.trigger == "order" else self.ordering.carry_out(task)
            if not self.open():
                return
            self.ordering.step += timedelta(minutes=61)
            carrying.look_again(self.ordering.now())
            if not Task.objects.filter(state=Task.State.QUEUED).exists():
                self.ordering.sync(self.ordering.connector)
        assert self.open() == [], "no end"

    def open(self) -> list[tuple[str, str, str]]:
        """What nobody knows the end of."""
        waiting = Order.objects.filter(state__in=(_State.ORDERED, _State.UNKNOWN, _State.APPLIED))
        return [(one.operation, one.state, one.why) for one in waiting]


@pytest.mark.parametrize("number", range(RUNS))
def test_at_every_moment_an_order_says_what_notion_holds(ordering: Ordering, number: int) -> None:
    """Verified is so, failed is not so, nothing is done twice; drift is what differs at the end."""
    company = Company(ordering, SEED + number)
    print(f"SEED={SEED + number} RUNS=1")
    for _ in range(STEPS):
        company.step()
    company.finish()
    ordering.step += timedelta(minutes=1)
    task = ordering.sync(ordering.connector)
    assert task.state == Task.State.DONE, task.message
    print(dict(company.told))

    assert ordering.rows() == ordering.notion()
    seen = oracle.look(ordering.sim)
    drifts = set(Drift.objects.filter(state="open").values_list("order_id", flat=True))
    rows = Order.objects.filter(current=True).select_related("account", "entitlement__resource")
    for order in oracle.last_words(rows):
        what = (order.operation, order.effect, order.wish)
        assert oracle.true_of(order, seen) != (order.pk in drifts), f"drift is wrong: {what}"
    assert drifts <= {one.pk for one in rows}
