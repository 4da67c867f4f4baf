"""A soak of service mode: does anything grow, leak, or get lost when it goes on and on?

200 members, the limiter off, a sync every 5 s, role and group tasks at 5 a second, an account
change a minute. Prints how memory, threads, files and sockets of the connector grow per minute,
after a third of the time for warming up. Ends with 1 if a task was lost or something leaked.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stage import Stage, percentile, stage
from vitals import Sample, peak_mib, sample, slope

from chaos import oracle  # isort: skip - `stage` makes it importable
from controller import asks  # isort: skip

__all__ = ["main"]

SYNC_EVERY_S = 5.0
TASKS_A_SECOND = 5.0
ACCOUNT_EVERY_S = 60.0
SAMPLE_EVERY_S = 2.0
FLAT_KIB_A_MINUTE = 256.0
"""Growth of resident memory that counts as flat: 15 MiB an hour; the noise is about a third."""


@dataclass(kw_only=True)
class Soak:
    """The work, and what is seen."""

    on: Stage
    seconds: float
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    samples: list[Sample] = field(default_factory=list)
    ids: dict[str, list[str]] = field(
        default_factory=lambda: {"sync": [], "task": [], "account": []}
    )

    def go(self) -> None:
        """Work until the time is over, then until everything has ended."""
        begun = time.monotonic()
        changes, accounts = _toggles(self.on.sim.state()), _accounts()
        due = dict.fromkeys(("sync", "task", "account", "sample"), begun)
        while (now := time.monotonic()) - begun < self.seconds:
            if now >= due["sync"]:
                due["sync"] += SYNC_EVERY_S
                self._queue("sync", asks.sync())
            if now >= due["task"]:
                due["task"] += 1 / TASKS_A_SECOND
                self._queue("task", next(changes))
            if now >= due["account"]:
                due["account"] += ACCOUNT_EVERY_S
                if account := next(accounts)(self.on.sim):
                    self._queue("account", account)
            if now >= due["sample"]:
                due["sample"] += SAMPLE_EVERY_S
                self.samples.append(sample(self.on.connector.process.pid, now - begun))
            time.sleep(0.02)
        self.on.controller.wait_until(lambda: all(one.ended for one in self._entries()), 120)

    def _queue(self, kind: str, task: Any) -> None:  # noqa: ANN401 - a protobuf message
        self.ids[kind].append(self.on.controller.enqueue(task))

    def _entries(self) -> list[Any]:
        return [self.on.controller.entry(one) for ids in self.ids.values() for one in ids]

    def report(self) -> bool:
        """Print what was seen; whether all is well."""
        lost = [one for one in self._entries() if one.state != "done"]
        last = self.on.controller.wait_finished(self.on.controller.enqueue(asks.sync()), 60)
        exact = bool(last.applied) and (
            oracle.read(last.applied.path).held == oracle.truth(self.on.sim.state())
        )
        for kind, ids in self.ids.items():
            ended = [one for one in map(self.on.controller.entry, ids) if one.finishes]
            waits = [one.finishes[0].at - one.queued_at for one in ended]
            p50, p95 = percentile(waits, 0.5), percentile(waits, 0.95)
            print(f"{kind}: {len(ids)}, p50 {p50:.2f} s, p95 {p95:.2f} s")
        print(f"not done: {len(lost)} {lost[:1] or ''}; the last sync is exact: {exact}")
        return exact and not lost and self._grown()

    def _grown(self) -> bool:
        """Print what grew after the first third; whether nothing did."""
        grown = {}
        for name, unit in (("rss_kib", " KiB"), ("threads", ""), ("files", ""), ("sockets", "")):
            values = [
                (one.at, float(getattr(one, name)))
                for one in self.samples
                if one.at > self.seconds / 3
            ]
            grown[name] = slope(values)
            first, last = values[0][1], values[-1][1]
            print(f"{name}: {first:.0f} to {last:.0f}{unit}, {grown[name]:+.2f}{unit} a minute")
        print(f"peak {peak_mib(self.on.connector.process.pid):.1f} MiB")
        leaked = [name for name in ("threads", "files", "sockets") if grown[name] > 1]
        flat = grown["rss_kib"] <= FLAT_KIB_A_MINUTE
        print(f"memory {'flat' if flat else 'GROWS'}; leaked: {leaked or 'nothing'}")
        return flat and not leaked


def _toggles(state: dict[str, Any]) -> Iterator[Any]:
    """Roles and memberships of eight people, given and taken in turn, for ever."""
    people = [one["id"] for one in state["members"] if one["role"] == "member"][:8]
    groups = list(state["groups"])
    while True:
        for group in groups:
            for user in people:
                inside = user in group["members"]
                yield (asks.revoke_group if inside else asks.grant_group)(user, group["id"])
                yield asks.grant_role(user, "membership_admin")
                yield (asks.grant_group if inside else asks.revoke_group)(user, group["id"])
                yield asks.revoke_role(user, "membership_admin")


def _accounts() -> Iterator[Any]:
    """An account comes, and goes a minute later, unless the machine is too busy for both."""
    number = 0
    while True:
        email = f"soak.{number}@larkspur.example"
        number += 1
        yield lambda _sim, email=email: asks.create_account(email)
        yield lambda sim, email=email: next(
            (asks.delete("user", m["id"]) for m in sim.state()["members"] if m["email"] == email),
            None,
        )


def main() -> None:
    """Soak, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    asked = parser.parse_args()
    with stage("--users", 200, "--groups", 20, "--seed", 7, flags=("--yes-really", "1000")) as on:
        soak = Soak(on=on, seconds=asked.seconds)
        print(on.describe())
        soak.go()
        well = soak.report()
        status = on.connector.end()
        print(f"ended with {status}; left in the state folder: {on.connector.left()}")
    sys.exit(0 if well and not status else 1)


if __name__ == "__main__":
    main()
