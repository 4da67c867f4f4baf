"""Every fault at every request of a sync: the truth, or not finished; never something else."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oracle
import pytest
import rig

from notion_sim import Options, Simulator
from notion_sim.faults import KINDS
from rolecall.errors import BadToken, Code

Tell = Callable[[str], None]

PEOPLE = {"users": 45, "groups": 15, "members_per_group": 5, "guests": 3}
SHAPES = {
    "listed": rig.Shape(options=Options(**PEOPLE, seed=11), page_size=7),
    "absent": rig.Shape(options=Options(**PEOPLE, seed=12, members_in_list="absent"), page_size=9),
    "truncated": rig.Shape(
        options=Options(**PEOPLE, seed=13, members_in_list="truncated", truncate_at=2), page_size=9
    ),
    "one page": rig.Shape(options=Options(**PEOPLE, seed=14)),
}
CASES: dict[str, dict[str, Any]] = {
    **{kind: {"fault": kind} for kind in KINDS},
    "429": {"fault": "429", "retry_after": 0},
    "429 silent": {"fault": "429", "retry_after": "none"},
    "slow": {"fault": "slow", "ms": 30},
    "total drift down": {"fault": "total_drift", "delta": -1},
    **{f"join {where}": {"fault": "join", "where": where} for where in ("front", "any")},
    **{f"leave {where}": {"fault": "leave", "where": where} for where in ("front", "back")},
    "swap back front": {"fault": "swap", "where": "back", "join_where": "front"},
    "swap any any": {"fault": "swap", "where": "any", "join_where": "any"},
    **{
        f"group {what} {where}": {"fault": "group_change", "what": what, "where": where}
        for what in ("created", "deleted", "swap")
        for where in ("front", "back")
    },
}
DEADLY = {"403_html": Code.PERMISSION_DENIED, "token_revoked": Code.UNAUTHENTICATED}
"""After these a person must act; every other single fault is survived if nothing has changed."""


def first_run(sim: Simulator, shape: rig.Shape, folder: Path) -> tuple[int, Path]:
    """An undisturbed sync: how many requests it takes, and its file."""
    sim.reset(shape.options)
    sim.set_faults([])
    target = folder / "undisturbed" / "a.c1z"
    target.parent.mkdir(exist_ok=True)
    ended = rig.sync(sim, target, shape)
    rig.exactly(sim, target, ended)
    return len(sim.requests()), target


def judge(sim: Simulator, target: Path, ended: rig.Ended, undisturbed: Path) -> str:
    """Hold an end against the simulator; says what kind of end it was.

    Raises:
        AssertionError: the file says what is not so, or misses somebody and calls itself full.
    """
    state, history = sim.state(), sim.history()
    if ended.error is not None:
        assert int(ended.error.code) != 0
        assert target.read_bytes() == undisturbed.read_bytes(), (
            "an unfinished sync touched the file"
        )
        return f"unfinished: {type(ended.error).__name__}"
    found = oracle.read(target)
    assert len(found.raw) == found.rows
    assert ended.outcome
    assert found.sync_id == ended.outcome.result.run.sync_id
    if not oracle.changed(history, ended.since):
        assert found.sync_type == "full", (rig.AGAIN, ended.outcome, ended.warnings)
        assert found.held == oracle.truth(state), rig.differences(found.held, oracle.truth(state))
        assert found.raw == oracle.read(undisturbed).raw
        return "the same"
    seen = oracle.window(state, history, ended.since)
    untrue = oracle.lies(found.held, seen, whole=found.sync_type == "full")
    assert not untrue, (rig.AGAIN, untrue[:5], sim.requests()[-3:])
    return "the promise" if found.sync_type == "full" else "partial"


def strike(
    sim: Simulator, shape: rig.Shape, folder: Path, rules: list[dict[str, Any]]
) -> tuple[rig.Ended, str]:
    """One sync over a file that stands already, with these faults; what became of it."""
    undisturbed = folder / "undisturbed" / "a.c1z"
    place = folder / "run"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    target = place / "a.c1z"
    shutil.copy(undisturbed, target)
    sim.reset(shape.options)
    sim.set_faults(rules)
    ended = rig.sync(sim, target, shape)
    kind = judge(sim, target, ended, undisturbed)
    if ended.error is None:
        assert rig.left_over(target) == []
    else:
        assert set(rig.left_over(target)) <= {".a.c1z.work"}
    return ended, kind


@pytest.mark.parametrize("case", CASES)
@pytest.mark.slow
def test_a_fault_at_every_request(sim: Simulator, tmp_path: Path, tell: Tell, case: str):
    """Wherever it strikes, the file is right, or the sync is unfinished and the file untouched."""
    thrown, ends, fired, tried = rig.dice(f"fault {case}"), Counter[str](), 0, 0
    shapes = rig.share(sorted(SHAPES), 1, thrown)
    for name in shapes:
        shape = SHAPES[name]
        requests, _ = first_run(sim, shape, tmp_path)
        for number in sorted({1, *rig.share(range(1, requests + 1), 3, thrown)}):
            rule = {"name": "it", "when": {"requests": [number]}, **CASES[case]}
            lists_only = case.startswith(("total", "empty"))
            if lists_only:  # the first list request from there on
                rule["when"] = {"after": number - 1}
            ended, kind = strike(sim, shape, tmp_path, [rule])
            hit = sim.fired()["it"]
            where = (rig.AGAIN, case, name, number)
            fired, tried = fired + hit, tried + 1
            ends[kind] += 1
            if case in DEADLY and hit and ended.error:
                assert ended.error.code == DEADLY[case], where
            elif not oracle.changed(sim.history(), 0):
                assert ended.error is None, (where, ended.error)
    tell(f"{case}: fired {fired} times in {tried} syncs; {dict(ends)}")

    assert fired > 0


@pytest.mark.parametrize("order", ["reshuffled", "per_listing"])
@pytest.mark.slow
def test_an_order_that_moves(sim: Simulator, tmp_path: Path, tell: Tell, order: str):
    """Where the order is not stable, what is finished is still exact."""
    thrown, ends = rig.dice(order), Counter[str]()
    runs = rig.amount(60, 4)
    for run in range(runs):
        many = run == 0  # so that at least one has several pages
        options = Options(
            users=50 if many else thrown.randint(0, 60),
            groups=20 if many else thrown.randint(0, 12),
            members_per_group=4,
            seed=thrown.randrange(10**6),
            order=order,
            members_in_list=thrown.choice(["full", "absent", "truncated"]),
            truncate_at=1,
        )
        sim.reset(options)
        token = sim.scim_token if options.users else sim.world.mint_token("")
        target = tmp_path / "a.c1z"
        target.unlink(missing_ok=True)
        shape = rig.Shape(options=options, page_size=7 if many else thrown.choice([7, 100]))
        ended = rig.sync(sim, target, shape, token=token)
        ends[type(ended.error).__name__ if ended.error else "exact"] += 1
        if ended.error is None:
            rig.exactly(sim, target, ended)
        else:
            assert not target.exists()
    tell(f"order {order}: {dict(ends)}")

    assert ends["exact"] >= runs * 0.9


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.slow
def test_a_workspace_that_never_rests(sim: Simulator, tmp_path: Path, tell: Tell, shape: str):
    """With changes all the time: who stayed is there, who never was is not; or it is unfinished."""
    thrown, ends, base = rig.dice(f"drift {shape}"), Counter[str](), SHAPES[shape]
    first_run(sim, base, tmp_path)
    for _ in range(rig.amount(80, 5)):
        chance = thrown.choice([0.02, 0.1, 0.4, 1.0])
        kinds = thrown.sample(
            sorted(c for c in CASES if c.startswith(("join", "leave", "swap", "group"))), 3
        )
        rules = [
            {"name": kind, "times": 0, "when": {"probability": chance / 3}, **CASES[kind]}
            for kind in kinds
        ]
        _, kind = strike(sim, base, tmp_path, rules)
        ends[kind] += 1
    tell(f"drift, {shape}: {dict(ends)}")

    assert sum(ends.values()) > 0


@pytest.mark.parametrize(("out", "back"), [("front", "back"), ("back", "front"), ("any", "any")])
def test_a_swap_between_every_two_pages(
    sim: Simulator, tmp_path: Path, tell: Tell, *, out: str, back: str
):
    """One leaves and one joins before each page: the total never tells, and no member is lost."""
    shape = SHAPES["listed"]
    first_run(sim, shape, tmp_path)
    rule = {
        "fault": "swap", "where": out, "join_where": back, "times": 0, "when": {"path": "/Users?"},
        "name": "swap",
    }  # fmt: skip
    _, kind = strike(sim, shape, tmp_path, [rule])
    tell(f"swap {out} {back} at every page: {kind}, fired {sim.fired()['swap']} times")

    assert sim.fired()["swap"] > 1


def test_the_next_run_is_right(sim: Simulator, tmp_path: Path):
    """After a token that died in the middle, a run with a new one gives the same rows."""
    shape = SHAPES["listed"]
    requests, undisturbed = first_run(sim, shape, tmp_path)
    for number in (1, requests // 2, requests - 1):
        ended, _ = strike(
            sim, shape, tmp_path, [{"fault": "token_revoked", "when": {"requests": [number]}}]
        )
        assert isinstance(ended.error, BadToken)
        owner = next(one["id"] for one in sim.state()["members"] if one["role"] == "owner")
        target = tmp_path / "run" / "a.c1z"
        again = rig.sync(sim, target, shape, token=sim.world.mint_token(owner))

        rig.exactly(sim, target, again)
        assert oracle.read(target).raw == oracle.read(undisturbed).raw
        assert rig.left_over(target) == []


def test_two_ways_to_know_the_past_agree(sim: Simulator):
    """Our own walk back through the history tells the same as the simulator's."""
    sim.reset(Options(users=30, groups=6, members_per_group=4, seed=rig.SEED))
    sim.move(40)
    since = len(sim.history())
    sim.move(40)
    seen = oracle.window(sim.state(), sim.history(), since)
    told = sim.presence(since, len(sim.history()))
    for mine, theirs in ((seen.always, told["always"]), (seen.ever, told["ever"])):
        assert sorted(f[1] for f in mine if f[0] == "member") == theirs["members"]
        pairs = {(gid, uid) for gid, uids in theirs["memberships"].items() for uid in uids}
        assert {(f[1], f[2]) for f in mine if f[0] == "in"} == pairs
