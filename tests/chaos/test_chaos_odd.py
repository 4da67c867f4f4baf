"""Odd things that no network does: strangers, bad records, silence, ghosts, redirects."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import oracle
import pytest
import rig

from notion_sim import Options, Simulator
from rolecall.baton.c1z.envelope import unpack
from rolecall.baton.c1z.history import copy_kept, runs_of
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.engine import Partial
from rolecall.errors import BadConfig, Retry

OPTIONS = Options(users=40, groups=12, members_per_group=5, guests=0, seed=31)
SHAPE = rig.Shape(options=OPTIONS, page_size=7)
BROKEN = {"fault": "500", "times": 0, "when": {"path": "/Groups"}}

Answers = Callable[[str], tuple[int, dict[str, str], bytes]]


@contextmanager
def served(answers: Answers) -> Iterator[tuple[str, list[str]]]:
    """A server that answers by a function of the path; yields its address and the paths asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = answers(self.path)
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Elsewhere:
    """Stands where `rig.sync` expects a simulator: an address, a token, and no history."""

    def __init__(self, url: str) -> None:
        self.scim_url, self.scim_token = url, "a-token"

    def history(self) -> list[dict[str, Any]]:
        """Nothing happens here."""
        return []


def listing(*rows: dict[str, Any]) -> bytes:
    """A SCIM list of everything."""
    return json.dumps({"totalResults": len(rows), "Resources": rows}).encode()


def test_a_bad_record_is_left_out_and_named(tmp_path: Path):
    """One record without a userName: the others are synced, the file is partial and says why."""
    people = [{"id": f"u{n}", "userName": f"u{n}@larkspur.example"} for n in range(3)]
    del people[1]["userName"]

    def answers(path: str) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, listing(*people) if path.startswith("/Users") else listing()

    with served(answers) as (url, _):
        ended = rig.sync(Elsewhere(url), tmp_path / "a.c1z", SHAPE)
    found = oracle.read(tmp_path / "a.c1z")

    assert ended.outcome
    assert isinstance(ended.outcome.result, Partial)
    assert "u1" in " ".join(ended.outcome.result.missing)
    assert found.sync_type == "partial"
    assert found.held.of("user") == {"u0", "u2"}


def test_a_redirect_is_not_followed(tmp_path: Path):
    """Another host that Notion's address sends us to hears nothing from us, so no token."""
    with served(lambda _path: (200, {}, listing())) as (trap, heard):
        away = {"Location": f"{trap}/Users"}
        with served(lambda _path: (302, away, b"")) as (url, asked):
            ended = rig.sync(Elsewhere(url), tmp_path / "a.c1z", SHAPE)

    assert asked
    assert heard == []
    assert isinstance(ended.error, BadConfig)
    assert rig.left_over(tmp_path / "a.c1z") == []


def test_a_stranger_in_a_group_is_reported(sim: Simulator, tmp_path: Path):
    """A group names somebody who is no member: no grant to nobody, and the sync says so."""
    sim.reset(OPTIONS)
    group = sim.state()["groups"][3]["id"]
    sim.add_to_group(group, "somebody-else")
    ended = rig.sync(sim, tmp_path / "a.c1z", SHAPE)
    found = oracle.read(tmp_path / "a.c1z")

    assert ended.outcome
    assert isinstance(ended.outcome.result, Partial)
    assert "somebody-else" in " ".join(ended.outcome.result.missing)
    assert found.sync_type == "partial"
    assert oracle.dangling(found.held) == []
    assert (group, "somebody-else") not in found.held.memberships()


def test_who_joins_between_members_and_groups_is_looked_up(sim: Simulator, tmp_path: Path):
    """Somebody joins, and a group, after the members were read: there, with the membership."""
    sim.reset(OPTIONS)
    joined = []

    def log(message: str, /, **_facts: object) -> None:
        if message == "Syncing groups...":
            joined.append(sim.add_user())
            sim.add_to_group(sim.state()["groups"][0]["id"], joined[0])

    ended = rig.sync(sim, tmp_path / "a.c1z", SHAPE, log=log)

    assert joined
    rig.exactly(sim, tmp_path / "a.c1z", ended)


def test_silence_about_members_is_not_emptiness(sim: Simulator, tmp_path: Path):
    """Groups that show no members key even alone are named as missing, not shown as empty."""
    sim.reset(Options(users=5, groups=4, members_per_group=0, seed=5, empty_members="absent"))
    ended = rig.sync(sim, tmp_path / "a.c1z", SHAPE)

    assert ended.outcome
    assert isinstance(ended.outcome.result, Partial)
    assert len(ended.outcome.result.missing) == 4


