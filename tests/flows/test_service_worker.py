"""A connector at work for a controller: greeting, polling, places of work, and how tasks end.

Over real TLS and gRPC, against a controller of our own; the handlers are ten lines each.
"""

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest

from controller.mishaps import Mishap
from controller.service import Controller, Pace
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import (
    GrantManagerServiceGrantResponse,
)
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.worker import Finished
from rolecall.errors import (
    BadToken,
    Code,
    Conflict,
    Error,
    Gone,
    Invalid,
    NotAllowed,
    NotionBroken,
    RateLimited,
    Refused,
    Unfinished,
    Unsupported,
    Unverified,
    WrongPlan,
)
from working import QUICK, Working, at_once

CODE = grpc.StatusCode
GRANT = api.Task(grant=api.Task.GrantTask())
SYNC = api.Task(sync_full=api.Task.SyncFullTask())
KINDS = ("sync_full", "grant", "revoke", "create_account", "delete_resource", "action_invoke")


def of_kind(kind: str) -> api.Task:
    """An empty task of a kind."""
    task = api.Task()
    getattr(task, kind).SetInParent()
    return task


@pytest.fixture
def other() -> Iterator[Controller]:
    """A controller that knows one connector and has nothing to do."""
    with Controller() as running:
        yield running


class Slow:
    """A handler that takes its time, counts who is in it, and can be let go."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self.inside: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.cancelled = 0

    async def __call__(self, task: api.Task) -> Finished:
        """Take so many seconds."""
        kind = task.WhichOneof("task_type")
        for key in (kind, "all"):
            self.inside[key] += 1
            self.most[key] = max(self.most[key], self.inside[key])
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.inside[kind] -= 1
            self.inside["all"] -= 1
        return Finished()


# Greeting


def test_says_hello_first_with_who_it_is(other: Controller):
    """The first RPC is Hello without a task id, by a token for which an assertion was signed."""
    with Working(other=other):
        other.wait_for("GetTask")
    kinds = [one.kind for one in other.received()]
    hello = other.received("Hello")[0]

    assert kinds[:3] == ["Token", "Hello", "GetTask"]
    assert (hello.request.host_id, hello.request.task_id) == ("here", "")
    assert hello.metadata["user-agent"].startswith("probe rolecall-notion/")
    assert set(hello.metadata) == {"authorization", "user-agent"}
    assert all(one.deadline_s for one in other.received() if one.kind != "Token")


@pytest.mark.parametrize("code", [CODE.UNAVAILABLE, CODE.INTERNAL, CODE.RESOURCE_EXHAUSTED])
def test_hello_is_repeated_until_it_is_heard(other: Controller, code: grpc.StatusCode):
    """What may pass is waited for."""
    other.spoil(Mishap(on="Hello", do="refuse", times=3, code=code))
    with Working(other=other) as working:
        other.wait_for("GetTask")

    assert len(other.received("Hello")) == 4
    assert working.heard[:4] == [False, False, False, True]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (CODE.UNAUTHENTICATED, Code.UNAUTHENTICATED),
        (CODE.PERMISSION_DENIED, Code.PERMISSION_DENIED),
        (CODE.INVALID_ARGUMENT, Code.INVALID_ARGUMENT),
        (CODE.UNIMPLEMENTED, Code.UNIMPLEMENTED),
        (CODE.FAILED_PRECONDITION, Code.FAILED_PRECONDITION),
        (CODE.NOT_FOUND, Code.NOT_FOUND),
    ],
)
def test_an_unwanted_connector_gives_up(other: Controller, code: grpc.StatusCode, status: Code):
    """Six answers to Hello end it at once, each with its own exit status."""
    other.spoil(Mishap(on="Hello", do="refuse", times=0, code=code))
    with Working(other=other) as working:
        working.join()

    assert isinstance(working.error, Error)
    assert working.error.code is status
    assert not other.received("GetTask")


def test_wrong_credentials_give_up(other: Controller):
    """A secret that the controller does not know ends it at once, without repeating it."""
    other.doorkeeper.clients.clear()
    with Working(other=other) as working:
        working.join()

    assert isinstance(working.error, BadToken)
    assert len(other.received("Token")) == 1


# Polling


def test_a_pause_of_zero_does_not_spin(other: Controller):
    """With next_poll 0 and nothing to do, there is one question per least pause, on one socket."""
    other.pace.next_poll = 0.0
    with Working(other=other, limits=replace(QUICK, least_poll=0.2)):
        other.wait_for("GetTask")
        time.sleep(1.0)
        asked = len(other.received("GetTask"))

    assert 3 <= asked <= 7
    assert len(other.connections()) == 1


def test_tasks_that_end_at_once_do_not_spin_either(other: Controller):
    """A queue that never gets empty is asked no faster than the least gap allows."""
    for _ in range(100):
        other.enqueue(GRANT)
    with Working(other=other, limits=replace(QUICK, least_gap=0.1)):
        other.wait_for("FinishTask")
        time.sleep(1.0)
        asked = len(other.received("GetTask"))

    assert 5 <= asked <= 12


def test_a_very_long_pause_is_cut_short(other: Controller):
    """A controller that asks for a pause of a year is asked again after the longest one."""
    other.pace.next_poll = 365 * 86400.0
    with Working(other=other, limits=replace(QUICK, most_poll=0.2)):
        assert len(other.wait_for("GetTask", 3)) >= 3


def test_no_task_is_no_work(other: Controller):
    """A task of the kind none, or without an id, is not carried out and not answered."""
    other.board.entries.clear()
    other.enqueue(of_kind("none"))
    done = []

    async def handler(task: api.Task) -> Finished:
        done.append(task)
        return Finished()

    with Working(other=other, handler=handler):
        other.wait_for("GetTask", 3)

    assert done == []
    assert not other.received("FinishTask")


def test_several_tasks_come_by_one_question(other: Controller):
    """With BATON_GET_TASKS the connector asks for as many as it has places, and names its own."""
    slow = Slow(0.3)
    ids = [other.enqueue(GRANT) for _ in range(5)]
    with Working(other=other, handler=slow, many=True):
        for one in ids:
            other.wait_finished(one)
    asked = [one.request for one in other.received("GetTasks")]

    assert asked[0].page_size == QUICK.concurrency
    assert slow.most["all"] == QUICK.concurrency
    assert not other.received("GetTask")
    assert all(len(other.entry(one).leases) == 1 for one in ids)


def test_what_is_running_is_named(other: Controller):
    """GetTasks says which tasks we have, so that they do not come twice."""
    with Working(other=other, handler=Slow(), many=True) as working:
        running = other.enqueue(GRANT)
        other.wait_until(lambda: other.entry(running).state == "leased")
        before = len(other.received("GetTasks"))
        asked = other.wait_for("GetTasks", before + 2)[-1].request
        working.stop()

    assert list(asked.known_task_ids) == [running]
    assert asked.page_size == QUICK.concurrency - 1


def test_an_older_controller_is_asked_the_older_question(other: Controller):
    """Unimplemented to GetTasks is answered by GetTask from then on."""
    other.spoil(Mishap(on="GetTasks", do="refuse", times=0, code=CODE.UNIMPLEMENTED))
    task = other.enqueue(GRANT)
    with Working(other=other, many=True):
        other.wait_finished(task)
        other.wait_for("GetTask", 3)

    assert len(other.received("GetTasks")) == 1


def test_a_task_that_comes_twice_is_done_once(other: Controller):
    """A controller that gives out what we are working on does not make us begin again."""
    slow = Slow(0.5)
    with Working(other=other, handler=slow):
        task = other.enqueue(GRANT)
        other.wait_until(lambda: other.entry(task).state == "leased")
        other.entry(task).state = "queued"
        other.wait_until(lambda: len(other.entry(task).leases) == 2)
        other.wait_finished(task)

    assert slow.most["all"] == 1
    assert len(other.entry(task).finishes) == 1


# Places of work


def test_no_more_tasks_than_places(other: Controller):
    """Task-concurrency bounds what runs, and nothing more is taken than can run."""
    slow = Slow(0.2)
    ids = [other.enqueue(GRANT) for _ in range(8)]
    with Working(other=other, handler=slow, limits=replace(QUICK, concurrency=2)):
        other.wait_until(lambda: slow.inside["all"] == 2)
        taken = sum(bool(other.entry(one).leases) for one in ids)
        for one in ids:
            other.wait_finished(one)

    assert taken == 2
    assert slow.most["all"] == 2


@pytest.mark.parametrize("many", [False, True])
def test_syncs_that_wait_starve_no_change(other: Controller, many: bool):  # noqa: FBT001 - a parameter of pytest
    """Five syncs in the queue: one runs, four wait with heartbeats, and a grant is done at once."""
    slow = Slow()

    async def handler(task: api.Task) -> Finished:
        return await (slow if task.HasField("sync_full") else at_once)(task)

    other.pace.next_heartbeat = 0.1
    syncs = [other.enqueue(SYNC) for _ in range(5)]
    grant = other.enqueue(GRANT)
    with Working(other=other, handler=handler, many=many) as working:
        other.wait_finished(grant)
        other.wait_until(lambda: all(len(other.entry(one).beats) > 1 for one in syncs))
        working.stop()

    assert other.entry(grant).state == "done"
    assert slow.most["sync_full"] == 1
    assert [other.entry(one).finishes[0].code for one in syncs] == [Code.CANCELLED] * 5


def test_syncs_follow_one_another(other: Controller):
    """Syncs that came together are carried out one after the other, all of them."""
    slow = Slow(0.05)
    syncs = [other.enqueue(SYNC) for _ in range(4)]
    with Working(other=other, handler=slow):
        ended = [other.wait_finished(one) for one in syncs]

    assert [one.state for one in ended] == ["done"] * 4
    assert slow.most["sync_full"] == 1


def test_an_unheard_end_blocks_nobody(other: Controller):
    """While the ends of as many tasks as there are places are repeated, others are carried out."""
    blocked = [other.enqueue(GRANT) for _ in range(QUICK.concurrency)]
    with Working(other=other, handler=Slow(0.1), limits=replace(QUICK, finish_for=60.0)):
        other.spoil(
            Mishap(on="FinishTask", do="refuse", times=0, code=CODE.INTERNAL),
        )
        other.wait_for("FinishTask", QUICK.concurrency)
        late = other.enqueue(GRANT)
        other.wait_until(lambda: other.entry(late).leases)
        other.spoil()
        for one in [*blocked, late]:
            other.wait_finished(one)


# How tasks end


def test_success_carries_response_and_annotations(other: Controller):
    """The response is packed as Any under its own name, and annotations go along."""

    async def handler(_task: api.Task) -> Finished:
        return Finished(response=GrantManagerServiceGrantResponse())

    task = other.enqueue(GRANT)
    with Working(other=other, handler=handler) as working:
        end = other.wait_finished(task).finishes[0].request
    name = "type.googleapis.com/c1.connector.v2.GrantManagerServiceGrantResponse"

    assert end.success.response.type_url == name
    assert not end.HasField("status")
    assert working.ended == [("grant", "OK")]


@pytest.mark.parametrize(
    ("error", "code", "final"),
    [
        (RateLimited("Slow down."), Code.UNAVAILABLE, False),
        (NotionBroken("Broken."), Code.UNAVAILABLE, False),
        (Unfinished("Not proved."), Code.ABORTED, False),
        (Unverified("Not seen."), Code.UNKNOWN, False),
        (Refused("No."), Code.FAILED_PRECONDITION, True),
        (NotAllowed("Not you."), Code.PERMISSION_DENIED, True),
        (Conflict("It exists."), Code.ABORTED, True),
        (Gone("Nobody."), Code.NOT_FOUND, True),
        (Invalid("Nonsense."), Code.INVALID_ARGUMENT, True),
        (Unsupported("Never."), Code.UNIMPLEMENTED, True),
        (BadToken("Who?"), Code.FAILED_PRECONDITION, True),
        (WrongPlan("Business."), Code.FAILED_PRECONDITION, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Error) else None,
)
def test_the_cause_says_whether_to_repeat(
    other: Controller,
    error: Error,
    code: Code,
    final: bool,  # noqa: FBT001 - a parameter of pytest
):
    """`non_retryable` and the code follow from the error's class; the text ends as in Go."""

    async def handler(_task: api.Task) -> Finished:
        raise error

    task = other.enqueue(GRANT)
    with Working(other=other, handler=handler):
        end = other.wait_finished(task).finishes[0].request
    tail = "\ntask failed and is non-retryable" if final else ""

    assert end.status.code == code
    assert end.status.message == error.what + tail
    assert end.WhichOneof("final_state") == "error"
    assert end.error.non_retryable is final
    assert not end.error.HasField("response")


