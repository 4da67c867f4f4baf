"""From a request to a reply: numbering, log, limit, faults, then SCIM or REST.

Plain and synchronous: it never waits and never touches a socket. What needs either (latency, slow
answers, resets) is returned to `notion_sim.server` as the exchange's rules.
"""

import copy
import time
from collections import deque
from dataclasses import dataclass, replace
from math import ceil
from random import Random

from notion_sim import faults, moves, rest, scim
from notion_sim.faults import Faults, Rule
from notion_sim.options import Options, with_switch
from notion_sim.people import new_id
from notion_sim.refusal import Refusal
from notion_sim.wire import Reply, Request, rest_error, scim_error
from notion_sim.world import World

__all__ = ["Engine", "Entry", "Exchange"]

KEPT = 100_000
TOO_MANY = 429


@dataclass(slots=True, kw_only=True)
class Entry:
    """One line of `/_sim/requests`; times are seconds since the epoch, the token is never kept.

    `history_seq` is the number of history events when the answer was worked out.
    """

    number: int
    method: str
    path: str
    user_agent: str
    bearer: bool
    body: str
    at: float
    status: int | None = None
    fault: str | None = None
    done_at: float | None = None
    history_seq: int | None = None


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request on its way, with the fault rules that strike it."""

    request: Request
    entry: Entry
    rules: list[Rule]

    def struck_by(self, fault: str) -> Rule | None:
        """Return the rule that brings this fault, if one does."""
        return next((rule for rule in self.rules if rule.fault == fault), None)


class Engine:
    """One workspace, its request log and its faults."""

    def __init__(self, options: Options) -> None:
        self.load(World(options))

    def load(self, world: World) -> None:
        """Start over with another workspace: log, numbering, limits and faults are emptied."""
        self.world = world
        self.faults = Faults(seed=world.options.seed)
        self.log: deque[Entry] = deque(maxlen=KEPT)
        self.number = 0
        self._ids = Random(f"request ids {world.options.seed}")
        self._drift = Random(f"drift {world.options.seed}")
        self._windows: dict[str, tuple[float, int]] = {}

    @property
    def options(self) -> Options:
        """The options in force."""
        return self.world.options

    def switch(self, name: str, value: object) -> None:
        """Throw a switch while running; raises ValueError as `parse_switch` does."""
        self.world.options = with_switch(self.options, name, value)
        self.world.forget_fragments()

    def receive(self, request: Request) -> Exchange:
        """Number a request, write it down and find the faults that strike it."""
        self.number += 1
        request = replace(request, number=self.number)
        whole = request.path + (f"?{request.raw_query}" if request.raw_query else "")
        struck = self.faults.due(request)
        entry = Entry(
            number=self.number,
            method=request.method,
            path=whole,
            user_agent=request.headers.get("user-agent", ""),
            bearer=bool(request.bearer),
            body=request.body.decode("utf-8", "replace"),
            at=time.time(),
            fault=", ".join(rule.fault for rule in struck) or None,
        )
        self.log.append(entry)
        return Exchange(request=request, entry=entry, rules=struck)

    def work(self, exchange: Exchange) -> Reply:
        """Return the reply, with every effect that the request and its faults have."""
        self.happen(exchange)
        reply = self._answer(exchange)
        for rule in exchange.rules:
            reply = faults.spoil(rule, reply)
        entry = exchange.entry
        entry.status, entry.done_at = reply.status, time.time()
        entry.history_seq = len(self.world.history)
        if reply.edge:
            return reply.with_header("cf-ray", f"{self._ids.getrandbits(64):016x}-SIM")
        return reply.with_header("x-notion-request-id", new_id(self._ids))

    def happen(self, exchange: Exchange) -> None:
        """Let happen what comes before an answer: drift, and faults that change the workspace."""
        self.world.request = exchange.entry.number
        if self.options.drift and self._drift.random() * 100 < self.options.drift_percent:
            moves.random_move(self.world)
        for rule in exchange.rules:
            faults.change_world(rule, self.world)

    def _answer(self, exchange: Exchange) -> Reply:
        """Return Notion's own answer, or the one that a fault puts in its place."""
        request, wait = exchange.request, None
        rule = next((rule for rule in exchange.rules if rule.fault in faults.INSTEAD), None)
        try:
            if rule is not None:
                wait = faults.retry_after(rule)
                return faults.answer_instead(rule)
            wait = self._wait(request.bearer)
            # A copy of the workspace takes the effect of what is answered and lost.
            lost = exchange.struck_by("lost_effect") is not None
            world = copy.deepcopy(self.world) if lost else self.world
            return self._route(request, world) if wait is None else _slow_down()
        except Refusal as refusal:
            reply = self._refuse(request, refusal, wait)
            return reply if wait is None else reply.with_header("Retry-After", str(wait))

    def _route(self, request: Request, world: World) -> Reply:
        if _under(request.path, scim.PREFIX):
            return scim.answer(world, request)
        if _under(request.path, rest.PREFIX):
            return rest.answer(world, request)
        raise Refusal(404, "Nothing is served here; SCIM is at /scim/v2, REST at /v1.")

    def _refuse(self, request: Request, refusal: Refusal, wait: int | None) -> Reply:
        ident = new_id(self._ids)
        if not _under(request.path, rest.PREFIX):
            return scim_error(refusal, self.options, ident)
        extra = None
        if refusal.status == TOO_MANY:
            extra = {"rate_limit_reason": "public_api_request_rate_limit"}
            if wait is not None:
                extra["retry_after"] = str(wait)
        return rest_error(refusal, ident, extra)

    def _wait(self, bearer: str) -> int | None:
        """Count a request; return seconds to wait if there were too many (Notion: N-155)."""
        if not self.options.requests_per_minute or not bearer:
            return None
        window = max(1, self.options.rate_window_seconds)
        allowed = max(1, self.options.requests_per_minute * window // 60)
        now = time.monotonic()
        start, count = self._windows.get(bearer, (now, 0))
        if now - start >= window:
            start, count = now, 0
        if count >= allowed:
            return max(1, ceil(start + window - now))
        self._windows[bearer] = (start, count + 1)
        return None


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")


def _slow_down() -> Reply:
    raise Refusal(TOO_MANY, "You have been rate limited.")
