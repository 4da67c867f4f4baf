"""Leases: who has a task, for how long, and what the end of it still means when it comes late."""

import threading
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from gate_rig import Gate, Peer, opened, pieces
from quick_pace import QUICK
from scenes import Scene
from test_golden_calls import V1, ask

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.server.access.models import Account
from rolecall.server.connectors import tasks
from rolecall.server.connectors.controller import uploads
from rolecall.server.connectors.controller.hosts import mark_missing
from rolecall.server.connectors.models import Connector, Task, Upload
from rolecall.server.connectors.services.running import cancel
from rolecall.server.mail.models import Message

CODE = grpc.StatusCode
SYNC_LEASE = timedelta(seconds=QUICK.vouched_lease_s + 1)
CHANGE_LEASE = timedelta(seconds=QUICK.change_lease_s + 1)


@pytest.fixture
def connector(gate: Gate) -> Connector:
    """Self-hosted."""
    return gate.add()


@pytest.fixture
def peer(gate: Gate, connector: Connector) -> Peer:
    """It has said hello, so that there is a sync for it."""
    peer = gate.peer(connector).login()
    peer.hello()
    return peer


def row(task: api.Task) -> Task:
    """What we know of it."""
    return Task.objects.get(pk=task.id)


def code(call, *args, **named) -> grpc.StatusCode:
    """How a call is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **named)
    return caught.value.code()


def action(scene: Scene, connector: Connector) -> Task:
    """A change to carry out."""
    return ask(scene, connector, "action", name="echo", args={})


def test_a_token_is_useless_for_another_connectors_task(gate: Gate, peer: Peer):
    """It is not there for them, whatever they ask."""
    task = peer.take()
    stranger = gate.peer(gate.add("Other", "Other"), peer.host).login()
    assert code(stranger.beat, task.id) == CODE.NOT_FOUND
    assert code(stranger.finish, task.id) == CODE.NOT_FOUND
    assert code(stranger.upload, task.id, V1) == CODE.ABORTED
    assert code(stranger.hello, task_id=task.id) == CODE.NOT_FOUND
    assert stranger.get_task().task.WhichOneof("task_type") == "none"
    assert row(task).state == Task.State.RUNNING
    assert not Upload.objects.exists()


def test_heartbeats_keep_a_sync_and_silence_loses_it(peer: Peer, scene: Scene):
    """Who is silent loses it to the next who asks; the late one hears that it is cancelled."""
    task = peer.take()
    for _ in range(3):
        scene.step += SYNC_LEASE / 2
        assert not peer.beat(task.id).cancelled
        assert tasks.sweep(scene.now()) == 0
    scene.step += SYNC_LEASE
    assert tasks.sweep(scene.now()) == 1
    other = Peer(**{**peer.__dict__, "host": "other-host"})
    assert other.take().id == task.id
    assert peer.beat(task.id).cancelled
    assert not other.beat(task.id).cancelled
    assert code(peer.upload, task.id, V1) == CODE.ABORTED
    peer.finish(task.id)
    assert row(task).state == Task.State.RUNNING, "the sync is the other's to finish"
    other.upload(task.id, V1)
    other.finish(task.id)
    other.finish(task.id)
    assert scene.carry_out(row(task)).state == Task.State.DONE
    other.finish(task.id)
    assert row(task).state == Task.State.DONE


def test_a_late_end_of_a_sync_counts_if_nobody_has_begun_again(peer: Peer, scene: Scene):
    """What was read was read."""
    task = peer.take()
    peer.upload(task.id, V1)
    scene.step += SYNC_LEASE
    tasks.sweep(scene.now())
    assert row(task).state == Task.State.QUEUED
    peer.finish(task.id)
    assert peer.get_task().task.WhichOneof("task_type") == "none"
    assert scene.carry_out(row(task)).state == Task.State.DONE
    assert Account.objects.exists()


def test_a_change_has_a_long_lease_without_heartbeats(
    peer: Peer, scene: Scene, connector: Connector
):
    """And its success counts however late: it was done."""
    action(scene, connector)
    task = peer.take()
    scene.step += SYNC_LEASE
    assert tasks.sweep(scene.now()) == 0
    scene.step += CHANGE_LEASE
    assert tasks.sweep(scene.now()) == 1
    other = Peer(**{**peer.__dict__, "host": "other-host"})
    assert other.take().id == task.id
    peer.finish(task.id)
    assert row(task).state == Task.State.DONE
    other.finish(task.id, error={"non_retryable": True}, status={"code": 2, "message": "no"})
    assert row(task).state == Task.State.DONE


def test_ours_vouch_for_changes_too(peer: Peer, scene: Scene, connector: Connector):
    """So that an answer that was lost on its way is given again soon."""
    peer.hello(build_info={"package": "rolecall", "package_version": "0.1.0"})
    action(scene, connector)
    task = peer.take()
    scene.step += SYNC_LEASE / 2
    assert not peer.beat(task.id).cancelled
    scene.step += SYNC_LEASE / 2
    assert tasks.sweep(scene.now()) == 0
    scene.step += SYNC_LEASE
    assert tasks.sweep(scene.now()) == 1
    assert peer.take().id == task.id


def test_a_change_that_nobody_ever_finishes_is_given_up_and_may_still_arrive(
    peer: Peer, scene: Scene, connector: Connector
):
    """After five it fails, as one of which nobody knows what it did."""
    asked = action(scene, connector)
    for _ in range(tasks.MOST_ATTEMPTS):
        assert peer.take().id == asked.pk
        scene.step += CHANGE_LEASE
        peer.login()
        tasks.sweep(scene.now())
    assert peer.get_task().task.id != asked.pk
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (Task.State.FAILED, "Interrupted")
    peer.finish(asked.pk)
    asked.refresh_from_db()
    assert asked.state == Task.State.DONE


def test_a_reason_that_passes_puts_a_change_off(peer: Peer, scene: Scene, connector: Connector):
    """Later each time, for a day; then it has failed."""
    asked = action(scene, connector)
    end = {"error": {}, "status": {"code": 14, "message": "Notion does not answer"}}
    for count in range(200):
        task = (
            peer.take()
            if count == 0
            else next(
                one
                for one in iter(lambda: peer.login().get_task().task, None)
                if one.id == asked.pk
            )
        )
        peer.finish(task.id, **end)
        asked.refresh_from_db()
        if asked.state == Task.State.FAILED:
            break
        assert asked.lease_until > scene.now()
        assert peer.get_task().task.id != asked.pk, "not before its time"
        scene.step = asked.lease_until - scene.now() + scene.step + timedelta(hours=2)
    assert (asked.state, asked.error) == (Task.State.FAILED, "Unreachable")
    assert count > 5
    assert "Notion does not answer" in asked.message


def test_a_cancelled_task_is_told_at_the_next_heartbeat(
    peer: Peer, scene: Scene, connector: Connector
):
    """And its end means nothing."""
    task = peer.take()
    cancel(scene.admin, connector.public_id, task.id, now=scene.now())
    answer = peer.beat(task.id)
    assert answer.cancelled
    assert list(answer.cancelled_task_ids) == [task.id]
    peer.finish(task.id, error={}, status={"code": 1, "message": "cancelled"})
    assert row(task).state == Task.State.CANCELLED


def test_a_task_that_is_given_back_begins_again(peer: Peer):
    """As by a connector that is being stopped."""
    task = peer.take()
    peer.finish(task.id, error={}, status={"code": 1, "message": "stopping"})
    assert row(task).state == Task.State.QUEUED
    assert peer.take().id == task.id


def test_several_controllers_give_a_task_once(gate: Gate, peer: Peer, scene: Scene, tmp_path: Path):
    """Two on one database, asked by many at once."""
    connector = Connector.objects.get()
    wanted = {action(scene, connector).pk for _ in range(12)}
    got: list[str] = []
    with opened(scene, tmp_path / "second") as second:
        doors = [(gate, gate.root.read_bytes()), (second, second.root.read_bytes())]

        def poll(number: int) -> None:
            there, roots = doors[number % 2]
            own = Peer(
                **{
                    **peer.__dict__, "host": f"host-{number}", "address": there.address,
                    "roots": roots,
                }
            )  # fmt: skip
            while (task := own.get_task().task).WhichOneof("task_type") not in {
                "none",
                "sync_full",
            }:
                got.append(task.id)

        threads = [threading.Thread(target=poll, args=(number,)) for number in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(120)
    assert sorted(got) == sorted(wanted)


def test_uploads_that_are_not_right_are_refused(peer: Peer, monkeypatch: pytest.MonkeyPatch):
    """Each in one thing; and a right one afterwards is taken."""
    task = peer.take()
    request = api.BatonServiceUploadAssetRequest
    meta, *data, eof = pieces(peer.host, task.id, V1)
    wrong = {
        "no metadata": [*data, eof],
        "nothing": [],
        "data after the end": [meta, *data, eof, *data],
        "metadata twice": [meta, meta, *data, eof],
        "an empty piece": [meta, request(data=request.UploadData()), eof],
        "a piece too large": [meta, request(data=request.UploadData(data=bytes((1 << 20) + 1)))],
        "a short digest": [meta, *data, request(eof=request.UploadEOF(sha256_checksum=b"x"))],
        "another digest": pieces(peer.host, task.id, V1, digest=bytes(32)),
        "no end": [meta, *data],
        "no such task": pieces(peer.host, "x" * 27, V1),
        "an id that is none": pieces(peer.host, "short", V1),
        "another host": pieces("another", task.id, V1),
    }
    for what, messages in wrong.items():
        assert code(peer.stream, messages) in {CODE.INVALID_ARGUMENT, CODE.ABORTED}, what
    monkeypatch.setattr(uploads, "MAX_BYTES", len(V1) - 1)
    assert code(peer.upload, task.id, V1) == CODE.INVALID_ARGUMENT
    assert not Upload.objects.exists()
    monkeypatch.setattr(uploads, "MAX_BYTES", len(V1))
    peer.upload(task.id, V1)
    assert Upload.objects.get().kind == "c1z"


def test_messages_that_break_the_protocols_rules_are_refused(peer: Peer):
    """As Go's own servers would."""
    task = peer.take()
    made = api.BatonServiceHeartbeatRequest
    assert code(peer.beat, "short") == CODE.INVALID_ARGUMENT
    assert code(peer.beat, "x" * 27) == CODE.NOT_FOUND
    assert code(peer.call, "Heartbeat", made(task_id=task.id)) == CODE.INVALID_ARGUMENT
    long = made(host_id="h" * 257, task_id=task.id)
    assert code(peer.call, "Heartbeat", long) == CODE.INVALID_ARGUMENT
    many = api.BatonServiceGetTasksRequest(host_id="here", page_size=101)
    assert code(peer.call, "GetTasks", many) == CODE.INVALID_ARGUMENT
    endless = api.BatonServiceFinishTaskRequest(host_id="here", task_id=task.id)
    assert code(peer.call, "FinishTask", endless) == CODE.INVALID_ARGUMENT
    nobody = api.BatonServiceHelloRequest(host_id="here")
    assert code(peer.call, "Hello", nobody) == CODE.INVALID_ARGUMENT
    nul = api.BatonServiceGetTaskRequest(host_id="a\x00b")
    assert code(peer.call, "GetTask", nul) == CODE.INVALID_ARGUMENT
    debug = (api.StartDebuggingRequest(), api.StartDebuggingResponse)
    assert code(peer.call, "StartDebugging", *debug) == CODE.UNIMPLEMENTED


def test_who_is_silent_is_not_seen_and_is_told_once(peer: Peer, scene: Scene, connector: Connector):
    """A state, and one mail; whoever calls again is seen again."""
    peer.finish(peer.take().id, error={}, status={"code": 2, "message": "x"})
    assert mark_missing(scene.now()) == 0
    scene.step += timedelta(minutes=11)
    assert mark_missing(scene.now()) == 1
    assert mark_missing(scene.now()) == 0
    assert scene.state(connector) == Connector.State.NOT_SEEN
    assert [one.subject for one in Message.objects.filter(subject__contains="not seen")] == [
        "Own Notion is not seen any more"
    ]
    peer.get_task()
    assert scene.state(connector) == Connector.State.ERROR
    scene.step += timedelta(minutes=11)
    assert mark_missing(scene.now()) == 1
    assert Message.objects.filter(subject__contains="not seen").count() == 2