def test_a_defect_is_an_end_too(other: Controller):
    """A handler that breaks in an unforeseen way fails its task, tells no details, and stays up."""

    async def handler(_task: api.Task) -> Finished:
        raise ZeroDivisionError("secret-ish")

    tasks = [other.enqueue(GRANT), other.enqueue(GRANT)]
    with Working(other=other, handler=handler):
        ends = [other.wait_finished(one).finishes[0] for one in tasks]

    assert {one.code for one in ends} == {Code.UNKNOWN}
    assert not any(one.final for one in ends)
    assert "secret-ish" not in ends[0].request.status.message


def test_hello_as_a_task_is_answered_by_hello(other: Controller):
    """A hello task whose handler said hello is not finished once more; a failed one is."""

    async def handler(_task: api.Task) -> Finished:
        raise NotionBroken("No.")

    task = other.enqueue(of_kind("hello"))
    with Working(other=other) as working:
        other.wait_until(lambda: other.entry(task).state == "leased")
        other.wait_for("GetTask", 3)
        assert not other.received("FinishTask")
        working.stop()
    failing = other.enqueue(of_kind("hello"))
    with Working(other=other, handler=handler):
        assert other.wait_finished(failing).finishes[0].code == Code.UNAVAILABLE


@pytest.mark.parametrize(
    "mishap",
    [
        Mishap(on="FinishTask", do="cut_before", times=3),
        Mishap(on="FinishTask", do="cut_after", times=3),
        Mishap(on="FinishTask", do="refuse", times=3, code=CODE.INTERNAL),
        Mishap(on="FinishTask", do="refuse_after", times=3, code=CODE.UNKNOWN),
        Mishap(on="FinishTask", do="restart", seconds=0.3),
        Mishap(on="FinishTask", do="forget_tokens"),
        Mishap(on="FinishTask", do="refuse", times=3, code=CODE.UNAUTHENTICATED),
    ],
    ids=lambda one: f"{one.do} {one.code.name}",
)
def test_the_end_is_repeated_until_it_is_heard(other: Controller, mishap: Mishap):
    """A FinishTask that was lost, before or after its effect, comes again, and says the same."""
    other.spoil(mishap)
    task = other.enqueue(GRANT)
    with Working(other=other) as working:
        other.wait_finished(task)
        other.wait_until(lambda: working.ended)
    ends = [one.request.SerializeToString() for one in other.entry(task).finishes]

    assert len(set(ends)) == 1
    assert other.entry(task).state == "done"
    assert mishap.fired >= 1
    assert len(other.entry(task).leases) == 1


