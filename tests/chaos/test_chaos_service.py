"""Service mode through everything that goes wrong between a connector and its controller.

Random scenes: one connector or two with one id, tasks of all kinds, cut connections at every
message, lost answers, restarts of the controller, forgotten and short-lived tokens, cancelled
syncs, connectors that are stopped or killed (-9) at any moment and replaced. No task may be lost,
none may have a second effect, and no upload may say what never was, or call itself complete and
lack what was there throughout. The oracle looks at the simulator, and at what the controller
received.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import oracle
import pytest
import rig
import service_rig
import service_scene
from service_rig import Connectors
from service_scene import EVERY, Scene, Wish

from controller import asks
from controller.board import Board, Entry
from controller.service import Controller, Pace
from notion_sim import Simulator

Tell = Callable[[str], None]
FULL, FEW = 1000, 12
PARTS = 4
"""Side by side."""

PATIENCE_S = 300
"""For a machine on which everybody else is busy too; a scene takes two or three seconds."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_and_nothing_is_done_twice(
    sim: Simulator, tmp_path: Path, tell: Tell, part: int
):
    """Each task ends well, each change has its effect once, and each upload is true."""
    runs, struck, seen = rig.amount(FULL, FEW), Counter[str](), Counter[str]()
    first, begun = rig.dice("service").randrange(len(EVERY)), time.monotonic()
    for number in range(part, runs, PARTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        one = _Run(
            sim=sim,
            folder=folder,
            dice=rig.dice(f"service {number}"),
            surely=EVERY[(first + number // PARTS) % len(EVERY)],
            name=f"scene {number}, {rig.AGAIN}",
        )
        one.go()
        struck += one.struck
        seen += one.seen
    told = ", ".join(f"{name} {count}" for name, count in sorted(struck.items()))
    tell(f"{dict(sorted(seen.items()))}, in {time.monotonic() - begun:.0f} s; fired: {told}")

    if runs >= FULL:
        assert set(struck) == {" ".join(one) for one in EVERY}


class _Run:
    """One scene."""

    def __init__(
        self,
        *,
        sim: Simulator,
        folder: Path,
        dice: random.Random,
        surely: tuple[str, str],
        name: str,
    ) -> None:
        self.sim, self.folder, self.dice, self.name = sim, folder, dice, name
        self.scene: Scene = service_scene.a_scene(dice, surely)
        self.seen, self.struck = Counter({"scenes": 1}), Counter[str]()

    def go(self) -> None:
        """Play it, and judge."""
        self.sim.reset(self.scene.options)
        self.wishes = service_scene.wishes(self.dice, self.sim.state())
        board = Board(
            clock=time.monotonic, dice=self.dice, sync_lease_s=1.0, lease_s=2.5, tries=1000
        )
        pace = Pace(next_poll=0.05, next_heartbeat=0.15)
        with Controller(board=board, pace=pace) as self.other:
            self.other.doorkeeper.token_life_s = self.scene.token_life_s
            self._play()
            self.struck += self.other.mishaps.struck
            self._judge()

    def _play(self) -> None:
        self.other.spoil(*self.scene.mishaps)
        self.ids = [self.other.enqueue(wish.task) for wish in self.wishes]
        with Connectors(
            sim=self.sim, other=self.other, folder=self.folder, scene=self.scene
        ) as self.connectors:
            for stop in self.scene.stops:
                self.sim.clear_requests()
                self._until(lambda: stop.due(self.sim) or self._ended(), stop.within_s)  # noqa: B023
                if stop.due(self.sim) or not stop.asks:
                    self.connectors.hit(stop, self.dice.choice(self.connectors.numbers))
                    self.struck[stop.name] += 1
            assert self._until(self._ended, PATIENCE_S), self._why()
            self.other.spoil()
            self.last = self.other.enqueue(asks.sync())
            last = self.other.entry(self.last)
            assert self._until(lambda: last.ended, PATIENCE_S), self._why()

    def _until(self, so: Callable[[], bool], seconds: float) -> bool:
        """Wait, and cancel meanwhile what is to be cancelled once it beats."""

        def look() -> bool:
            for wish, entry in self._pairs():
                if wish.cancelled and entry.beats and not entry.cancelled:
                    self.other.cancel(entry.task.id)
            return so() or bool(self.connectors.errors)

        return service_rig.until(look, seconds) and not self.connectors.errors

    def _ended(self) -> bool:
        return all(entry.ended for _, entry in self._pairs())

    def _pairs(self) -> list[tuple[Wish, Entry]]:
        entries = [self.other.entry(one) for one in self.ids]
        return list(zip(self.wishes, entries, strict=True))

    def _why(self) -> str:
        states = [(entry.kind, entry.state, len(entry.leases)) for _, entry in self._pairs()]
        lines = "\n".join(self.connectors.said.splitlines()[-60:])
        return f"{self.name}\n{self.scene}\n{states}\n{self.connectors.errors}\n{lines}"

    def _judge(self) -> None:
        assert self.connectors.errors == [], self._why()
        self.seen["resumed"] += self.connectors.said.count("resumed previous")
        self.seen["refused and started again"] += self.connectors.refused
        self.seen["killed"] += self.connectors.killed
        self.seen["of two connectors"] += len(self.scene.hosts) == 2
        self.seen["with tokens of a second or two"] += self.scene.token_life_s < 3
        for wish, entry in self._pairs():
            self._judge_end(wish, entry)
        expected = Counter(effect for wish in self.wishes for effect in wish.effects)
        found = service_scene.happened(self.sim)
        assert found == expected, (found - expected, expected - found, self._why())
        self._judge_uploads()
        self._judge_folders()
        self._judge_books()

    def _judge_end(self, wish: Wish, entry: Entry) -> None:
        ends = [(one.code, one.final) for one in entry.finishes]
        self.seen["tasks"] += 1
        self.seen["ends heard twice"] += max(len(entry.finishes) - len(entry.leases), 0)
        self.seen["tasks given out again"] += len(entry.leases) > 1
        if entry.state == "failed":
            self.seen["cancelled"] += 1
            assert wish.cancelled, (ends, self._why())
            assert any(code for code, _ in ends), (ends, self._why())  # a late success may follow
        else:
            assert entry.state == "done", self._why()
        assert not [one for one in ends if one[0] and one[1]], (ends, self._why())
        if entry.kind == "sync_full" and entry.state == "done":
            assert entry.applied, self._why()

    def _judge_uploads(self) -> None:
        """Whatever arrived whole is true, whether it counted or not; the last is exact."""
        window = oracle.window(self.sim.state(), self.sim.history(), 0)
        for entry in self.other.board.entries.values():
            for upload in entry.uploads:
                found = oracle.read(upload.path)
                self.seen["uploads"] += 1
                assert found.sync_type == "full", self._why()
                lies = oracle.lies(found.held, window)
                assert not lies, (lies, self._why())
        applied = self.other.entry(self.last).applied
        assert applied, self._why()
        held, truth = oracle.read(applied.path).held, oracle.truth(self.sim.state())
        assert held == truth, (rig.differences(held, truth), self._why())

    def _judge_folders(self) -> None:
        """A kill may leave what the next sync takes up or replaces; a connector alone had one."""
        unfinished = {".upload.c1z.work"} | ({"upload.c1z"} if self.connectors.killed else set())
        for number in self.connectors.numbers:
            left = {one.name for one in self.connectors.state(number).iterdir()}
            allowed = unfinished if len(self.scene.hosts) > 1 else set()
            assert left - {"journal"} <= allowed, (left, self._why())

    def _judge_books(self) -> None:
        """Each change is in a journal, verified; whatever a kill left open, a look closes."""
        states = [
            one for number in self.connectors.numbers for one in self.connectors.books(number)
        ]
        changes = sum(bool(wish.effects) for wish in self.wishes)
        allowed = {"verified", "failed"} if self.connectors.killed else {"verified"}
        assert set(states) <= allowed, (states, self._why())
        assert states.count("verified") >= changes, (states, self._why())
