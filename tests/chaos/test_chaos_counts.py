"""Every count of users and groups syncs exactly, and with hardly more requests than pages."""

import math
from collections.abc import Callable
from pathlib import Path

import oracle
import pytest
import rig

from notion_sim import Options, Simulator

LAST = 305
EDGES = {
    n
    for size in (6, 7, 99, 100)
    for k in range(1, 4)
    for n in (k * size - 1, k * size, k * size + 1, k * size + 2)
}
SHAPES = {"100": (100, 100), "7 asked": (7, 100), "7 given": (100, 7)}
Tell = Callable[[str], None]


def tried(name: str) -> list[int]:
    """Counts to try: all, or the edges of pages and a few others."""
    thrown = rig.dice(name)
    few = rig.share(range(LAST + 1), 6, thrown)
    if rig.RUNS == "all":
        return few
    return sorted({0, 1, 2, *thrown.sample(sorted(EDGES), 8), *few})


def once(sim: Simulator, target: Path, counts: tuple[int, int], sizes: tuple[int, int]) -> None:
    """Sync a workspace of so many users and groups, and look at everything."""
    users, groups = counts
    asked, given = sizes
    options = Options(
        users=users, groups=groups, members_per_group=3, seed=users * 1000 + groups + 1, guests=2,
        max_count=given,
    )  # fmt: skip
    sim.reset(options)
    token = "" if users else sim.world.mint_token("")
    target.unlink(missing_ok=True)
    more = {"token": token} if token else {}
    ended = rig.sync(sim, target, rig.Shape(options=options, page_size=asked), **more)

    rig.exactly(sim, target, ended)
    page = min(sizes)
    ideal = math.ceil(users / page) + math.ceil(groups / page)
    steps = (page / (page - 1)) * 1.001  # pages overlap by one row: 1.02 is meant for pages of 100
    assert ended.requests <= max(1.02, steps) * ideal + 8, (counts, sizes, ended.requests)
    assert rig.left_over(target) == []


@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("what", ["users", "groups"])
@pytest.mark.slow
def test_every_count(
    sim: Simulator, tmp_path: Path, tell: Tell, *, what: str, sizes: tuple[int, int]
):
    """Any number of users alone, or of groups alone, is read to the last row."""
    counts = tried(f"{what} {sizes}")
    for n in counts:
        pair = (n, 0) if what == "users" else (0, n)
        once(sim, tmp_path / "a.c1z", pair, sizes)
    tell(f"{len(counts)} counts of {what}, pages {sizes}: all exact")


@pytest.mark.slow
def test_random_pairs(sim: Simulator, tmp_path: Path, tell: Tell):
    """Any users with any groups are read exactly, with pages of 100 and of 7."""
    thrown, runs = rig.dice("pairs"), rig.amount(300, 6)
    for _ in range(runs):
        pair = (thrown.randint(0, LAST), thrown.randint(0, LAST))
        for sizes in SHAPES.values():
            once(sim, tmp_path / "a.c1z", pair, sizes)
    tell(f"{runs} pairs, each with {len(SHAPES)} kinds of pages: all exact")


def test_the_oracle_sees_a_difference(sim: Simulator, tmp_path: Path):
    """A file of yesterday is not today's: the comparison can fail."""
    options = Options(users=9, groups=2, members_per_group=3, seed=3)
    sim.reset(options)
    rig.sync(sim, tmp_path / "a.c1z", rig.Shape(options=options))
    sim.add_user()

    assert oracle.read(tmp_path / "a.c1z").held != oracle.truth(sim.state())