def test_an_end_that_nobody_wants_is_let_go(other: Controller):
    """NotFound to a FinishTask means that the lease is gone: no repetition, and work goes on."""
    other.spoil(Mishap(on="FinishTask", do="refuse", code=CODE.NOT_FOUND))
    lost, next_one = other.enqueue(GRANT), other.enqueue(GRANT)
    with Working(other=other, limits=replace(QUICK, concurrency=1)):
        other.wait_finished(next_one)
    ends = [one.request.task_id for one in other.received("FinishTask")]

    assert ends == [lost, next_one]


def test_an_end_is_not_repeated_for_ever(other: Controller):
    """After `finish_for` a task is let go, and its place is free."""
    other.spoil(Mishap(on="FinishTask", do="refuse", times=0, code=CODE.INTERNAL))
    other.enqueue(GRANT)
    with Working(other=other, limits=replace(QUICK, finish_for=0.3)) as working:
        other.wait_until(lambda: working.ended)

    assert "the end of a task was not heard" in working.said


# Heartbeats


@pytest.mark.parametrize("kind", KINDS)
def test_long_tasks_of_every_kind_keep_their_lease(other: Controller, kind: str):
    """Heartbeats come as often as asked, for a sync from the start, for others once it is due."""
    other.pace = Pace(next_heartbeat=0.2)
    slow = Slow(1.1)
    task = other.enqueue(of_kind(kind))
    with Working(other=other, handler=slow):
        entry = other.wait_finished(task)
    first = entry.beats[0] - entry.leases[0].at

    assert 3 <= len(entry.beats) <= 6
    assert first < 0.15 if kind == "sync_full" else first >= 0.15


