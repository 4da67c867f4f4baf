"""From a source to a file: one sync, complete, or partial and saying so, or not finished.

Runs the phases of a plan one after the other into a draft, and ends the draft only when every
phase has returned. What a sync may be called is a type: `Complete` cannot carry anything missing,
so nothing that is incomplete can pass for complete.

Knows nothing of Notion. The clock, ids and the machine's boot are given from outside.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from rolecall.baton.c1z.draft import MAX_AGE, Draft, Resume
from rolecall.baton.c1z.envelope import Packed
from rolecall.baton.c1z.folder import WorkFolder
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.c1z.syncs import FULL, SyncRun, newest_finished
from rolecall.errors import Interrupted, Retry, Unfinished

__all__ = ["Complete", "Log", "Partial", "Phase", "Plan", "Surroundings", "sync"]

PARTIAL: Final = "partial"

Scope = Literal["full", "partial"]


class Log(Protocol):
    """Told what happens: one line per unit of work, with its facts."""

    def __call__(self, message: str, /, **facts: object) -> None:
        """Note that this happened."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One part of a sync: all of it, or nothing of it."""

    name: str

    read: Callable[[Draft, list[str]], Awaitable[None]]
    """Writes into the draft, and appends in words what it could not read."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a sync shall do."""

    target: Path
    phases: tuple[Phase, ...]

    scope: Scope = FULL
    """`partial` where the phases, by intention, do not read everything."""

    config: str
    """Fingerprint of all that decides what the sync contains; without secrets."""

    keep: int | None = 2
    """Full syncs that the file keeps; None keeps all."""

    still_true: Callable[[Draft], Awaitable[bool]] | None = None
    """Asked before an interrupted draft is taken up: is what it holds still so?"""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The world outside, handed in."""

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    """A fresh sync id."""

    boot: str
    """Identifies the machine's boot; "" where it cannot be told, then nothing is resumed."""

    log: Log


@dataclass(frozen=True, kw_only=True)
class Complete:
    """Everything was seen, and that was proved."""

    run: SyncRun
    packed: Packed


@dataclass(frozen=True, kw_only=True)
class Partial:
    """What is there is right, but it is not everything."""

    run: SyncRun
    packed: Packed

    missing: tuple[str, ...]
    """In words; empty if no more was asked for."""


async def sync(plan: Plan, world: Surroundings) -> Complete | Partial:
    """Run the plan and replace the target.

    Raises:
        Interrupted: cancelled; what was read is kept beside the target for the next run.
        Retry, Unfinished: not finished; kept likewise if there is anything worth it.
        Error: whatever the phases raise; nothing is kept, and the target is as it was.
    """
    folder = WorkFolder.claim(plan.target)
    try:
        # Read first what must be kept in the end: a damaged file shall not cost a whole sync.
        newest = _newest_full(folder)
        draft = await _draft(plan, world, folder, newest)
    except (Retry, asyncio.CancelledError):
        folder.release()
        raise
    except BaseException:
        folder.remove()
        raise
    try:
        await _run(plan, world, draft)
    except asyncio.CancelledError as error:
        kept = _put_aside(draft)
        raise Interrupted("The sync was interrupted; the file is as it was.", hint=kept) from error
    except (Retry, Unfinished):
        _put_aside(draft)
        raise
    except BaseException:
        draft.discard()
        raise
    return await _finished(plan, world, draft, newest)


async def _draft(plan: Plan, world: Surroundings, folder: WorkFolder, newest: str) -> Draft:
    """The draft of an interrupted run if it fits, else a new one."""
    now = world.now()
    resume = Resume(config=plan.config, boot=world.boot, not_before=now - MAX_AGE)
    if (draft := Draft.take_up(folder, resume)) is not None:
        if await _still_true(plan, draft):
            world.log("resumed previous sync", sync_id=draft.run.sync_id, done=draft.progress.done)
            return draft
        draft.close()
    run = SyncRun(
        sync_id=world.new_id(),
        started_at=now,
        sync_type=plan.scope,
        parent_sync_id="" if plan.scope == FULL else newest,
    )
    world.log("starting new sync", sync_id=run.sync_id, sync_type=run.sync_type)
    return Draft.begin(folder, run, resume)


async def _still_true(plan: Plan, draft: Draft) -> bool:
    """Whether an interrupted draft holds anything, and the source says that it is still so."""
    try:
        return bool(draft.progress.done) and (
            plan.still_true is None or await plan.still_true(draft)
        )
    except BaseException:
        draft.close()
        raise


async def _run(plan: Plan, world: Surroundings, draft: Draft) -> None:
    for phase in plan.phases:
        if phase.name in draft.progress.done:
            continue
        world.log(f"Syncing {phase.name}...")
        draft.discovered(world.now())
        with draft.phase(phase.name) as missing:
            await phase.read(draft, missing)


def _put_aside(draft: Draft) -> str:
    """Keep the draft if a finished phase is in it; says what the next run will do."""
    if draft.progress.done:
        draft.save()
        return "Run the same command again within an hour to go on from there."
    draft.discard()
    return "Nothing was kept; run the same command again."


async def _finished(
    plan: Plan, world: Surroundings, draft: Draft, newest: str
) -> Complete | Partial:
    """End the draft; whoever cancels this has come too late, and the file is replaced."""
    missing = draft.progress.missing
    world.log("Saving c1z...")
    try:
        if missing and draft.run.sync_type == FULL:
            draft.relabel(PARTIAL, newest)
        run, packed = await draft.aside(lambda: draft.finish(world.now(), keep=plan.keep))
    except BaseException:
        draft.discard()
        raise
    world.log(
        "c1z: saved",
        output_path=str(draft.folder.target),
        decompressed_bytes=packed.decompressed_bytes,
        compressed_bytes=packed.compressed_bytes,
    )
    if run.sync_type == FULL:
        return Complete(run=run, packed=packed)
    return Partial(run=run, packed=packed, missing=missing)


def _newest_full(folder: WorkFolder) -> str:
    """The id of the target's newest finished full sync, or ""."""
    if not folder.target.exists() or not folder.target.stat().st_size:
        return ""
    with open_c1z(folder.target) as reader:
        newest = newest_finished(reader.syncs(), FULL)
    return newest.sync_id if newest else ""
