"""The command in service mode between a simulator and a controller: syncs, changes, refusals.

Each test is a process of its own; the oracle looks at the simulator, and reads uploads plainly.
"""

import hashlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from chaos import oracle
from controller import asks
from controller.board import Board, Entry
from controller.mishaps import Mishap
from controller.service import Controller, Pace
from hosted import hosted
from notion_sim import Options, Simulator

SMALL = Options(users=23, groups=5, members_per_group=6, seed=7)
WIDE = Options(users=900, groups=5, members_per_group=6, seed=7)
CANCELLED, INVALID, FAILED_PRECONDITION, UNIMPLEMENTED = 1, 3, 9, 12


@pytest.fixture(scope="module")
def _running() -> Iterator[Simulator]:
    with Simulator(SMALL) as running:
        yield running


@pytest.fixture
def sim(_running: Simulator) -> Simulator:
    """A workspace as on the first day."""
    _running.reset(SMALL)
    _running.set_faults([])
    _running.clear_requests()
    return _running


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller that gives a task out again if its end was retryable."""
    board = Board(clock=time.monotonic, tries=5)
    with Controller(board=board, pace=Pace(next_heartbeat=1.0)) as running:
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the connector's state is."""
    return tmp_path / "state"


def held(entry: Entry) -> oracle.FileRows:
    """What the upload that counts holds."""
    assert entry.applied, entry
    return oracle.read(entry.applied.path)


def whole(sim: Simulator, entry: Entry) -> None:
    """The upload is a full sync that holds what the simulator holds, and nothing else."""
    found = held(entry)

    assert found.sync_type == "full"
    assert found.held == oracle.truth(sim.state())
    assert len(found.raw) == found.rows


# Syncs


def test_a_sync_is_what_the_simulator_holds(sim: Simulator, other: Controller, state: Path):
    """What arrives is the workspace; after people moved, the next one is that; nothing is left."""
    scratch = state.parent / "tmp"
    scratch.mkdir()
    with hosted(sim, other, state, TMPDIR=str(scratch)) as served:
        first = other.wait_finished(other.enqueue(asks.sync()))
        whole(sim, first)
        sim.move(20)
        second = other.wait_finished(other.enqueue(asks.sync()))
        whole(sim, second)
        assert served.left() == []
        assert served.end() == 0
    digests = [hashlib.sha256(one.path.read_bytes()) for one in (*first.uploads, *second.uploads)]

    assert len({one.digest() for one in digests}) == 2
    assert list(scratch.iterdir()) == []
    assert served.left() == []


def test_a_sync_of_some_types(sim: Simulator, other: Controller, state: Path):
    """The task's types are read and no others, and the file does not call itself full."""
    with hosted(sim, other, state):
        found = held(other.wait_finished(other.enqueue(asks.sync("user", "role"))))
    truth = oracle.truth(sim.state())

    assert found.sync_type == "partial"
    assert found.held.of("user") == truth.of("user")
    assert found.held.of("group") == set()
    assert found.held.roles() == truth.roles()


def test_a_sync_of_single_resources(sim: Simulator, other: Controller, state: Path):
    """A targeted sync holds what was named; it does not call itself full."""
    group = sim.state()["groups"][0]
    with hosted(sim, other, state):
        task = asks.sync(targets={group["id"]: "group", group["members"][0]: "user"})
        found = held(other.wait_finished(other.enqueue(task)))

    assert found.sync_type == "partial"
    assert found.held.of("group") == {group["id"]}
    assert group["members"][0] in found.held.of("user")
    assert len(found.held.of("user")) < SMALL.users


@pytest.mark.parametrize("task", [asks.sync("app"), asks.sync("user", "APP")])
def test_a_sync_of_unknown_types(sim: Simulator, other: Controller, state: Path, task: Any):
    """What Notion does not have is refused for good, and nothing is uploaded."""
    with hosted(sim, other, state):
        entry = other.wait_finished(other.enqueue(task))

    assert refused(entry, UNIMPLEMENTED)
    assert entry.uploads == []


def refused(entry: Entry, code: int = FAILED_PRECONDITION) -> bool:
    """Whether a task's only end is an error for good."""
    (finish,) = entry.finishes
    assert (finish.code, finish.final) == (code, True), finish
    return entry.state == "failed"