def test_a_short_change_needs_no_heartbeat(other: Controller):
    """Who is done before the first heartbeat is due sends none."""
    task = other.enqueue(GRANT)
    with Working(other=other):
        assert other.wait_finished(task).beats == []


def test_the_answer_sets_the_pace(other: Controller):
    """The pause of the last answer holds, clamped to the least one; 0 leaves it as it was."""
    other.pace = Pace(next_heartbeat=0.1, heartbeat_again=0.0)
    with Working(other=other, handler=Slow()):
        task = other.enqueue(SYNC)
        other.wait_until(lambda: len(other.entry(task).beats) >= 3)
        beats = list(other.entry(task).beats)
        other.pace.heartbeat_again = 0.000001
        other.wait_until(lambda: len(other.entry(task).beats) >= 8)
        quick = other.entry(task).beats[-3:]

    assert all(later - one >= 0.08 for one, later in itertools.pairwise(beats))
    assert all(later - one >= 0.02 for one, later in itertools.pairwise(quick))


@pytest.mark.parametrize("kind", KINDS)
def test_cancelled_by_a_heartbeat(other: Controller, kind: str):
    """The work is stopped and the task ends as Cancelled, which may be tried again."""
    other.pace = Pace(next_heartbeat=0.05)
    slow = Slow()
    task = other.enqueue(of_kind(kind))
    with Working(other=other, handler=slow):
        other.wait_until(lambda: other.entry(task).beats)
        other.cancel(task)
        end = other.wait_finished(task).finishes[0]

    assert slow.cancelled == 1
    assert (end.code, end.final) == (Code.CANCELLED, False)


