"""The engine with tiny phases: what a sync may be called, and what is left when it ends early."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from drafting import NOON, a_user, an_entitlement

from rolecall.baton.c1z.draft import Draft
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.engine import Complete, Partial, Phase, Plan, Surroundings, sync
from rolecall.errors import (
    BadToken,
    Conflict,
    Error,
    Interrupted,
    NotionBroken,
    Unfinished,
)

Read = Callable[[Draft, list[str]], Awaitable[None]]


def reads(*users: str, lacks: str = "", then: BaseException | None = None) -> Read:
    """A phase that finds these users, lacks something, and perhaps fails at the end."""

    async def read(draft: Draft, missing: list[str]) -> None:
        await asyncio.sleep(0)
        draft.add_resources(map(a_user, users))
        missing += [lacks] if lacks else []
        if then:
            raise then

    return read


class Engine:
    """One target, one clock, and everything that was logged."""

    def __init__(self, folder: Path) -> None:
        self.target = folder / "x.c1z"
        self.said: list[str] = []
        self._ids = count(1)
        self.on: dict[str, Callable[[], object]] = {}
        """What to do when something is logged."""
        self.now = NOON

    def run(self, *reads: Read, boot: str = "b", **plan: Any) -> Complete | Partial:
        """Sync with phases called 1, 2, 3 ..."""
        return asyncio.run(self.sync(*reads, boot=boot, **plan))

    async def sync(self, *reads: Read, boot: str = "b", **plan: Any) -> Complete | Partial:
        """The same where a loop runs already."""
        phases = tuple(Phase(name=str(n), read=read) for n, read in enumerate(reads, 1))
        given = {"target": self.target, "phases": phases, "config": "c", **plan}
        world = Surroundings(
            now=lambda: self.now,
            new_id=lambda: f"sync-{next(self._ids)}",
            boot=boot,
            log=self._log,
        )
        return await sync(Plan(**given), world)

    def _log(self, message: str, /, **_facts: object) -> None:
        self.said.append(message)
        if message in self.on:
            self.on[message]()

    @property
    def users(self) -> set[str]:
        """Whom the file shows."""
        with open_c1z(self.target) as reader:
            return {one.id.resource for one in reader.resources(reader.sync().sync_id)}

    @property
    def left(self) -> list[str]:
        """Everything in the folder."""
        return sorted(one.name for one in self.target.parent.iterdir())


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine for an empty folder."""
    return Engine(tmp_path)


def test_everything_seen_is_complete(engine: Engine):
    """All phases, in order, into one full sync."""
    result = engine.run(reads("a"), reads("b"))

    assert isinstance(result, Complete)
    assert result.run.sync_type == "full"
    assert engine.users == {"a", "b"}
    assert engine.left == ["x.c1z"]


def test_something_missing_is_partial(engine: Engine):
    """What is missing is named, and the last full sync is the parent."""
    first = engine.run(reads("a"))
    result = engine.run(reads("a", lacks="b is broken"), reads("c"))

    assert isinstance(result, Partial)
    assert result.missing == ("b is broken",)
    assert (result.run.sync_type, result.run.parent_sync_id) == ("partial", first.run.sync_id)


def test_partial_by_intention(engine: Engine):
    """A plan that does not read everything is partial though nothing is missing."""
    result = engine.run(reads("a"), scope="partial")

    assert isinstance(result, Partial)
    assert (result.missing, result.run.parent_sync_id) == ((), "")


@pytest.mark.parametrize("error", [NotionBroken("x"), Unfinished("x")])
def test_what_was_read_is_kept_for_the_next_run(engine: Engine, error: Error):
    """A passing trouble in the second phase: the first one is not read again."""
    with pytest.raises(type(error)):
        engine.run(reads("a"), reads("ghost", then=error))
    assert engine.left == [".x.c1z.work"]

    result = engine.run(reads("not read"), reads("b"))

    assert isinstance(result, Complete)
    assert result.run.sync_id == "sync-1"
    assert engine.users == {"a", "b"}
    assert "resumed previous sync" in engine.said


def test_nothing_read_is_nothing_kept(engine: Engine):
    """A trouble in the first phase leaves nothing behind."""
    with pytest.raises(NotionBroken):
        engine.run(reads("ghost", then=NotionBroken("x")), reads("b"))

    assert engine.left == []


@pytest.mark.parametrize("error", [BadToken("x"), ZeroDivisionError()])
def test_other_errors_keep_nothing(engine: Engine, error: Exception):
    """A refusal or a defect: the file is as it was, and nothing lies beside it."""
    engine.run(reads("a"))
    before = engine.target.read_bytes()

    with pytest.raises(type(error)):
        engine.run(reads("b"), reads("c", then=error))

    assert engine.target.read_bytes() == before
    assert engine.left == ["x.c1z"]