def test_full_syncs_can_be_switched_off(sim: Simulator, other: Controller, state: Path):
    """--skip-full-sync refuses; the Go connector uploads an empty full sync instead."""
    with hosted(sim, other, state, "--skip-full-sync"):
        entry = other.wait_finished(other.enqueue(asks.sync()))

    assert refused(entry)
    assert not other.received("UploadAsset")


@pytest.mark.parametrize("flags", [(), ("--skip-full-sync",)])
def test_a_token_that_notion_refuses(
    sim: Simulator, other: Controller, state: Path, flags: tuple[str, ...]
):
    """The sync fails as FailedPrecondition, nothing is uploaded, and the connector stays."""
    with hosted(sim, other, state, *flags, BATON_SCIM_TOKEN="secret_nonsense") as served:  # noqa: S106
        entries = [other.wait_finished(other.enqueue(asks.sync())) for _ in range(2)]
        assert served.process.poll() is None
        assert served.left() == []

    assert all(refused(entry) for entry in entries)
    assert not other.received("UploadAsset")


def test_a_plan_without_scim(sim: Simulator, other: Controller, state: Path):
    """A workspace that is not on the Enterprise plan is refused with the reason."""
    sim.reset(Options(users=5, groups=1, seed=3, plan="business"))
    with hosted(sim, other, state):
        entry = other.wait_finished(other.enqueue(asks.sync()))

    assert refused(entry)
    assert "Enterprise" in entry.finishes[0].request.status.message
    assert entry.uploads == []


def test_a_token_revoked_in_the_middle(sim: Simulator, other: Controller, state: Path):
    """Half a sync is none: FailedPrecondition, and nothing is uploaded."""
    sim.reset(WIDE)
    sim.set_faults([{"name": "x", "when": {"request": 6}, "fault": "token_revoked"}])
    with hosted(sim, other, state):
        entry = other.wait_finished(other.enqueue(asks.sync()))

    assert sim.fired() == {"x": 1}
    assert refused(entry)
    assert entry.uploads == []


def test_accounts_only_is_not_for_service_mode(sim: Simulator, other: Controller, state: Path):
    """A thinner sync would end everybody's groups and roles: the flag is refused at the start."""
    with hosted(sim, other, state, "--allow-accounts-only", BATON_API_KEY=sim.api_key) as served:
        assert served.process.wait(20) == INVALID

    assert "--allow-accounts-only" in served.said
    assert not other.received()


def test_a_sync_that_cannot_be_read_now_may_be_tried_again(
    sim: Simulator, other: Controller, state: Path
):
    """While Notion is broken the end is retryable, nothing is uploaded, and then all is well."""
    sim.set_faults([{"name": "x", "when": {"path": "/Groups"}, "fault": "500", "times": 0}])
    with hosted(sim, other, state, "--retry-seconds", "1"):
        task = other.enqueue(asks.sync())
        other.wait_until(lambda: other.entry(task).finishes, 20)
        assert other.entry(task).uploads == []
        sim.set_faults([])
        entry = other.wait_finished(task, 20)
    whole(sim, entry)

    assert not any(finish.final for finish in entry.finishes[:-1])


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap(on="UploadAsset", do="forget_tokens", times=2),
        Mishap(on="UploadAsset", do="refuse", times=3, code=grpc.StatusCode.UNAUTHENTICATED),
        Mishap(on="UploadAsset", do="refuse", code=grpc.StatusCode.NOT_FOUND),
        Mishap(on="UploadAsset", do="refuse", code=grpc.StatusCode.PERMISSION_DENIED),
        Mishap(on="UploadAsset", do="cut_within", times=3, piece=2),
    ],
    ids=lambda one: f"{one.do} {one.code.name}",
)
def test_an_upload_that_is_not_taken_in(
    sim: Simulator, other: Controller, state: Path, mishap: Mishap
):
    """What hinders us at the controller's door fails no sync for good; the next is taken in."""
    other.spoil(mishap)
    with hosted(sim, other, state):
        entry = other.wait_finished(other.enqueue(asks.sync()), 20)
    whole(sim, entry)

    assert mishap.fired == mishap.times
    assert not any(finish.final for finish in entry.finishes[:-1])