def test_a_sync_cancelled_while_it_waits_never_begins(other: Controller):
    """What waits for its turn can be cancelled too; the one that runs is not touched."""
    other.pace = Pace(next_heartbeat=0.05)
    slow = Slow()
    running = other.enqueue(SYNC)
    with Working(other=other, handler=slow):
        other.wait_until(lambda: other.entry(running).beats)
        waiting = other.enqueue(SYNC)
        other.wait_until(lambda: other.entry(waiting).beats)
        other.cancel(waiting)
        other.wait_finished(waiting)
        beats = len(other.entry(running).beats)
        other.wait_until(lambda: len(other.entry(running).beats) > beats)

    assert slow.most["sync_full"] == 1


def test_heartbeats_that_nobody_hears_end_the_task(other: Controller):
    """After so many failures in a row the work is stopped and handed back, even then."""
    other.pace = Pace(next_heartbeat=0.05)
    slow = Slow()
    other.spoil(Mishap(on="Heartbeat", do="refuse", nth=3, times=0, code=CODE.UNAVAILABLE))
    task = other.enqueue(SYNC)
    with Working(other=other, handler=slow):
        end = other.wait_finished(task).finishes[0]

    assert (end.code, slow.cancelled) == (Code.CANCELLED, 1)
    assert len(other.received("Heartbeat")) == 2 + QUICK.failures


def test_some_failed_heartbeats_are_survived(other: Controller):
    """Failures count only in a row."""
    other.pace = Pace(next_heartbeat=0.04)
    few = QUICK.failures - 1
    other.spoil(
        Mishap(on="Heartbeat", do="refuse", nth=2, times=few),
        Mishap(on="Heartbeat", do="cut_after", nth=2, times=few),
    )
    task = other.enqueue(SYNC)
    with Working(other=other, handler=Slow(1.5)):
        assert other.wait_finished(task).state == "done"


def test_a_lost_lease_ends_the_sync(other: Controller):
    """NotFound to a heartbeat means somebody else has the sync now: ours stops."""
    other.pace = Pace(next_heartbeat=0.05)
    slow = Slow()
    task = other.enqueue(SYNC)
    with Working(other=other, handler=slow, limits=replace(QUICK, failures=10**6)):
        other.wait_until(lambda: other.entry(task).beats)
        other.entry(task).state = "done"
        other.wait_until(lambda: slow.cancelled)


