"""How fast the simulator is: printed, and held to generous bounds."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from notion_sim import Options
from notion_sim.engine import Engine
from notion_sim.wire import Request

COMMAND = str(Path(sys.executable).with_name("notion-sim"))
LARGE = Options(users=100_000, groups=10_000, members_per_group=100, seed=7)


def page_times(engine: Engine, kind: str, total: int) -> list[float]:
    """Milliseconds for each page of a whole listing."""
    headers, times = {"authorization": f"Bearer {engine.world.scim_token}"}, []
    for start in range(1, total, 100):
        query = {"startIndex": str(start), "count": "100"}
        request = Request(
            method="GET", path=f"/scim/v2/{kind}", query=query, headers=headers, origin="http://s"
        )
        begin = time.perf_counter()
        reply = engine.work(engine.receive(request))
        times.append((time.perf_counter() - begin) * 1000)
        assert reply.status == 200
    return times


@pytest.mark.slow
def test_pages_of_a_large_workspace():
    """A page of 100 users takes well under 5 ms of its own, in a workspace of 100,000."""
    begin = time.perf_counter()
    engine = Engine(LARGE)
    print(f"\nbuilt in {time.perf_counter() - begin:.1f} s")
    for kind, total in (("Users", LARGE.users), ("Users", LARGE.users), ("Groups", LARGE.groups)):
        times = sorted(page_times(engine, kind, total))
        middle = times[len(times) // 2]
        print(f"{kind}: median {middle:.2f} ms, 99 % {times[int(len(times) * 0.99)]:.2f} ms a page")

        assert middle < 20


@pytest.mark.slow
def test_the_command_starts_quickly():
    """100,000 users, 10,000 groups and 1,000,000 memberships are served within 20 s."""
    begin = time.perf_counter()
    sizes = ["--users", "100000", "--groups", "10000", "--members-per-group", "100", "--port", "0"]
    with subprocess.Popen([COMMAND, *sizes], stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        took = time.perf_counter() - begin
        process.terminate()
    print(f"\nlistening after {took:.1f} s")

    assert line.startswith("export ")
    assert took < 60