# Interruptions


def test_a_sync_rests_on_nothing_that_was_read_for_another(
    sim: Simulator, other: Controller, tmp_path: Path
):
    """Who asks for a sync after a change sees the change, whoever made it.

    One connector's sync is cancelled half-way, the other one, elsewhere, makes a change, and the
    first is asked again. Found by chaos.
    """
    sim.reset(Options(users=900, groups=60, members_per_group=6, seed=7, latency_ms=20))
    sim.switch("members_in_list", "absent")
    who = next(one["id"] for one in sim.state()["members"] if one["role"] == "member")
    with hosted(sim, other, tmp_path / "a", "--workers", "1") as served:
        first = other.enqueue(asks.sync())
        _while_groups_are_read(sim)
        other.cancel(first)
        ended = other.wait_finished(first)
        served.process.send_signal(signal.SIGSTOP)
        time.sleep(0.2)  # what it asked before is answered
        with hosted(sim, other, tmp_path / "b", "-p", BATON_HOST_ID="there"):
            grant = other.wait_finished(other.enqueue(asks.grant_role(who, "membership_admin")))
        served.process.send_signal(signal.SIGCONT)
        whole(sim, other.wait_finished(other.enqueue(asks.sync()), 20))

    assert [one.code for one in ended.finishes] == [CANCELLED]
    assert ended.uploads == []
    assert grant.finishes[-1].host == "there"
    assert served.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_sync_stopped_by_a_signal_is_resumed_by_the_next_process(
    sim: Simulator, other: Controller, state: Path, number: int
):
    """The task is handed back as retryable within the grace, and the next process goes on."""
    sim.reset(Options(users=900, groups=60, members_per_group=6, seed=7, latency_ms=20))
    sim.switch("members_in_list", "absent")
    task = other.enqueue(asks.sync())
    with hosted(sim, other, state, "--workers", "1") as served:
        _while_groups_are_read(sim)
        begun = time.monotonic()
        assert served.end(number) == 0
        took = time.monotonic() - begun
    sim.clear_requests()
    with hosted(sim, other, state, "--workers", "1") as again:
        entry = other.wait_finished(task, 20)
        whole(sim, entry)
        assert again.left() == []
        users = [one for one in sim.requests() if "/Users" in one["path"]]

    assert [one.code for one in entry.finishes] == [CANCELLED, 0]
    assert "resumed previous sync" in again.said
    assert len(users) <= 3
    assert took < 5


def test_a_sync_handed_out_again_shows_what_we_changed_meanwhile(
    sim: Simulator, other: Controller, state: Path
):
    """The same task takes up nothing from before a change that we made. Found by chaos."""
    sim.reset(Options(users=900, groups=60, members_per_group=6, seed=7, latency_ms=20))
    sim.switch("members_in_list", "absent")
    who = next(one["id"] for one in sim.state()["members"] if one["role"] == "member")
    task = other.enqueue(asks.sync())
    with hosted(sim, other, state, "-p", "--workers", "1") as served:
        _while_groups_are_read(sim)
        grant = other.wait_finished(other.enqueue(asks.grant_role(who, "membership_admin")))
        served.end()
    with hosted(sim, other, state, "-p", "--workers", "1") as again:
        whole(sim, other.wait_finished(task, 20))

    assert grant.state == "done"
    assert "resumed previous sync" not in again.said


def _while_groups_are_read(sim: Simulator) -> None:
    """Return when the users are done and single groups are asked for."""
    end = time.monotonic() + 20
    while sum("/Groups/" in one["path"] for one in sim.requests()) < 3:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_kill_loses_nothing_but_time(sim: Simulator, other: Controller, state: Path):
    """After kill -9 in mid-sync and in mid-upload the lease runs out, and the next one is whole."""
    other.board.sync_lease_s = 0.5
    other.pace = Pace(next_heartbeat=0.1)
    sim.reset(WIDE)
    task = other.enqueue(asks.sync())
    other.spoil(Mishap(on="UploadAsset", do="hold", seconds=3))
    with hosted(sim, other, state) as served:
        other.wait_until(lambda: other.mishaps.struck, 20)
        assert served.left() == []
        served.end(signal.SIGKILL)
    other.spoil()
    other.wait_until(other.board.waiting)
    other.board.sync_lease_s = 60
    with hosted(sim, other, state) as again:
        entry = other.wait_finished(task, 30)
        whole(sim, entry)
        assert again.left() == []

    assert len(entry.leases) == 2


