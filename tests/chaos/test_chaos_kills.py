"""Kill -9 at any moment, then the same command again: the right rows, and nothing left over."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import oracle
import pytest
import rig

from notion_sim import Options, Simulator
from rolecall.errors import Code

Tell = Callable[[str], None]

OPTIONS = Options(users=150, groups=40, members_per_group=6, guests=2, seed=21, latency_ms=4)
MEANWHILE = (
    "nothing",
    "nothing",
    "nothing",
    "leave",
    "join",
    "swap",
    "membership",
    "role",
    "group",
)
UNSEEN = {"swap", "role", "membership"}
"""Changes between two runs that no count tells; the interrupted part is then as of its own time."""


def command(sim: Simulator, target: Path) -> subprocess.Popen[bytes]:
    """The command, as a person would type it, on its way."""
    words = ["-f", str(target), "--base-url", sim.scim_url, "--page-size", "7", "--workers", "4"]
    kept = {name: text for name, text in os.environ.items() if not name.startswith("BATON_")}
    return subprocess.Popen(
        [sys.executable, "-m", "rolecall.connector.cli", *words, "--requests-per-second", "0"],
        env={**kept, "BATON_SCIM_TOKEN": sim.scim_token},
        cwd=target.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def whole_run(sim: Simulator, target: Path) -> tuple[int, str]:
    """Run the command to its end: exit status, and what it said."""
    running = command(sim, target)
    said = running.communicate(timeout=120)[1].decode()
    return running.returncode, said


def killed(sim: Simulator, target: Path, moment: tuple[int, float]) -> bool:
    """Kill the command so many requests and seconds after its start; False if it was faster."""
    running = command(sim, target)
    while len(sim.requests()) < moment[0] and running.poll() is None:
        time.sleep(0.002)
    time.sleep(moment[1])
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)
    return running.returncode == -signal.SIGKILL


def meanwhile(sim: Simulator, what: str, thrown: Random) -> None:
    """What happens in the workspace between the two runs."""
    state = sim.state()
    lasting = [one["id"] for one in state["members"] if one["role"] not in {"owner", ""}]
    group = thrown.choice([one for one in state["groups"] if one["members"]])
    if what in {"leave", "swap"}:
        sim.remove_user(thrown.choice(lasting))
    if what in {"join", "swap"}:
        sim.add_user(where="any")
    if what == "membership":
        sim.remove_from_group(group["id"], group["members"][0])
    if what == "role":
        sim.set_role(thrown.choice(lasting), "membership_admin")
    if what == "group":
        sim.remove_group(group["id"])


def kill_and_repeat(sim: Simulator, place: Path, moment: tuple[int, float], thrown: Random) -> str:
    """Kill one run at a moment, let something happen, run again; says how that was."""
    target = place / "a.c1z"
    sim.reset(OPTIONS)
    hit = killed(sim, target, moment)
    reached, kept = len(sim.requests()), rig.left_over(target)
    assert set(kept) <= {".a.c1z.work"}
    what = thrown.choice(MEANWHILE)
    meanwhile(sim, what, thrown)
    status, said = whole_run(sim, target)
    where = (rig.AGAIN, what, f"killed at {moment}, after {reached} requests")
    assert status == 0, (where, said[-2000:])
    found, resumed = oracle.read(target), "resumed previous sync" in said
    if resumed and what in UNSEEN:  # the sync began with the killed run, and so does the window
        untrue = oracle.lies(found.held, oracle.window(sim.state(), sim.history(), 0))
        assert not untrue, (where, untrue[:5])
    else:
        expected = oracle.truth(sim.state())
        assert found.held == expected, (where, rig.differences(found.held, expected))
    assert found.sync_type == "full", where
    assert len(found.raw) == found.rows, where
    assert rig.left_over(target) == [], where
    return (
        f"{what}: {'resumed' if resumed else 'anew'}" if hit and kept else "killed outside the sync"
    )


@pytest.mark.slow
def test_killed_and_run_again(sim: Simulator, tmp_path: Path, tell: Tell):
    """Whenever it is killed, the next run gives what is true by then, and clears up."""
    thrown, ends = rig.dice("kills"), Counter[str]()
    sim.reset(OPTIONS)
    first = tmp_path / "first.c1z"
    status, said = whole_run(sim, first)
    assert status == 0, said
    requests = len(sim.requests())
    assert oracle.read(first).held == oracle.truth(sim.state())
    for run in range(rig.amount(100, 4)):
        place = tmp_path / "run"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if run % 2:
            shutil.copy(first, place / "a.c1z")
        # A third of the kills fall after the last answer: while the file is finished and packed.
        late = thrown.random() < 1 / 3
        moment = (requests, thrown.uniform(0, 0.06)) if late else (
            thrown.randint(1, requests), thrown.uniform(0, 0.01)
        )  # fmt: skip
        end = kill_and_repeat(sim, place, moment, thrown)
        ends[end] += 1
        if end.startswith("nothing"):
            assert oracle.read(place / "a.c1z").raw == oracle.read(first).raw
    tell(f"killed: {sum(ends.values())} times; {dict(sorted(ends.items()))}")


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_polite_end(sim: Simulator, tmp_path: Path, wish: signal.Signals):
    """Asked to stop, it stops with its own exit status, keeps the file, and goes on next time."""
    sim.reset(replace(OPTIONS, latency_ms=40))
    target = tmp_path / "place" / "a.c1z"
    target.parent.mkdir()
    running = command(sim, target)
    for _ in range(600):
        time.sleep(0.02)
        if any("/Groups" in one["path"] for one in sim.requests()):
            break
    running.send_signal(wish)
    said = running.communicate(timeout=60)[1].decode()

    assert running.returncode == Code.CANCELLED, said[-2000:]
    assert not target.exists()
    assert rig.left_over(target) == [".a.c1z.work"]
    status, again = whole_run(sim, target)
    assert status == 0
    assert "resumed previous sync" in again
    assert oracle.read(target).held == oracle.truth(sim.state())
    assert rig.left_over(target) == []


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ({"fault": "token_revoked", "when": {"request": 9}}, Code.UNAUTHENTICATED),
        ({"fault": "403_html", "when": {"request": 9}}, Code.PERMISSION_DENIED),
        ({"fault": "swap", "times": 0, "when": {"path": "/Users?"}}, Code.ABORTED),
    ],
    ids=["revoked", "forbidden", "restless"],
)
def test_the_exit_status_says_it(
    sim: Simulator, tmp_path: Path, rule: dict[str, object], status: Code
):
    """What is not finished does not end with 0, and the file stays as it was."""
    target = tmp_path / "place" / "a.c1z"
    target.parent.mkdir()
    sim.reset(replace(OPTIONS, latency_ms=0))
    assert whole_run(sim, target)[0] == 0
    before = target.read_bytes()
    sim.set_faults([rule])
    sim.clear_requests()
    ended, said = whole_run(sim, target)

    assert ended == status, said[-2000:]
    assert target.read_bytes() == before
