"""What tests of connectors do: make people and connectors, and let tasks be carried out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob

from notion_sim import Simulator
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors import tasks, work
from rolecall.server.connectors.models import Connector, Task
from rolecall.server.connectors.services import credential
from rolecall.server.connectors.services.add import ExistingApp, NewApp, add
from rolecall.server.connectors.services.edit import set_addresses
from rolecall.server.connectors.services.running import sync_now
from rolecall.server.people.models import RoleAssignment, User


def person(name: str, *roles: str, scope: str = "") -> Actor:
    """Somebody who is logged in, with these roles."""
    now = clock.now()
    user = User.objects.create_user(f"{name.lower()}@larkspur.example", name=name, created_at=now)
    for role in roles:
        RoleAssignment.objects.create(
            user=user, role=role, scope=scope, from_at=now, granted_by="tests"
        )
    return actor(user)


def actor(user: User) -> Actor:
    """This user, as an actor."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


@dataclass
class Scene:
    """One administrator, one workspace."""

    sim: Simulator
    admin: Actor
    step: timedelta = field(default_factory=timedelta)
    """How far our clock is ahead of the machine's."""

    def now(self) -> datetime:
        """The time of this scene."""
        return clock.now() + self.step

    def add(self, name: str = "Notion", app: str = "Larkspur", **wanted: Any) -> Connector:
        """A connector without a credential, that looks at the simulator."""
        there = App.objects.filter(name=app).first()
        target = ExistingApp(public_id=there.public_id, **wanted) if there else NewApp(name=app)
        made = add(self.admin, name=name, target=target, owners=[self.admin.id], now=self.now())
        return self.point(made, self.sim)

    def point(self, connector: Connector, sim: Simulator) -> Connector:
        """Let a connector look at this simulator."""
        return set_addresses(
            self.admin, connector.public_id, scim_url=sim.scim_url, rest_url=sim.rest_url,
            now=self.now(),
        )  # fmt: skip

    def connected(self, **tokens: str) -> Connector:
        """A connector that has synced once."""
        connector = self.add()
        tested = self.give(connector, save=True, **(tokens or {"scim_token": self.sim.scim_token}))
        assert tested.state == Task.State.DONE, tested.message
        self.work()
        connector.refresh_from_db()
        assert connector.state == Connector.State.CONNECTED, (connector.state, connector.trouble)
        return connector

    def give(self, connector: Connector, *, save: bool = False, **tokens: str) -> Task:
        """Type tokens in, and let the worker test them."""
        made_by = tokens.pop("made_by", "")
        task = credential.give(
            self.admin, connector.public_id, tokens, made_by=made_by, save=save, now=self.now()
        )
        return self.carry_out(task)

    def sync(self, connector: Connector) -> Task:
        """Sync now, to its end."""
        return self.carry_out(sync_now(self.admin, connector.public_id, now=self.now()))

    def carry_out(self, task: Task) -> Task:
        """As a worker does it."""
        ProcrastinateJob.objects.filter(args__task_id=task.pk)._raw_delete("default")
        work.carry_out(task.pk, worker="here", clock=self.now)
        task.refresh_from_db()
        return task

    def work(self) -> list[Task]:
        """Carry out whatever is queued."""
        done = []
        while task := Task.objects.filter(state=Task.State.QUEUED).order_by("created_at").first():
            done.append(self.carry_out(task))
        return done

    def state(self, connector: Connector) -> str:
        """What its label says now."""
        connector.refresh_from_db()
        return connector.state


def actions() -> list[str]:
    """What the audit trail says was done, oldest first."""
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def jobs_of(task: Task) -> int:
    """Jobs of the queue for a task that are still to come."""
    return ProcrastinateJob.objects.filter(
        task_name=tasks.JOB, args__task_id=task.pk, status="todo"
    ).count()