def test_a_controller_may_not_want_heartbeats_of_changes(other: Controller):
    """A refusal of heartbeats stops them, for a change, and the change goes on to its end."""
    other.pace = Pace(next_heartbeat=0.05)
    other.spoil(Mishap(on="Heartbeat", do="refuse", times=0, code=CODE.NOT_FOUND))
    task = other.enqueue(GRANT)
    with Working(other=other, handler=Slow(0.4)):
        assert other.wait_finished(task).state == "done"

    assert len(other.received("Heartbeat")) == 1


# Stopping


@pytest.mark.parametrize("many", [False, True])
def test_what_runs_is_handed_back(other: Controller, many: bool):  # noqa: FBT001 - a parameter of pytest
    """Told to stop, the worker takes nothing more and ends every task as Cancelled, at once."""
    slow = Slow()
    tasks = [other.enqueue(task) for task in (SYNC, SYNC, GRANT)]
    with Working(other=other, handler=slow, many=many) as working:
        other.wait_until(lambda: all(other.entry(one).leases for one in tasks))
        other.wait_until(lambda: slow.inside["all"] == 2)
        late = other.enqueue(GRANT)
        other.spoil(Mishap(on="GetTask", do="refuse", times=0))
        begun = time.monotonic()
        working.stop()
        took = time.monotonic() - begun
    ends = [other.entry(one).finishes[0] for one in tasks]

    assert [(one.code, one.final) for one in ends] == [(Code.CANCELLED, False)] * 3
    assert other.entry(late).finishes == [] or other.entry(late).leases
    assert took < 1.0
    assert working.error is None


def test_who_does_not_stop_is_handed_back_too(other: Controller):
    """A handler that ignores the cancellation is waited for within the grace, and no longer."""
    let_go = threading.Event()

    async def stubborn(_task: api.Task) -> Finished:
        while not let_go.is_set():
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        return Finished()

    task = other.enqueue(GRANT)
    with Working(other=other, handler=stubborn, limits=replace(QUICK, grace=1.0)) as working:
        other.wait_until(lambda: other.entry(task).leases)
        threading.Timer(2.0, let_go.set).start()
        end_before = time.monotonic()
        working._loop.call_soon_threadsafe(working._worker.stop)
        end = other.wait_finished(task).finishes[0]
        took = end.at - end_before
        working.join()

    assert end.code == Code.CANCELLED
    assert 0.6 <= took <= 1.0


def test_what_ends_well_meanwhile_is_said_so(other: Controller):
    """A change that cannot be cut off and ends within the grace is reported as what it is."""

    async def careful(_task: api.Task) -> Finished:
        work = asyncio.ensure_future(asyncio.sleep(0.3))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await work
        return Finished()

    task = other.enqueue(GRANT)
    with Working(other=other, handler=careful) as working:
        other.wait_until(lambda: other.entry(task).leases)
        working.stop()

    assert other.entry(task).state == "done"


def test_stopping_while_an_end_is_on_its_way(other: Controller):
    """A FinishTask that is being repeated when we are told to stop still arrives."""
    other.spoil(Mishap(on="FinishTask", do="refuse", times=6))
    task = other.enqueue(GRANT)
    with Working(other=other) as working:
        other.wait_for("FinishTask", 2)
        working.stop()

    assert other.entry(task).state == "done"


def test_stopping_while_a_poll_is_under_way(other: Controller):
    """A controller that does not answer does not keep us; a task that comes then is handed back."""
    other.spoil(Mishap(on="GetTask", do="hold_after", times=0, seconds=0.2))
    task = other.enqueue(GRANT)
    with Working(other=other, handler=Slow()) as working:
        other.wait_for("GetTask")
        working.stop()
        assert other.entry(task).finishes[0].code == Code.CANCELLED
    other.spoil(Mishap(on="GetTask", do="hold", times=0, seconds=3.0))
    with Working(other=other) as working:
        other.wait_for("GetTask", 2)
        begun = time.monotonic()
        working.stop()

    assert time.monotonic() - begun < 1.5


def test_stopping_before_anybody_answered(other: Controller):
    """A connector whose controller is away stops as quickly."""
    other.down()
    with Working(other=other) as working:
        time.sleep(0.2)
        working.stop()
    other.up()

    assert working.error is None
    assert not other.received("Hello")
