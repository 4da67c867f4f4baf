"""A Go connector, played from what one sent to a controller (golden transcripts)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gate_rig import Gate, Peer
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as Packed
from scenes import Scene

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Conflict
from rolecall.server.access.models import Account, Entitlement, Grant
from rolecall.server.connectors import tasks
from rolecall.server.connectors.models import Connector, Host, Task, Upload
from rolecall.server.connectors.pace import pace
from rolecall.server.connectors.services import credential

GOLDEN = Path(__file__).parents[2] / "golden"
V1 = (GOLDEN / "go-v1-one-full-sync.c1z").read_bytes()
V3 = (GOLDEN / "go-v3-pebble.c1z").read_bytes()
LOG = b'{"level":"info","ts":1795224111.83,"msg":"debug"}\n' * 40


def recorded(kind: str) -> list[dict[str, Any]]:
    """Messages of a kind, of both transcripts, in order."""
    found = []
    for name in ("1", "gettasks"):
        text = (GOLDEN / f"service-mode-transcript-{name}.jsonl").read_text("utf-8")
        found += [one for one in map(json.loads, text.splitlines()) if one["k"] == kind]
    return found


def hello() -> api.BatonServiceHelloRequest:
    """The first hello of the transcript."""
    told = recorded("Hello")[0]["req"]
    known = json.loads(json.dumps(told).replace("\x00", ""))
    return json_format.ParseDict(known, api.BatonServiceHelloRequest(), ignore_unknown_fields=True)


def ask(scene: Scene, connector: Connector, kind: str, **parameters: Any) -> Task:
    """A task for it."""
    connector = Connector.objects.get(pk=connector.pk)
    return tasks.ask(
        connector, kind, trigger="order", asked_by="tests", now=scene.now(), **parameters
    )


@pytest.fixture
def connector(gate: Gate) -> Connector:
    """Self-hosted, for an app of its own."""
    return gate.add("Demo", "Demo")


@pytest.fixture
def go(gate: Gate, connector: Connector) -> Peer:
    """The connector of the transcripts; it has said hello."""
    peer = gate.peer(connector, "probe-host").login()
    peer.call("Hello", hello())
    return peer


@pytest.fixture
def synced(go: Peer, scene: Scene) -> Peer:
    """It has synced once."""
    task = go.take()
    go.beat(task.id)
    go.upload(task.id, V1)
    go.finish(task.id)
    assert scene.carry_out(Task.objects.get(pk=task.id)).state == Task.State.DONE
    return go


def test_hello_is_noted(go: Peer):
    """Who it is and what it can do; its first hello asks for the first sync."""
    host = Host.objects.get()
    assert (host.name, host.version.split()[0]) == (go.host, "github.com/conductorone/baton-sdk")
    assert host.system == "linux"
    assert "CAPABILITY_PROVISION" in host.capabilities["capabilities"]["connector_capabilities"]
    task = go.take()
    assert task.sync_full.storage_engine == "sqlite"
    assert not task.sync_full.sync_resource_type_ids
    assert len(task.id) == 27


def test_a_hello_task_ends_by_hello(go: Peer, scene: Scene, connector: Connector):
    """And by nothing else."""
    asked = ask(scene, connector, "test")
    task = go.take()
    assert (task.id, task.WhichOneof("task_type")) == (asked.pk, "hello")
    again = hello()
    again.task_id = task.id
    go.call("Hello", again)
    go.call("Hello", again)
    asked.refresh_from_db()
    assert asked.state == Task.State.DONE
    answers, can, last = asked.result["lines"]
    assert answers["found"].startswith("probe-host, github.com/conductorone/baton-sdk v0.25.1")
    assert can["ok"]
    assert (last["ok"], "not known" in last["missing"]) == (False, True)


def test_whoever_does_not_call_is_not_asked(go: Peer, scene: Scene, connector: Connector):
    """A test asks for a hello, and no more than one; without somebody to answer, it is refused."""
    first = credential.test(scene.admin, connector.public_id, now=scene.now())
    second = credential.test(scene.admin, connector.public_id, now=scene.now())
    go.hello(task_id=second.pk)
    assert [Task.objects.get(pk=one.pk).state for one in (first, second)] == ["cancelled", "done"]

    scene.step = timedelta(seconds=2 * pace().missed_s)
    with pytest.raises(Conflict, match="has not called since"):
        credential.test(scene.admin, connector.public_id, now=scene.now())


def test_a_file_with_a_debug_log_beside_it(go: Peer, scene: Scene):
    """Several uploads of one task: the file is taken in, the log is noted and not kept."""
    task = go.take()
    assert not go.beat(task.id).cancelled
    go.upload(task.id, LOG)
    go.upload(task.id, V1)
    go.upload(task.id, V1)
    go.upload(task.id, LOG)
    assert not Account.objects.exists(), "nothing counts before the end of the task"
    go.finish(task.id)
    assert not Account.objects.exists(), "a worker takes it in"
    done = scene.carry_out(Task.objects.get(pk=task.id))

    assert done.state == Task.State.DONE, done.message
    rows = json.loads((GOLDEN / "go-v1-one-full-sync.rows.json").read_text("utf-8"))
    users = {
        one["external_id"].removeprefix("user:")
        for one in rows["v1_resources"]
        if one["resource_type_id"] == "user"
    }
    assert set(Account.objects.values_list("external_id", flat=True)) == users
    assert Grant.objects.filter(until_at=None).exists()
    kinds = [one.kind for one in Upload.objects.order_by("id")]
    assert kinds == ["log", "c1z", "c1z", "log"]
    assert [one.file is None for one in Upload.objects.order_by("id")] == [True, False, False, True]
    assert done.file.kind == "c1z"
    assert Connector.objects.get().state == Connector.State.CONNECTED


def test_a_v3_file_is_refused_aloud(go: Peer):
    """It is not kept, and whoever looks reads what to do."""
    task = go.take()
    go.upload(task.id, V3)
    go.finish(task.id)
    row = Task.objects.get(pk=task.id)
    assert (row.state, row.error) == (Task.State.FAILED, "Invalid")
    assert "version 3" in row.message
    assert "BATON_STORAGE_ENGINE" in row.message
    assert Upload.objects.get().file is None
    assert Connector.objects.get().state == Connector.State.ERROR
    assert Connector.objects.get().due_at is not None, "the schedule goes on"


def test_success_without_a_file_is_none(go: Peer):
    """Nor is a log alone a sync."""
    task = go.take()
    go.upload(task.id, LOG)
    go.finish(task.id)
    row = Task.objects.get(pk=task.id)
    assert (row.state, row.error) == (Task.State.FAILED, "Unfinished")
    assert "sent no file" in row.message


def test_a_file_that_is_damaged_or_empty_applies_nothing(go: Peer, scene: Scene):
    """The app is as it was, and the run says why."""
    task = go.take()
    go.upload(task.id, V1[: len(V1) // 2])
    go.finish(task.id)
    row = scene.carry_out(Task.objects.get(pk=task.id))
    assert row.state == Task.State.FAILED
    assert not Account.objects.exists()


def test_changes_carry_whole_objects(synced: Peer, scene: Scene, connector: Connector):
    """With Baton's ids, traits and profile; the orders go before a sync."""
    account = Account.objects.get(external_id="5")
    group = Entitlement.objects.get(external_id="group:g1:member")
    named = {"account": account.public_id, "entitlement": group.public_id}
    ask(scene, connector, "sync")
    ask(scene, connector, "grant", **named)
    given = synced.take()
    assert given.WhichOneof("task_type") == "grant"
    principal, entitlement = given.grant.principal, given.grant.entitlement
    assert (principal.id.resource_type, principal.id.resource) == ("user", "5")
    assert principal.annotations[0].type_url.endswith("c1.connector.v2.UserTrait")
    assert (entitlement.id, entitlement.slug) == ("group:g1:member", "member")
    assert (entitlement.resource.id.resource_type, entitlement.resource.id.resource) == (
        "group", "g1",
    )  # fmt: skip
    synced.finish(given.id)
    ask(scene, connector, "revoke", **named)
    taken = synced.take().revoke.grant
    assert taken.id == "group:g1:member:user:5"
    assert taken.principal.id.resource == "5"