def test_a_cancelled_sync_is_interrupted(engine: Engine):
    """Cancelled in the second phase: kept; in the first: nothing."""
    with pytest.raises(Interrupted, match="go on from there"):
        engine.run(reads("a"), reads("b", then=asyncio.CancelledError()))
    assert engine.left == [".x.c1z.work"]

    with pytest.raises(Interrupted, match="Nothing was kept"):
        engine.run(reads("a", then=asyncio.CancelledError()), config="other")
    assert engine.left == []


@pytest.mark.parametrize(
    ("later", "plan"),
    [
        (timedelta(hours=1, seconds=1), {}),
        (timedelta(0), {"config": "other"}),
        (timedelta(0), {"boot": "other"}),
        (timedelta(0), {"still_true": False}),
    ],
)
def test_what_no_longer_fits_is_begun_anew(engine: Engine, later: timedelta, plan: dict[str, Any]):
    """Too old, another configuration, another boot, or no longer so: no ghost stays."""
    with pytest.raises(NotionBroken):
        engine.run(reads("ghost"), reads(then=NotionBroken("x")))
    engine.now += later

    async def gone(_: Draft) -> bool:
        return False

    if "still_true" in plan:
        plan = {"still_true": gone}
    result = engine.run(reads("a"), reads("b"), **plan)

    assert result.run.sync_id == "sync-2"
    assert engine.users == {"a", "b"}
    assert engine.left == ["x.c1z"]


@pytest.mark.parametrize("error", [NotionBroken("x"), asyncio.CancelledError()])
def test_an_unanswered_question_keeps_the_draft(engine: Engine, error: BaseException):
    """While the source cannot be asked whether it is still so, the draft waits."""
    with pytest.raises(NotionBroken):
        engine.run(reads("a"), reads(then=NotionBroken("x")))

    async def silent(_: Draft) -> bool:
        raise error

    with pytest.raises(type(error)):
        engine.run(reads("x"), reads("b"), still_true=silent)
    assert engine.left == [".x.c1z.work"]

    engine.run(reads("x"), reads("b"))
    assert engine.users == {"a", "b"}


def test_an_unsound_sync_is_discarded(engine: Engine):
    """What does not fit together is no sync, and is not offered to the next run."""

    async def unsound(draft: Draft, _missing: list[str]) -> None:
        draft.add_grants(an_entitlement(), "user", ["nobody"])

    with pytest.raises(Unfinished):
        engine.run(reads("a"), unsound)

    assert engine.left == []


def test_two_at_once(engine: Engine):
    """A second sync of the same target is refused while the first one runs."""

    async def second(_draft: Draft, _missing: list[str]) -> None:
        with pytest.raises(Conflict):
            await asyncio.to_thread(engine.run, reads("b"))

    engine.run(reads("a"), second)

    assert engine.users == {"a"}


def test_a_page_that_is_written_is_no_ghost(engine: Engine):
    """Cancelled while the draft's own thread writes: that comes to its end, and is taken back."""
    written = []

    async def read(draft: Draft, _missing: list[str]) -> None:
        may_end = threading.Event()

        def write() -> None:
            assert may_end.wait(10)
            draft.add_resources([a_user("ghost")])
            written.append("ghost")

        caller = asyncio.current_task()
        assert caller is not None
        asyncio.get_running_loop().call_later(0.02, may_end.set)
        asyncio.get_running_loop().call_later(0.01, caller.cancel)
        await draft.aside(write)
        await asyncio.sleep(10)

    with pytest.raises(Interrupted, match="go on from there"):
        engine.run(reads("a"), read)
    assert written == ["ghost"]

    engine.run(reads("x"), reads("b"))
    assert engine.users == {"a", "b"}


def test_the_loop_is_free_while_a_sync_is_saved(engine: Engine):
    """Indices, checks and packing hold up nobody else."""
    engine.on["Saving c1z..."] = lambda: asyncio.get_running_loop().call_soon(
        lambda: engine.said.append("somebody else's turn")
    )

    engine.run(reads("a"))

    assert engine.said[-3:] == ["Saving c1z...", "somebody else's turn", "c1z: saved"]


def test_a_cancellation_while_saving_is_too_late(engine: Engine):
    """The file is replaced, its caller told; and then the cancellation is heard."""

    async def story() -> Complete | Partial:
        caller = asyncio.current_task()
        assert caller is not None
        engine.on["Saving c1z..."] = lambda: asyncio.get_running_loop().call_soon(caller.cancel)
        result = await engine.sync(reads("a"))
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10)
        return result

    assert isinstance(asyncio.run(story()), Complete)
    assert engine.users == {"a"}
    assert engine.left == ["x.c1z"]