@pytest.mark.parametrize("change", ["leave", "join", "group"])
def test_an_interrupted_sync_leaves_no_ghosts(sim: Simulator, tmp_path: Path, change: str):
    """Stopped in the groups and run again after somebody left or joined: what is true then."""
    place = tmp_path / "place"
    place.mkdir()
    sim.reset(OPTIONS)
    sim.set_faults([{**BROKEN, "when": {"path": "/Groups?startIndex=7"}}])
    first = rig.sync(sim, place / "a.c1z", SHAPE)
    assert isinstance(first.error, Retry)
    assert rig.left_over(place / "a.c1z") == [".a.c1z.work"]
    sim.set_faults([])
    if change == "leave":
        sim.remove_user(next(m["id"] for m in sim.state()["members"] if m["role"] == "member"))
    elif change == "join":
        sim.add_user()
    else:
        sim.remove_group(sim.state()["groups"][0]["id"])
    again = rig.sync(sim, place / "a.c1z", SHAPE)

    rig.exactly(sim, place / "a.c1z", again)
    assert rig.left_over(place / "a.c1z") == []


def test_an_interrupted_sync_goes_on_where_it_was(sim: Simulator, tmp_path: Path):
    """If nothing happened meanwhile, members are not listed again."""
    sim.reset(OPTIONS)
    sim.set_faults([BROKEN])
    assert isinstance(rig.sync(sim, tmp_path / "a.c1z", SHAPE).error, Retry)
    sim.set_faults([])
    sim.clear_requests()
    again = rig.sync(sim, tmp_path / "a.c1z", SHAPE)

    rig.exactly(sim, tmp_path / "a.c1z", again)
    asked = [one["path"] for one in sim.requests() if "/Users" in one["path"]]
    assert asked == ["/scim/v2/Users?startIndex=1&count=1"]


def test_another_wish_starts_anew(sim: Simulator, tmp_path: Path):
    """What a run without roles left behind is not taken up by one that wants them."""
    sim.reset(OPTIONS)
    sim.set_faults([BROKEN])
    less = replace(SHAPE, wanted=frozenset({"user", "group"}))
    assert isinstance(rig.sync(sim, tmp_path / "a.c1z", less).error, Retry)
    sim.set_faults([])
    again = rig.sync(sim, tmp_path / "a.c1z", SHAPE)

    rig.exactly(sim, tmp_path / "a.c1z", again)


def test_what_is_old_is_not_taken_up(sim: Simulator, tmp_path: Path):
    """A swap that no count tells cannot hide for longer than an hour."""
    sim.reset(OPTIONS)
    sim.set_faults([BROKEN])
    earlier = datetime.now(UTC) - timedelta(hours=2)
    assert isinstance(rig.sync(sim, tmp_path / "a.c1z", SHAPE, now=lambda: earlier).error, Retry)
    sim.set_faults([])
    sim.remove_user(next(m["id"] for m in sim.state()["members"] if m["role"] == "member"))
    sim.add_user()
    again = rig.sync(sim, tmp_path / "a.c1z", SHAPE)

    rig.exactly(sim, tmp_path / "a.c1z", again)


def test_killed_after_the_old_syncs_were_copied(sim: Simulator, tmp_path: Path):
    """A draft that already holds what the old file keeps is finished all the same, by one run."""
    sim.reset(OPTIONS)
    target = tmp_path / "a.c1z"
    first = rig.sync(sim, target, SHAPE)
    sim.set_faults([BROKEN])
    assert isinstance(rig.sync(sim, target, SHAPE).error, Retry)
    old = tmp_path / "old.db"
    unpack(target, old)
    with closing(sqlite3.connect(tmp_path / ".a.c1z.work" / "db", isolation_level=None)) as draft:
        (run,) = runs_of(draft)
        copy_kept(draft, old, run, keep=2)
    sim.set_faults([])
    again = rig.sync(sim, target, SHAPE)

    rig.exactly(sim, target, again)
    assert rig.left_over(target) == []
    with open_c1z(target) as reader:
        kept = {one.sync_id for one in reader.syncs()}
    assert first.outcome
    assert again.outcome
    assert kept == {first.outcome.result.run.sync_id, again.outcome.result.run.sync_id}
