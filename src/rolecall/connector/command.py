"""What `rolecall-notion` does when no sub-command is named: sync, tell, and choose the exit status.

Everything heavy is imported here, so that `cli` can show its help without it.
"""

import asyncio
import os
import resource
import secrets
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from rolecall.baton import ids
from rolecall.baton.engine import Complete, Surroundings
from rolecall.connector import log
from rolecall.connector.job import Job, Outcome, run
from rolecall.connector.progress import progress
from rolecall.connector.settings import job_of
from rolecall.connector.source import Reporter
from rolecall.connector.workspaces import read_workspaces
from rolecall.errors import Code, Error, Interrupted

__all__ = ["no_core_file", "now", "sync", "tell", "until_signalled", "world"]

Result = TypeVar("Result")

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

SHOWN: Final = 20
"""Missing things that are named one by one; the rest is counted."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def world() -> Surroundings:
    """The real clock, ids and machine."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return Surroundings(
        now=now, new_id=lambda: ids.ksuid(now(), os.urandom(16)), boot=boot, log=log.info
    )


def no_core_file() -> None:
    """Should the interpreter crash, no image of its memory, tokens included, goes to disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def until_signalled(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end, or be cancelled by SIGINT or SIGTERM and clean up.

    Raises:
        Interrupted: a signal came, and the work had nothing of its own to say about it.
    """
    no_core_file()

    async def main() -> Result:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError as error:
            raise Interrupted("Interrupted.", hint="Run the same command again.") from error

    return asyncio.run(main())


def sync(values: Mapping[str, Any]) -> int:
    """Sync what the flags say; returns the exit status.

    Raises:
        Error: there is one workspace, and its sync failed.
    """
    if values.get("workspaces"):
        return _sync_all(values)
    return _sync_one(job_of(values))


def _sync_one(job: Job) -> int:
    begun = time.monotonic()
    with progress(terminal=sys.stderr.isatty()) as tick:
        report = Reporter(log=log.info, warn=log.warn, tick=tick)
        outcome = until_signalled(run(job, world(), report, seed=secrets.randbits(32)))
    tell(job, outcome, time.monotonic() - begun)
    return _status(outcome)


def _sync_all(values: Mapping[str, Any]) -> int:
    """Each workspace in turn; the first failure decides the exit status."""
    statuses: dict[str, int] = {}
    for workspace in read_workspaces(Path(values["workspaces"]), values):
        log.info("Syncing workspace", workspace=workspace.name)
        try:
            if isinstance(workspace.job, Error):
                raise workspace.job
            statuses[workspace.name] = _sync_one(_resolved(workspace.job))
        except Error as error:
            log.error(str(error), workspace=workspace.name, code=int(error.code))
            statuses[workspace.name] = int(error.code)
            if error.code is Code.CANCELLED:
                break
    failed = [name for name, status in statuses.items() if status]
    log.info("Synced workspaces", succeeded=len(statuses) - len(failed), failed=failed)
    return next((status for status in statuses.values() if status), 0)


def _resolved(job: Job) -> Job:
    return replace(job, target=job.target.absolute())


def _status(outcome: Outcome) -> int:
    """0 if all that was asked for is there; 15 (data loss) if something of it is missing."""
    if isinstance(outcome.result, Complete) or not outcome.result.missing:
        return int(Code.OK)
    return int(Code.DATA_LOSS)


def tell(job: Job, outcome: Outcome, seconds: float) -> None:
    """The totals, what is missing, and where the file is."""
    stats = outcome.result.run.stats
    if stats is None:  # a finished sync has them
        raise AssertionError("a finished sync without statistics")
    missing = () if isinstance(outcome.result, Complete) else outcome.result.missing
    for line in missing[:SHOWN]:
        log.warn("Missing: " + line)
    if len(missing) > SHOWN:
        log.warn(f"Missing: {len(missing) - SHOWN} more.")
    for line in outcome.not_asked:
        log.warn("Not in this sync: " + line)
    accounts = stats.resources_by_resource_type.get("user", 0)
    complete = isinstance(outcome.result, Complete)
    log.info(
        "Sync complete."
        if complete
        else "Sync partial: what is there is right, not everything is.",
        file=str(job.target),
        sync_id=outcome.result.run.sync_id,
        sync_type=outcome.result.run.sync_type,
        accounts=accounts,
        seats=accounts - outcome.bots,
        groups=stats.resources_by_resource_type.get("group", 0),
        roles=stats.resources_by_resource_type.get("role", 0),
        grants=stats.grants,
        missing=len(missing),
        seconds=round(seconds, 2),
        requests=outcome.counters.requests,
        retries=outcome.counters.retries,
        slowed_down=outcome.counters.complaints,
        waited_seconds=round(outcome.waited_s, 2),
    )
