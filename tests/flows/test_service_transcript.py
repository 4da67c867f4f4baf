"""Task for task, what we answer beside what the Go connector answered (golden transcripts).

The transcripts record a demo connector of the Go SDK at a controller; here `rolecall-notion` is at
a simulator. `ROWS` is the table: each recorded end of a task, a task of its kind for Notion, and
what differs, with the reason. What differs otherwise, and what is recorded and not in the table,
fails.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller import asks
from controller.service import Controller
from controller.shapes import as_json, shape
from hosted import hosted
from notion_sim import Options, Simulator
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

GOLDEN = Path(__file__).parents[1] / "golden"
SMALL = Options(users=12, groups=3, members_per_group=4, seed=7)


@dataclass(frozen=True, kw_only=True)
class World:
    """Names of what there is in the simulator."""

    outsider: str
    """A member of no first group."""

    group: str
    leaver: str
    """Who is removed."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recorded end, and ours."""

    says: str
    kind: str
    nth: int
    """Which recorded end of the kind, in the first transcript."""

    ours: Callable[[World], api.Task]
    lacks: tuple[str, ...] = ()
    """Paths of the recorded shape that ours has not."""

    has: tuple[str, ...] = ()
    """Paths that only ours has; `*` at the end is any path that begins so."""

    code: int | None = None
    """Our gRPC code, where it is another."""

    final: bool | None = None
    """Our non_retryable, where it is another."""

    why: str = ""


INVALID, NOT_FOUND, UNIMPLEMENTED = 3, 5, 12
GONE_WRONG = (".status", ".status.code", ".status.message", ".error", ".error.non_retryable")
ACCOUNT = ".success.response<CreateAccountResponse>.success.resource"
EVENTS = "Notion has no events and no tickets: Unimplemented says so and is final."

ROWS = (
    Row(says="a full sync", kind="sync_full", nth=0, ours=lambda _: asks.sync()),
    Row(
        says="a grant",
        kind="grant",
        nth=0,
        ours=lambda world: asks.grant_group(world.outsider, world.group),
        has=(".success.response<GrantManagerServiceGrantResponse>.grants[].entitlement.slug",),
        why="The grant holds the entitlement as it was sent; the slug was sent.",
    ),
    Row(
        says="a grant of what is held already",
        kind="grant",
        nth=1,
        ours=lambda world: asks.grant_group(world.outsider, world.group),
    ),
    Row(
        says="a grant that fails",
        kind="grant",
        nth=2,
        ours=lambda world: asks.grant_role(world.outsider, "emperor"),
        code=INVALID,
        why="The code is that of the cause; the recorded failure was a plain error.",
    ),
    Row(
        says="a revocation of what is not held",
        kind="revoke",
        nth=0,
        ours=lambda world: asks.revoke_role(world.outsider, "membership_admin"),
    ),
    Row(
        says="an account",
        kind="create_account",
        nth=0,
        ours=lambda _: asks.create_account("n@larkspur.example", first_name="N", last_name="O"),
        has=(f"{ACCOUNT}.annotations[]<UserTrait>.structured_name*",),
        why="Notion tells given and family name; the demo connector has none.",
    ),
    Row(
        says="a deletion",
        kind="delete_resource",
        nth=0,
        ours=lambda world: asks.delete("user", world.leaver),
    ),
    Row(
        says="a deletion of somebody who is gone",
        kind="delete_resource",
        nth=1,
        ours=lambda world: asks.delete("user", world.leaver),
        lacks=GONE_WRONG,
        has=(".success", ".success.response<DeleteResourceResponse>"),
        code=0,
        final=False,
        why="Who is gone is what was asked for; a repeated task must not fail.",
    ),
    Row(
        says="a deletion of what cannot be deleted",
        kind="delete_resource",
        nth=2,
        ours=lambda _: asks.delete("role", "owner"),
    ),
    Row(
        says="a rotation of credentials",
        kind="rotate_credentials",
        nth=0,
        ours=lambda _: asks.simple("rotate_credentials"),
    ),
    Row(
        says="the list of actions",
        kind="action_list_schemas",
        nth=0,
        ours=lambda _: asks.simple("action_list_schemas"),
        has=(".success.response<ListActionSchemasResponse>.schemas[].*",),
        why="Our schemas say more: descriptions, types, constraints, what is returned.",
    ),
    Row(
        says="the schema of an action",
        kind="action_get_schema",
        nth=0,
        ours=lambda _: asks.simple("action_get_schema", name="create_group"),
        has=(".success.response<GetActionSchemaResponse>.schema.*",),
        why="The same.",
    ),
    Row(
        says="an action",
        kind="action_invoke",
        nth=0,
        ours=lambda _: asks.invoke("create_group", name="Newcomers"),
    ),
    Row(
        says="an action that fails",
        kind="action_invoke",
        nth=1,
        ours=lambda _: asks.invoke("create_group"),
        has=(".error.non_retryable",),
        code=INVALID,
        final=True,
        why="Arguments that lack will lack again: non_retryable comes from the cause.",
    ),
    Row(
        says="an action that does not exist",
        kind="action_invoke",
        nth=2,
        ours=lambda _: asks.invoke("nope"),
        has=(".error.non_retryable",),
        final=True,
        why="It will not exist at the next try: non_retryable comes from the cause.",
    ),
    Row(
        says="the status of an unknown action",
        kind="action_status",
        nth=0,
        ours=lambda _: asks.simple("action_status", id="nonexistent"),
        has=(".error.non_retryable",),
        final=True,
        why="The same. Ours outlive a restart: they are in the journal.",
    ),
    Row(
        says="event feeds",
        kind="list_event_feeds",
        nth=0,
        ours=lambda _: asks.simple("list_event_feeds"),
        lacks=(".success", ".success.response<ListEventFeedsResponse>"),
        has=GONE_WRONG,
        code=UNIMPLEMENTED,
        final=True,
        why=EVENTS,
    ),
    Row(
        says="an event feed",
        kind="event_feed",
        nth=0,
        ours=lambda _: asks.simple("event_feed"),
        has=(".error.non_retryable",),
        code=UNIMPLEMENTED,
        final=True,
        why="`unsupported task type` was code 2 and retryable; Unimplemented is what it means.",
    ),
    Row(
        says="a compaction",
        kind="compact_syncs",
        nth=0,
        ours=lambda _: asks.simple("compact_syncs"),
        has=(".error.non_retryable",),
        code=UNIMPLEMENTED,
        final=True,
        why="The same.",
    ),
    Row(
        says="a new group",
        kind="create_resource",
        nth=0,
        ours=lambda _: asks.simple(
            "create_resource",
            resource={"id": {"resource_type": "group"}, "display_name": "Made by a task"},
        ),
        lacks=GONE_WRONG,
        has=(".success*",),
        code=0,
        final=False,
        why="The demo connector creates nothing; we create groups.",
    ),
)