# Changes


def _changes(sim: Simulator) -> list[Any]:
    """One task for each way to change something."""
    members, group = sim.state()["members"], sim.state()["groups"][0]
    inside = group["members"][0]
    who = next(m["id"] for m in members if m["id"] not in group["members"])
    return [
        asks.grant_group(who, group["id"]),
        asks.grant_role(who, "membership_admin"),
        asks.revoke_group(inside, group["id"]),
        asks.create_account("new.person@larkspur.example"),
        asks.delete("user", inside),
        asks.invoke("create_group", name="A new group"),
        asks.simple("create_resource", resource={"id": {"resource_type": "group"}}),
    ]


def shown(sim: Simulator) -> dict[str, Any]:
    """The workspace, without how often it was asked."""
    return {key: value for key, value in sim.state().items() if key != "request"}


def test_changes_without_p_are_refused(sim: Simulator, other: Controller, state: Path):
    """Each kind of change is FailedPrecondition in the Go runner's words; nothing changes."""
    before = shown(sim)
    with hosted(sim, other, state):
        entries = [other.wait_finished(other.enqueue(task)) for task in _changes(sim)]

    assert all(refused(entry) for entry in entries)
    assert all(
        entry.finishes[0].request.status.message.startswith("provisioning is not enabled")
        for entry in entries
    )
    assert shown(sim) == before
    assert [one for one in sim.requests() if one["method"] != "GET"] == []


def test_p_needs_a_folder_that_lasts(sim: Simulator, other: Controller, state: Path):
    """Without a named folder for the journal, -p is refused, aloud and at once."""
    with hosted(sim, other, state, "-p", BATON_STATE_DIR="") as served:
        assert served.process.wait(20) == INVALID

    assert "--state-dir" in served.said
    assert not other.received()


@pytest.mark.parametrize("many", ["", "true"])
def test_changes_are_made(sim: Simulator, other: Controller, state: Path, many: str):
    """What the tasks ask for is so afterwards; a repetition of each changes nothing more."""
    tasks = _changes(sim)[:4]
    with hosted(sim, other, state, "-p", BATON_GET_TASKS=many):
        entries = [other.wait_finished(one) for one in [other.enqueue(task) for task in tasks]]
        after = shown(sim)
        again = [other.wait_finished(one) for one in [other.enqueue(task) for task in tasks]]
    group = after["groups"][0]
    grant = tasks[0].grant

    assert [entry.state for entry in entries + again] == ["done"] * 8
    assert grant.principal.id.resource in group["members"]
    assert tasks[2].revoke.grant.principal.id.resource not in group["members"]
    assert "new.person@larkspur.example" in {one["email"] for one in after["members"]}
    assert shown(sim) == after
    assert bool(other.received("GetTasks")) == bool(many)


def test_a_change_that_was_begun_is_seen_through(sim: Simulator, other: Controller, state: Path):
    """SIGTERM while Notion is slow with a change: it ends as what it is, and then we stop."""
    task, *_ = _changes(sim)
    with hosted(sim, other, state, "-p") as served:
        other.wait_for("GetTask")
        sim.set_faults(
            [{"name": "x", "when": {"method": "PATCH"}, "fault": "slow", "ms": 1500, "times": 1}]
        )
        entry_id = other.enqueue(task)
        _until(lambda: sim.fired()["x"])
        assert served.end() == 0
    entry = other.entry(entry_id)

    assert entry.state == "done"
    assert task.grant.principal.id.resource in sim.state()["groups"][0]["members"]


