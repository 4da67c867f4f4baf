"""What goes wrong between a connector and its controller, by script.

A mishap strikes the n-th message of its kind. Owns matching and counting; what a mishap does to a
connection is done by `front` and `rpcs`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import grpc

__all__ = ["KINDS", "MESSAGES", "Mishap", "Mishaps"]

MESSAGES = ("Token", "Hello", "GetTask", "GetTasks", "Heartbeat", "UploadAsset", "FinishTask")
KINDS = {
    "refuse": "A gRPC error (`code`) instead of the answer, without effect; for Token a status.",
    "refuse_after": "The same after the effect: the answer is lost, the connection is not.",
    "cut_before": "The connection is cut before any effect.",
    "cut_after": "The connection is cut after the effect, instead of the answer.",
    "cut_within": "UploadAsset: the connection is cut after `piece` messages of the stream.",
    "hold": "Nothing happens for `seconds`; then all as usual.",
    "hold_after": "The effect happens, the answer comes `seconds` later.",
    "forget_tokens": "No access token is good any more, from this message on.",
    "restart": "The controller is gone for `seconds`, before any effect; tokens are forgotten.",
    "html": "Token: a proxy's page with `status` instead of JSON.",
}


@dataclass(kw_only=True)
class Mishap:
    """One thing that goes wrong."""

    on: str
    """A message's name, or `*` for any."""

    do: str
    nth: int = 1
    """The first such message that it strikes, counted from when the mishap was set."""

    times: int = 1
    """How many in a row; 0 is all from then on."""

    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    seconds: float = 0.0
    piece: int = 1
    status: int = 200
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.do not in KINDS or self.on not in {*MESSAGES, "*"}:
            raise ValueError(f"no mishap {self.do!r} on {self.on!r}")

    def strikes(self, message: str) -> bool:
        """Count the message, and say whether it is hit."""
        if self.on not in {message, "*"}:
            return False
        self.seen += 1
        hit = self.seen >= self.nth and (not self.times or self.seen < self.nth + self.times)
        self.fired += hit
        return hit


@dataclass(kw_only=True)
class Mishaps:
    """All that are set, and how often each kind has struck in all."""

    rules: list[Mishap] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)

    def set(self, rules: Iterable[Mishap]) -> None:
        """Replace all."""
        self.rules = list(rules)

    def on(self, message: str) -> Mishap | None:
        """The first that strikes this message."""
        hits = [rule for rule in self.rules if rule.strikes(message)]
        for late in hits[1:]:
            late.fired -= 1
        if not hits:
            return None
        self.struck[f"{message} {hits[0].do}"] += 1
        return hits[0]
