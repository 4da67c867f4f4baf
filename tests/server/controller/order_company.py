"""A company that changes its mind through the API, while the server's parts are killed."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from order_judge import outside
from ordering import Ordering
from server_rig import Door, Programs, until
from wire_rig import Wire

from rolecall.server.access.models import Account, Entitlement
from rolecall.server.connectors.labels import OPEN
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order

__all__ = ["Company", "Parts", "Workspace"]

ROLES = ("owner", "membership_admin", "member", "restricted_member")
FAULTS = (
    "429", "500", "502_html", "503", "reset_before", "reset_after", "truncated_json", "cut_body",
    "lost_effect", "slow",
)  # fmt: skip
OPERATIONS = (
    ["grant"] * 6 + ["revoke"] * 5 + ["remove_account"] + ["create_account"] * 2
    + ["create_group", "rename_group", "delete_group"] + ["update_account"] * 2
)  # fmt: skip
PATIENCE_S = 300.0
VICTIMS = ("web", "worker-1", "worker-2", "controller", "connector")


@dataclass
class Workspace(Ordering):
    """One workspace, its connector, and who else changes it."""

    outside: Counter[Any] = field(default_factory=Counter)
    """What was done past us, as the judge counts it."""
    begun: int = 0
    """Events of its history before the first decision."""

    def others(self) -> list[str]:
        """Ids of members who may be meddled with: no token is theirs."""
        owners = set(self.sim.world.owners())
        return [one for one in self.sim.world.order if one not in owners]


@dataclass
class Parts:
    """Every process there is, and the line between controller and connector."""

    programs: Programs
    wire: Wire
    lose: Path
    killed: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """All of them."""
        for name in VICTIMS:
            self._of(name).start(name)

    def kill(self, name: str) -> None:
        """With -9; it is started again at once."""
        self._of(name).kill(name)
        self._of(name).start(name)
        self.killed[name] += 1

    def line(self, lost: int) -> None:
        """So many ends of tasks in a hundred get lost."""
        self.lose.write_text(str(lost), "ascii")

    def lost(self) -> Counter[str]:
        """What got lost on it."""
        there = self.lose.with_name("lost")
        return Counter(there.read_text("ascii").split() if there.exists() else [])

    def _of(self, name: str) -> Programs | Wire:
        return self.wire if name in {"controller", "connector"} else self.programs


@dataclass
class Company:
    """Decides, takes back, meddles and waits, at random."""

    workspaces: list[Workspace]
    parts: Parts
    door: Door
    dice: random.Random
    told: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Wait until both workspaces were read, and the API answers."""
        wire = self.parts.wire
        for one in self.workspaces:
            row = Connector.objects.filter(pk=one.connector.pk, last_success_at__isnull=False)
            until(row.exists, within_s=PATIENCE_S, what=f"a sync {wire.said('connector')}")
            one.begun = len(one.sim.history())
        until(lambda: self.door.ask("GET", "/me"), within_s=PATIENCE_S, what="the web process")

    def play(self) -> None:
        """A few things happen, among faults and kills; then everything comes to its end."""
        self._trouble()
        deeds: list[tuple[int, Callable[[Workspace], None]]] = [
            (6, self.decide), (1, self.bulk), (2, self.undo), (1, self.cancel), (3, self.meddle),
            (1, self.sync), (1, self.retry), (1, self.answer), (3, self.kill), (2, self.wait),
        ]  # fmt: skip
        for _ in range(self.dice.randint(4, 8)):
            (deed,) = self.dice.choices([one for _, one in deeds], [weight for weight, _ in deeds])
            deed(self.dice.choice(self.workspaces))
            self.told[deed.__name__] += 1
        time.sleep(self.dice.uniform(0.5, 2.5))  # of trouble, while all of that is carried out
        self.settle()

    def settle(self) -> None:
        """No more trouble: orders end, and a sync of each workspace shows what is so."""
        for one in self.workspaces:
            self._count_faults(one)
            one.sim.set_faults([])
        self.parts.line(0)
        for _ in range(4):
            until(_quiet, within_s=PATIENCE_S, what="an end of all tasks")
            for one in self.workspaces:
                path = f"/connectors/{one.connector.public_id}/sync"
                until(lambda path=path: self._ask("POST", path), within_s=PATIENCE_S, what="a sync")
            until(_quiet, within_s=PATIENCE_S, what="an end of all syncs")
            if not Order.objects.filter(state=Order.State.UNKNOWN).exists():
                return

    def decide(self, where: Workspace) -> None:
        """Plan a few things, look the rows over, and say yes."""
        self.order(where, [self.wish(where) for _ in range(self.dice.randint(1, 4))])

    def bulk(self, where: Workspace) -> None:
        """Many people, one group."""
        group = self.dice.choice(self._groups(where))
        accounts = self._accounts(where)
        chosen = self.dice.sample(accounts, min(len(accounts), 12))
        self.order(where, [_wish("grant", account=one, entitlement=group) for one in chosen])

    def wish(self, where: Workspace) -> dict[str, Any]:
        """Anything at all, also what makes no sense."""
        account, group = self.dice.choice(self._accounts(where)), self.dice.choice(
            self._groups(where)
        )  # fmt: skip
        number = self.dice.randrange(8)
        operation = self.dice.choice(OPERATIONS)
        role = Entitlement.objects.get(
            app=where.app, resource__external_id=self.dice.choice(ROLES), kind="role"
        )
        thing = self.dice.choice([group, group, role.public_id])
        values = {
            "create_account": {
                "email": f"new{number}@larkspur.example", "role": self.dice.choice(ROLES),
                "groups": group,
            },
            "update_account": {"title": f"Title {number}"},
            "create_group": {"name": f"Group {number}", "members": account},
            "rename_group": {"name": f"Group {number}"},
        }.get(operation, {})  # fmt: skip
        named = {
            "grant": {"account": account, "entitlement": thing},
            "revoke": {"account": account, "entitlement": thing},
            "update_account": {"account": account},
            "remove_account": {"account": account},
            "rename_group": {"entitlement": group},
            "delete_group": {"entitlement": group},
        }.get(operation, {})
        return _wish(operation, values=values, **named)

    def undo(self, where: Workspace) -> None:
        """Take something back."""
        done = list(Decision.objects.filter(app=where.app, state="applied"))
        if done:
            self._apply(self._ask("POST", f"/decisions/{self.dice.choice(done).public_id}/undo"))

    def cancel(self, where: Workspace) -> None:
        """Stop what nobody has begun."""
        if done := list(Decision.objects.filter(app=where.app).order_by("-id")[:3]):
            self._ask("POST", f"/decisions/{self.dice.choice(done).public_id}/cancel")

    def retry(self, where: Workspace) -> None:
        """Once more."""
        states = ("failed", "cancelled", "unknown", "still_present")
        if failed := list(Order.objects.filter(app=where.app, state__in=states)):
            self._ask("POST", f"/orders/{self.dice.choice(failed).public_id}/retry")

    def answer(self, where: Workspace) -> None:
        """Drift and steps by hand."""
        drift = Drift.objects.filter(app=where.app, state="open").first()
        if drift and self.dice.random() < 0.5:
            self._apply(self._ask("POST", f"/drift/{drift.public_id}/restore"))
        elif drift:
            self._ask("POST", f"/drift/{drift.public_id}/accept", reason="It is right so.")
        step = ManualStep.objects.filter(order__app=where.app, state="open").first()
        if step:
            self._ask("POST", f"/steps/{step.public_id}/cannot", reason="Nobody is there.")

    def meddle(self, where: Workspace) -> None:
        """Somebody changes something in Notion, past us."""
        world = where.sim.world
        uid, gid = self.dice.choice(where.others()), self.dice.choice(list(world.groups))
        role = self.dice.choice(ROLES[1:])
        if self.dice.random() < 0.4:
            outside(where.sim, where.outside, lambda: world.set_role(uid, role))
        elif uid in world.groups[gid].members:
            outside(where.sim, where.outside, lambda: world.remove_from_group(gid, uid))
        else:
            outside(where.sim, where.outside, lambda: world.add_to_group(gid, uid))

    def sync(self, where: Workspace) -> None:
        """While all of that goes on."""
        self._ask("POST", f"/connectors/{where.connector.public_id}/sync")

    def kill(self, where: Workspace) -> None:
        """One of the parts."""
        del where
        self.parts.kill(name := self.dice.choice(VICTIMS))
        if name == "web" and self.dice.random() < 0.7:
            until(lambda: self.door.ask("GET", "/me"), within_s=PATIENCE_S, what="the web process")

    def wait(self, where: Workspace) -> None:
        """Let them work."""
        del where
        time.sleep(self.dice.uniform(0.1, 1.0))

    def order(self, where: Workspace, wishes: list[dict[str, Any]]) -> None:
        """Plan wishes, and say yes."""
        path, title = f"/apps/{where.app.public_id}/decisions", f"Decision {self.told['decide']}"
        self._apply(self._ask("POST", path, title=title, wishes=wishes))

    def _apply(self, planned: dict[str, Any] | None) -> None:
        """Look a plan over, and say yes; again, if nothing was heard."""
        if planned is None:
            return
        name = planned["id"]
        for row in list(Order.objects.filter(decision__public_id=name, state="planned")):
            if self.dice.random() < 0.15:
                self._ask(
                    "POST", f"/orders/{row.public_id}/{self.dice.choice(['hold', 'exclude'])}"
                )
        for _ in range(2):
            seen = self._ask("GET", f"/decisions/{name}")
            if seen and self._ask("POST", f"/decisions/{name}/apply", agreed=seen["agreement"]):
                return

    def _ask(self, verb: str, path: str, **body: Any) -> Any:
        """What is answered; None if it is refused, or lost."""
        answer = self.door.ask(verb, path, **body)
        told = "lost" if answer is None else f"{answer.status_code // 100}xx"
        self.told[f"answers: {told}"] += 1
        assert told != "5xx", f"{verb} {path}: {answer.text}"
        return answer.json() if told == "2xx" else None

    def _trouble(self) -> None:
        for one in self.workspaces:
            self._count_faults(one)
            chosen = self.dice.sample(FAULTS, self.dice.randint(0, 3))
            one.sim.set_faults([self._fault(name) for name in chosen])
        self.parts.line(self.dice.choice([0, 0, 30, 60]))

    def _fault(self, name: str) -> dict[str, Any]:
        method = self.dice.choice(["", "GET", "PATCH", "POST", "DELETE"])
        return {
            "name": name,
            "fault": name,
            "times": self.dice.randint(1, 4),
            "retry_after": 0,
            "ms": 300,
            "when": {"method": method, "probability": self.dice.choice([0.3, 1.0])},
        }

    def _count_faults(self, where: Workspace) -> None:
        self.fired.update(where.sim.fired())

    def _accounts(self, where: Workspace) -> list[str]:
        """Whom wishes are about: nobody by whose token we work, and mostly who is there."""
        rows = Account.objects.filter(app=where.app).exclude(role__resource__external_id="owner")
        return list(rows.values_list("public_id", flat=True))

    def _groups(self, where: Workspace) -> list[str]:
        rows = Entitlement.objects.filter(app=where.app, kind="group")
        there = rows.filter(present=True).values_list("public_id", flat=True)
        return list(there) or list(rows.values_list("public_id", flat=True))


def _wish(operation: str, **named: Any) -> dict[str, Any]:
    return {"operation": operation, **named}


def _quiet() -> bool:
    """Nothing is on its way, and nothing is about to be carried again."""
    waiting = Order.objects.filter(state=Order.State.ORDERED)
    again = Order.objects.filter(state=Order.State.UNKNOWN, retry_at__isnull=False)
    return not (waiting | again).exists() and not Task.objects.filter(state__in=OPEN).exists()
