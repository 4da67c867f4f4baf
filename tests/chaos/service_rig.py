"""Connectors in service mode in this process, and random scenes for them.

Owns the making of a scene from dice: a workspace, tasks with the one effect that each must have,
what goes wrong, and how the connectors are stopped and started meanwhile. Judges nothing.
"""

import asyncio
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import grpc
import rig

from controller import asks
from controller.mishaps import Mishap
from controller.service import Controller
from notion_sim import Options, Simulator
from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import ksuid
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.worker import Worker
from rolecall.connector.describe import connector_metadata
from rolecall.connector.job import Access, Job, Outcome, Travel, connect, run
from rolecall.connector.provision.journal import FolderJournal, locked_journal
from rolecall.connector.provision.settle import Desk, resolve
from rolecall.connector.source import Reporter
from rolecall.connector.tasks import Tasks
from rolecall.errors import BadToken
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace
from working import QUICK, channel_to

CODE = grpc.StatusCode
PASSING = (
    CODE.UNAVAILABLE,
    CODE.INTERNAL,
    CODE.UNKNOWN,
    CODE.RESOURCE_EXHAUSTED,
    CODE.DEADLINE_EXCEEDED,
    CODE.ABORTED,
)
CALLS = ("cut_before", "cut_after", "refuse", "refuse_after", "hold", "hold_after", "restart")
CAN_GO_WRONG = {
    "Token": ("cut_before", "cut_after", "refuse", "html", "hold"),
    "Hello": (*CALLS, "forget_tokens"),
    "GetTask": (*CALLS, "forget_tokens"),
    "GetTasks": (*CALLS, "forget_tokens"),
    "Heartbeat": (*CALLS, "forget_tokens"),
    "FinishTask": (*CALLS, "forget_tokens"),
    "UploadAsset": (*CALLS, "forget_tokens", "cut_within"),
}
"""What is tried with each message; both tables name only what `mishaps` can do."""