def test_every_recorded_end_is_understood(synced: Peer, scene: Scene, connector: Connector):
    """Successes, refusals, types that nobody here knows: each ends a task, and is kept whole."""
    account = Account.objects.get(external_id="5")
    for end in recorded("FinishTask"):
        if "req" not in end:
            continue
        asked = ask(scene, connector, "delete_resource", account=account.public_id)
        task = synced.take()
        assert task.delete_resource.resource_id.resource == "5"
        told = dict(end["req"], task_id=task.id, host_id=synced.host)
        request = json_format.ParseDict(told, api.BatonServiceFinishTaskRequest())
        synced.call("FinishTask", request)
        asked.refresh_from_db()
        assert bytes(asked.answer) == request.SerializeToString()
        failed = "error" in told
        assert asked.state == (Task.State.FAILED if failed else Task.State.DONE)
        if failed:
            expected = {2: "Unverified", 5: "Gone", 12: "Unsupported"}
            assert asked.error == expected[told["status"]["code"]]
            assert "non-retryable" not in asked.message


def test_an_answer_of_an_unknown_type_is_kept(synced: Peer, scene: Scene, connector: Connector):
    """Its bytes, as they came."""
    asked = ask(scene, connector, "action", name="echo", args={"x": "hi"})
    task = synced.take()
    assert task.action_invoke.args["x"] == "hi"
    strange = Packed(type_url="type.googleapis.com/c1.connector.v9.NobodyKnows", value=b"\x01\xff")
    synced.finish(task.id, success={"response": strange})
    asked.refresh_from_db()
    kept = api.BatonServiceFinishTaskRequest.FromString(bytes(asked.answer))
    assert (asked.state, kept.success.response) == (Task.State.DONE, strange)


def test_get_tasks_never_repeats_what_is_known(synced: Peer, scene: Scene, connector: Connector):
    """At most as many as asked for; of one account, one after the other."""
    accounts = list(Account.objects.order_by("external_id")[:3])
    for one in (accounts[0], accounts[0], accounts[1], accounts[2]):
        ask(scene, connector, "delete_resource", account=one.public_id)
    request = api.BatonServiceGetTasksRequest(host_id=synced.host, page_size=2)
    first = synced.call("GetTasks", request)
    known = [one.id for one in first.tasks]
    request.page_size = 6
    request.known_task_ids.extend(known)
    second = synced.call("GetTasks", request)
    assert (len(first.tasks), len(second.tasks)) == (2, 1)
    assert not {one.id for one in second.tasks} & set(known)
    names = [one.delete_resource.resource_id.resource for one in (*first.tasks, *second.tasks)]
    assert sorted(names) == sorted(one.external_id for one in accounts)
    for one in known:
        synced.finish(one)
    last = synced.call("GetTasks", request)
    assert [one.delete_resource.resource_id.resource for one in last.tasks] == [
        accounts[0].external_id
    ]
    assert last.next_poll.seconds + last.next_poll.nanos > 0