def _until(so: Any) -> None:
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_changes_do_not_wait_for_a_sync(sim: Simulator, other: Controller, state: Path):
    """Grants are done in the middle of a long sync, though three more syncs stand in the queue."""
    sim.reset(Options(users=20_000, groups=5, members_per_group=6, seed=7, latency_ms=50))
    changes = _changes(sim)[:4]
    with hosted(sim, other, state, "-p", "--workers", "1") as served:
        syncs = [other.enqueue(asks.sync()) for _ in range(4)]
        other.wait_until(lambda: other.entry(syncs[0]).beats, 20)
        done = [other.wait_finished(other.enqueue(task), 20) for task in changes]
        unfinished = not other.entry(syncs[0]).finishes
        waits = [one.finishes[0].at - one.queued_at for one in done]
        served.end()

    assert [entry.state for entry in done] == ["done"] * 4
    assert unfinished
    assert max(waits) < 3


# Starting, and two at once


def test_what_ends_it_at_the_start(sim: Simulator, other: Controller, state: Path):
    """Half of the credentials, unusable ones and refused ones: each its own exit status."""
    with hosted(sim, other, state, BATON_CLIENT_SECRET="") as served:
        assert served.process.wait(20) == 2
        assert "--client-secret" in served.said
    with hosted(sim, other, state, BATON_CLIENT_SECRET="a:b:v1:c") as served:  # noqa: S106
        assert served.process.wait(20) == INVALID
    with hosted(sim, other, state, SSL_CERT_FILE="/none") as served:
        assert served.process.wait(20) == INVALID
    other.doorkeeper.clients.clear()
    with hosted(sim, other, state) as served:
        assert served.process.wait(20) == 16
    assert "Rotate" in served.said


def test_ca_file_is_trusted_as_well(sim: Simulator, other: Controller, state: Path):
    """A private authority may be named by --ca-file instead of SSL_CERT_FILE."""
    with hosted(sim, other, state, "--ca-file", str(other.ca_file), SSL_CERT_FILE=""):
        assert other.wait_finished(other.enqueue(asks.sync())).state == "done"


def test_two_connectors_with_one_id(sim: Simulator, other: Controller, tmp_path: Path):
    """Each task is carried out by one of them; both have state folders of their own."""
    ids = [other.enqueue(asks.sync()) for _ in range(6)]
    with hosted(sim, other, tmp_path / "a"), hosted(sim, other, tmp_path / "b"):
        entries = [other.wait_finished(one, 30) for one in ids]
    for entry in entries:
        whole(sim, entry)

    assert [len(entry.finishes) for entry in entries] == [1] * 6


def test_two_connectors_in_one_folder(sim: Simulator, other: Controller, state: Path):
    """Who finds the folder in use hands its sync back, and in the end every sync is whole."""
    sim.reset(WIDE)
    other.board.tries = 100
    ids = [other.enqueue(asks.sync()) for _ in range(6)]
    with hosted(sim, other, state), hosted(sim, other, state, BATON_HOST_ID="there"):
        entries = [other.wait_finished(one, 60) for one in ids]
    for entry in entries:
        whole(sim, entry)

    assert {finish.final for entry in entries for finish in entry.finishes[:-1]} <= {False}


# Secrets


def test_no_secret_is_written(sim: Simulator, other: Controller, state: Path):
    """At the most talkative level, through failures: no token, key or assertion anywhere."""
    other.doorkeeper.token_life_s = 2
    with hosted(sim, other, state, "-p", "--log-level", "debug") as served:
        other.wait_finished(other.enqueue(asks.sync()))
        sim.revoke_tokens()
        other.wait_finished(other.enqueue(asks.sync()))
        other.wait_finished(other.enqueue(_changes(sim)[0]))
        other.restart(0.2)
        other.html(403)
        time.sleep(1.5)
        other.html(0)
        other.wait_finished(other.enqueue(asks.sync()), 20)
        environ = Path(f"/proc/{served.process.pid}/cmdline").read_text(encoding="utf-8")
        served.end()
    words = {one.metadata["authorization"].split()[1] for one in other.received("GetTask")}
    words |= {one.request["client_assertion"] for one in other.received("Token")}
    words |= {sim.scim_token, other.client_secret, other.client_secret.split(":")[3][40:90]}
    files = [one.read_bytes() for one in state.rglob("*") if one.is_file()]

    assert len(words) >= 5
    assert not [word for word in words if word in served.said or word in environ]
    assert not [word for word in words for file in files if word.encode() in file]