EVERY = [(on, do) for on, kinds in CAN_GO_WRONG.items() for do in kinds]
Effect = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A task, and the one effect that it must have."""

    task: api.Task
    effects: tuple[Effect, ...] = ()
    cancelled: bool = False
    """Whether its controller changes its mind at the first heartbeat."""


@dataclass(kw_only=True)
class Scene:
    """What happens in one run."""

    options: Options
    connectors: int
    hosts: tuple[str, ...]
    many: bool
    token_life_s: float
    mishaps: list[Mishap]
    stops: list[float]
    """Seconds after which a connector is told to stop, and another takes its place."""


def a_scene(dice: random.Random) -> Scene:
    """Everything but the tasks, which need the workspace."""
    connectors = dice.choice((1, 1, 1, 2))
    many = dice.random() < 0.3
    return Scene(
        options=Options(
            users=dice.choice((14, 60, 130, 210)),
            groups=dice.randint(3, 8),
            members_per_group=4,
            bots=0,
            seed=dice.randrange(10**6),
            gaps_percent=0,
            last_access_percent=0,
        ),
        connectors=connectors,
        hosts=dice.choice((("here", "here"), ("here", "there"))),
        many=many,
        token_life_s=dice.choice((3600.0, 3600.0, 1.0, 2.0)),
        mishaps=[a_mishap(dice, many=many) for _ in range(dice.randint(1, 5))],
        stops=[dice.uniform(0.05, 1.0) for _ in range(dice.choice((0, 0, 1, 2)))],
    )


def a_mishap(dice: random.Random, *, many: bool) -> Mishap:
    """One thing that goes wrong, early enough to strike."""
    unasked = "GetTask" if many else "GetTasks"
    on, do = dice.choice([one for one in EVERY if one[0] != unasked])
    codes = (*PASSING, CODE.NOT_FOUND) if on in {"Heartbeat", "FinishTask"} else PASSING
    rare = on in {"Token", "Hello", "UploadAsset"}
    return Mishap(
        on=on,
        do=do,
        nth=1 if rare else dice.randint(1, 5),
        times=dice.randint(1, 3),
        code=dice.choice(codes),
        seconds=dice.uniform(0.05, 0.5),
        piece=dice.randint(1, 3),
        status=dice.choice((200, 403, 502)) if do == "html" else dice.choice((500, 503, 429)),
    )


def wishes(dice: random.Random, state: Any) -> list[Wish]:
    """Syncs and changes in random order; no two changes have the same subject."""
    members = [one["id"] for one in state["members"] if one["role"] == "member"]
    groups = list(state["groups"])
    dice.shuffle(members)
    found = [
        Wish(task=asks.sync(), cancelled=dice.random() < 0.3) for _ in range(dice.randint(1, 3))
    ]
    makers = dice.choices(list(_MAKERS), k=dice.randint(2, 6))
    for number, make in enumerate(makers):
        found.append(make(members.pop(), groups, number))
    dice.shuffle(found)
    return found


def _joins(user: str, groups: list[Any], _number: int) -> Wish:
    group = next(one for one in groups if user not in one["members"])
    return Wish(
        task=asks.grant_group(user, group["id"]),
        effects=(("group_joined", user, group["id"]),),
    )


def _leaves(user: str, groups: list[Any], number: int) -> Wish:
    group = next((one for one in groups if user in one["members"]), None)
    if group is None:
        return _joins(user, groups, number)
    return Wish(
        task=asks.revoke_group(user, group["id"]), effects=(("group_left", user, group["id"]),)
    )


def _rises(user: str, _groups: list[Any], _number: int) -> Wish:
    return Wish(
        task=asks.grant_role(user, "membership_admin"),
        effects=(("role", user, "member -> membership_admin"),),
    )


def _falls(user: str, _groups: list[Any], _number: int) -> Wish:
    return Wish(
        task=asks.revoke_role(user, "member"),
        effects=(("role", user, "member -> restricted_member"),),
    )


def _goes(user: str, groups: list[Any], _number: int) -> Wish:
    left = [("group_left", user, one["id"]) for one in groups if user in one["members"]]
    return Wish(task=asks.delete("user", user), effects=(("left", user, "member"), *left))


def _comes(_user: str, _groups: list[Any], number: int) -> Wish:
    email = f"new.{number}@larkspur.example"
    return Wish(
        task=asks.create_account(email, first_name="New", last_name=str(number)),
        effects=(("joined", email, "member"),),
    )


def _gathers(_user: str, _groups: list[Any], number: int) -> Wish:
    name = f"Group number {number}"
    return Wish(task=asks.invoke("create_group", name=name), effects=(("group_created", "", name),))


_MAKERS = (_joins, _leaves, _rises, _falls, _goes, _comes, _gathers)


def happened(sim: Simulator) -> Counter[Effect]:
    """Every effect that the simulator saw, and how often; accounts by their address."""
    emails = {one["id"]: one["email"] for one in sim.state()["members"]}
    found: Counter[Effect] = Counter()
    for event in sim.history():
        kind, who, what = event["kind"], event["user"], event["detail"]
        if kind == "profile":
            continue  # a newcomer's name, which Notion may want to be told once more
        if kind == "joined":
            who = emails.get(who, who)
        elif kind in {"group_joined", "group_left"}:
            what = event["group"]
        found[kind, who, what] += 1
    return found


@dataclass(kw_only=True)
class Connectors:
    """Running connectors, each in a folder of its own; a context manager."""

    sim: Simulator
    other: Controller
    folder: Path
    scene: Scene
    lines: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    gave_up: int = 0
    _workers: dict[int, Worker] = field(default_factory=dict)
    _closing: bool = False

    def __enter__(self) -> Self:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="connectors", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all, in good order."""
        self._closing = True
        for number in list(self._workers):
            self._stop(number)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the connectors do not stop"

    def replace(self, number: int) -> None:
        """Stop one connector; another takes its place."""
        self._stop(number)

    def _stop(self, number: int) -> None:
        worker = self._workers.get(number)
        if worker and self._loop and not self.errors:
            self._loop.call_soon_threadsafe(worker.stop)

    def state(self, number: int) -> Path:
        """A connector's folder."""
        return self.folder / f"state-{number}"

    def journal(self, number: int) -> FolderJournal:
        """A connector's journal, to look into."""
        return FolderJournal(self.state(number) / "journal")

    def _run(self) -> None:
        asyncio.run(self._all())

    async def _all(self) -> None:
        self._loop = asyncio.get_running_loop()
        await asyncio.gather(*[self._again(one) for one in range(self.scene.connectors)])

    async def _again(self, number: int) -> None:
        """One connector after the other in the same folder, as an orchestrator does it."""
        self.state(number).mkdir(exist_ok=True)
        while not self._closing and self.gave_up < 10:
            try:
                await self._one(number)
            except BadToken:  # refused at Hello: it ends with 16, and the orchestrator starts it
                self.gave_up += 1
                await asyncio.sleep(0.05)
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self.errors.append(error)
                return

    async def _one(self, number: int) -> None:
        now = _now
        access = Access(url=self.sim.scim_url, token=self.sim.scim_token)
        travel = Travel(workers=4, page_size=20, requests_per_second=0, patience=rig.PATIENCE)
        host = self.scene.hosts[number]
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(connect(access, travel, now))
            journal = stack.enter_context(locked_journal(self.state(number) / "journal"))
            channel = await stack.enter_async_context(
                channel_to(self.other, host_id=host, log=self._log)
            )
            finder = Finder(client, ScimWorkspace(client, notice=self._log))
            desk = Desk(
                eyes=finder,
                hands=client,
                journal=journal,
                now=now,
                new_id=_new_id,
                actor="controller",
                workspace=access.url,
            )
            await resolve(desk)
            world = Surroundings(now=now, new_id=_new_id, boot="one boot", log=self._log)
            report = Reporter(log=self._log, warn=self._log, tick=lambda *_: None)

            async def sync(job: Job) -> Outcome:
                return await run(job, world, report, seed=rig.SEED, client=client)

            hello = api.BatonServiceHelloRequest(
                host_id=host, connector_metadata=connector_metadata()
            )
            target = self.state(number) / "upload.c1z"
            tasks = Tasks(
                controller=channel,
                hello=hello,
                job=Job(target=target, scim=access, travel=travel, keep=1),
                sync=sync,
                desk=desk,
                skip_full_sync=False,
                log=self._log,
            )
            worker = Worker(
                controller=channel,
                hello=hello,
                handler=tasks,
                log=self._log,
                limits=QUICK,
                many=self.scene.many,
            )
            self._workers[number] = worker
            if self._closing:
                worker.stop()
            await worker.run()

    def _log(self, message: str, /, **facts: object) -> None:
        self.lines.append(f"{time.monotonic():.3f} {message} {facts}")


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return ksuid(_now(), os.urandom(16))


def until(so: Callable[[], Any], seconds: float) -> None:
    """Wait for something to be so, or for some time."""
    end = time.monotonic() + seconds
    while not so() and time.monotonic() < end:
        time.sleep(0.01)
