"""The two measured processes of `make bench` run, and say what they measured."""

import json
import os
import subprocess
import sys
from pathlib import Path

from notion_sim import Options, Simulator

BENCH = Path(__file__).parents[2] / "bench"


def said(words: list[str], token: str = "") -> dict[str, float]:
    """Run a script of the bench and read its line."""
    ended = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "BATON_SCIM_TOKEN": token},
        capture_output=True,
        check=True,
    )
    return json.loads(ended.stdout)


def test_a_sync_and_its_floor_are_measured(tmp_path: Path):
    """A sync tells seconds, memory and requests; the floor is that of the same rows."""
    file = tmp_path / "a.c1z"
    with Simulator(Options(users=150, groups=5, seed=2)) as sim:
        words = [str(BENCH / "one_sync.py"), "--url", sim.scim_url, "--file", str(file)]
        sync = said(words, sim.scim_token)
        asked = len(sim.requests())
    floor = said([str(BENCH / "floor.py"), str(file)])

    assert sync["requests"] == asked
    assert sync["sync_type"] == "full"
    assert sync["cpu_s"] > 0
    assert 10 < sync["peak_mib"] < 150
    assert 0 < floor["wall_s"] < 10
    assert [one.name for one in tmp_path.iterdir()] == ["a.c1z"]