MORE = (
    "hello",
    "create_ticket_task",
    "list_ticket_schemas",
    "get_ticket",
    "bulk_create_tickets",
    "bulk_get_tickets",
    "create_sync_diff",
    "list_events",
    "issue_credential",
)
"""Kinds whose end was not recorded, or which the Go connector leaves without one."""


def recorded(name: str, kind: str) -> list[dict[str, Any]]:
    """Lines of a transcript."""
    lines = (GOLDEN / f"service-mode-transcript-{name}.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["k"] == kind]


def recorded_ends() -> list[tuple[str, dict[str, Any]]]:
    """Kind and FinishTask, in the order of the first transcript."""
    kinds = {one["give"]: one["type"] for one in recorded("1", "GetTask") if one["give"]}
    found = []
    for line in recorded("1", "FinishTask"):
        if "req" not in line:  # the recorder could not read this one; its text is in `raw`
            task = line["raw"].split('"')[3]
            name = line["ex"].rsplit("/", 1)[1]
            req = {"task_id": task, "success": {"response": {"@type": f"x/{name}"}}}
        else:
            req = line["req"]
        found.append((kinds[req["task_id"]], req))
    return found


ENDS = recorded_ends()


@pytest.fixture(scope="module")
def ended() -> Iterator[dict[str, Any]]:
    """Every row's task carried out, one after the other, by one connector."""
    with Simulator(SMALL) as sim, Controller() as other:
        state = sim.state()
        group = state["groups"][0]
        outside = [
            one["id"]
            for one in state["members"]
            if one["id"] not in group["members"] and one["role"] == "member"
        ]
        world = World(outsider=outside[0], group=group["id"], leaver=outside[1])
        with hosted(sim, other, other.folder / "state", "-p") as served:
            found: dict[str, Any] = {"other": other, "served": served}
            for row in ROWS:
                found[row.says] = other.wait_finished(other.enqueue(row.ours(world)), 20)
            for kind in MORE:
                found[kind] = other.wait_finished(other.enqueue(asks.simple(kind)), 20)
            found["status"] = served.end()
        yield found


def test_every_recorded_end_is_in_the_table():
    """As many rows of each kind as there are recorded ends, and no kind is left out."""
    assert Counter(row.kind for row in ROWS) == Counter(kind for kind, _ in ENDS)


def test_every_kind_of_task_is_tried():
    """Table and list together hold every type that the protocol has, but `none`."""
    kinds = {field.name for field in api.Task.DESCRIPTOR.oneofs_by_name["task_type"].fields}

    assert {row.kind for row in ROWS} | set(MORE) == kinds - {"none"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_the_end_has_the_recorded_shape(ended: dict[str, Any], row: Row):
    """Fields, types and code are those of the Go connector, but for what the row names."""
    entry = ended[row.says]
    theirs = [req for kind, req in ENDS if kind == row.kind][row.nth]
    ours = as_json(entry.finishes[0].request)
    has = shape(ours) - shape(theirs)
    named = {one for one in has for said in row.has if fits(one, said)}

    assert len(entry.finishes) == 1
    assert shape(theirs) - shape(ours) == set(row.lacks)
    assert has == named
    assert all(any(fits(one, said) for one in has) for said in row.has)
    assert ours.get("status", {}).get("code", 0) == expected_code(row, theirs)
    assert ours.get("error", {}).get("non_retryable", False) is expected_final(row, theirs)
    assert bool(row.why) == bool(row.lacks or row.has or row.code is not None)


def fits(path: str, said: str) -> bool:
    """Whether a path is the one that a row names."""
    return path.startswith(said[:-1]) if said.endswith("*") else path == said


def expected_code(row: Row, theirs: dict[str, Any]) -> int:
    """Of the row, else as recorded."""
    return int(theirs.get("status", {}).get("code", 0)) if row.code is None else row.code


def expected_final(row: Row, theirs: dict[str, Any]) -> bool:
    """Of the row, else as recorded."""
    recorded_one = bool(theirs.get("error", {}).get("non_retryable", False))
    return recorded_one if row.final is None else row.final


def test_what_is_final_says_so_in_its_text(ended: dict[str, Any]):
    """A non-retryable error's message ends with the line that the Go connector's ends with."""
    tail = recorded("1", "FinishTask")[3]["req"]["status"]["message"].splitlines()[-1]
    finals = [
        ended[row.says].finishes[0].request
        for row in ROWS
        if ended[row.says].finishes[0].request.error.non_retryable
    ]

    assert len(finals) >= 8
    assert {one.status.message.splitlines()[-1] for one in finals} == {tail}


@pytest.mark.parametrize("kind", [kind for kind in MORE if kind != "hello"])
def test_what_notion_cannot_do_is_unimplemented(ended: dict[str, Any], kind: str):
    """Every other type is finished, as Unimplemented and for good; Go leaves some unfinished."""
    (finish,) = ended[kind].finishes

    assert (finish.code, finish.final) == (UNIMPLEMENTED, True)


def test_hello_is_answered_by_hello(ended: dict[str, Any]):
    """A hello task is answered by Hello with its id, as recorded, and by no FinishTask."""
    theirs = [line["req"] for line in recorded("1", "Hello")]
    ours = [as_json(one.request) for one in ended["other"].received("Hello")]
    lists = (".connector_metadata", ".build_info", ".os_info")
    fields = [{path for path in shape(one) if path.count(".") == 1} for one in (theirs[1], ours[1])]

    assert ended["hello"].finishes == []
    assert ours[1]["task_id"] == ended["hello"].task.id
    assert "task_id" not in theirs[0].keys() | ours[0].keys()
    assert fields[0] == fields[1] >= set(lists)
    assert set(theirs[1]["connector_metadata"]["capabilities"]) <= set(
        ours[1]["connector_metadata"]["capabilities"]
    )


def test_a_sync_is_uploaded_as_recorded(ended: dict[str, Any]):
    """One asset of a c1z, before the FinishTask; the first heartbeat before both."""
    entry = ended["a full sync"]
    (upload,) = entry.uploads
    theirs = recorded("1", "Upload.eof")[0]

    assert theirs["ok"]
    assert upload.path.read_bytes()[:5].hex() == theirs["head"]
    assert entry.leases[0].at <= entry.beats[0] <= upload.at <= entry.finishes[0].at
    assert entry.applied is upload


def test_each_call_has_a_deadline(ended: dict[str, Any]):
    """FinishTask has the 30 s that were recorded; so have all other small calls."""
    finish = [one["dl"] for one in recorded("1", "FinishTask") if "dl" in one]
    ours = [one for one in ended["other"].received() if one.kind not in {"Token", "UploadAsset"}]

    assert all(29 < one <= 30 for one in finish)
    assert all(25 < one.deadline_s <= 31 for one in ours)


def test_stopping_is_no_failure(ended: dict[str, Any]):
    """SIGTERM ends it with 0; nothing lies in the state folder but the journal."""
    assert ended["status"] == 0
    assert ended["served"].left() == []
