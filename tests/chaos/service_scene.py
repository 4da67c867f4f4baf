"""Random scenes for connectors in service mode: a workspace, tasks, and what goes wrong.

Owns the making of a scene from dice, and the one effect that each task must have. Judges nothing.
"""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import grpc

from controller import asks
from controller.mishaps import Mishap
from notion_sim import Options, Simulator
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

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

STRIKES = [(on, do) for on, kinds in CAN_GO_WRONG.items() for do in kinds]
KILLED_AT = ("Token", "Hello", "GetTask", "GetTasks", "Heartbeat", "FinishTask", "UploadAsset")
STOPS = [
    ("kill", "any moment"),
    ("kill", "a question to Notion"),
    ("kill", "a change of Notion"),
    *[("kill", message) for message in KILLED_AT],
    ("stop", "any moment"),
    ("freeze", "any moment"),
    ("freeze", "a question to Notion"),
    ("freeze", "a change of Notion"),
]
EVERY = [*STRIKES, *STOPS]
"""All that can happen: scene number N has the N-th of these for certain, and others by chance."""

LONGEST_WAIT_S = 5.0
"""For the moment at which a connector is stopped."""

Effect = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A task, and the one effect that it must have."""

    task: api.Task
    effects: tuple[Effect, ...] = ()
    cancelled: bool = False
    """Whether its controller changes its mind at the first heartbeat."""


@dataclass(kw_only=True)
class Stop:
    """A connector is told to stop, or killed, and another takes its place; or it stands still."""

    how: str
    """`stop` (SIGTERM, one connector), `kill` (-9; at a message, all of them at once), or `freeze`
    (one stands still until its leases are over, and then goes on)."""

    at: str
    within_s: float
    """How long to wait for the moment; if it is any moment, when."""

    mishap: Mishap | None = None
    """Holds the message at which the connectors are killed."""

    @property
    def name(self) -> str:
        """For counting."""
        return f"{self.how} {self.at}"

    @property
    def asks(self) -> bool:
        """Whether it waits for something to happen, not only for its time."""
        return self.at != "any moment"

    def due(self, sim: Simulator) -> bool:
        """Whether the moment has come."""
        if self.mishap is not None:
            return self.mishap.fired > 0
        if not self.asks:
            return False
        methods = {one["method"] for one in sim.requests()}
        return bool(methods if self.at == "a question to Notion" else methods - {"GET"})


@dataclass(kw_only=True)
class Scene:
    """What happens in one run."""

    options: Options
    hosts: tuple[str, ...]
    """Of each connector; they share one client id, and may share a name."""

    many: bool
    token_life_s: float
    mishaps: list[Mishap]
    stops: list[Stop]


def a_scene(dice: random.Random, surely: tuple[str, str]) -> Scene:
    """Everything but the tasks, which need the workspace; one of `EVERY` for certain."""
    many = "GetTasks" in surely or ("GetTask" not in surely and dice.random() < 0.3)
    hosts = dice.choice((("here",), ("here",), ("here", "here"), ("here", "there")))
    if surely[0] == "freeze":
        hosts = ("here", "there")  # so that somebody else may be given the task
    stops = [a_stop(dice, one) for one in dice.choices(STOPS, k=dice.choice((0, 0, 0, 1, 2)))]
    strikes = [one for one in STRIKES if one[0] != ("GetTask" if many else "GetTasks")]
    mishaps = [a_mishap(dice, one) for one in dice.choices(strikes, k=dice.randint(0, 4))]
    if surely in STOPS:
        stops.insert(0, a_stop(dice, surely))
    else:
        mishaps.insert(0, a_mishap(dice, surely, nth=1))
    mishaps[:0] = [stop.mishap for stop in stops if stop.mishap]
    return Scene(
        options=Options(
            users=dice.choice((14, 60, 130, 210)),
            groups=dice.randint(3, 8),
            members_per_group=4,
            bots=0,
            seed=dice.randrange(10**6),
            gaps_percent=0,
            last_access_percent=0,
            latency_ms=dice.choice((0, 0, 4)),
        ),
        hosts=hosts,
        many=many,
        token_life_s=dice.choice((3600.0, 3600.0, 1.0, 2.0)),
        mishaps=mishaps,
        stops=stops,
    )


def a_mishap(dice: random.Random, strike: tuple[str, str], *, nth: int = 0) -> Mishap:
    """One thing that goes wrong, early enough to strike."""
    on, do = strike
    codes = (*PASSING, CODE.NOT_FOUND) if on in {"Heartbeat", "FinishTask"} else PASSING
    rare = on in {"Token", "Hello", "UploadAsset"}
    return Mishap(
        on=on,
        do=do,
        nth=nth or (1 if rare else dice.randint(1, 5)),
        times=dice.randint(1, 3),
        code=dice.choice(codes),
        seconds=dice.uniform(0.05, 0.5),
        piece=dice.randint(1, 3),
        status=dice.choice((200, 403, 502)) if do == "html" else dice.choice((500, 503, 429)),
    )


def a_stop(dice: random.Random, kind: tuple[str, str]) -> Stop:
    """One end of a connector. A message is held before its effect, or its answer after it."""
    how, at = kind
    if at not in KILLED_AT:
        when = dice.uniform(0.05, 1.2)
        return Stop(how=how, at=at, within_s=when if at == "any moment" else LONGEST_WAIT_S)
    do = dice.choice(("hold", "hold_after")) if at != "Token" else "hold"
    held = Mishap(on=at, do=do, nth=dice.choice((1, 1, 2)), seconds=dice.uniform(0.05, 0.3))
    return Stop(how=how, at=at, within_s=LONGEST_WAIT_S, mishap=held)


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
