"""Our connector's own code, run for a connector that is hosted here. Only the worker does that.

The same functions as on a terminal and in service mode. Tokens are in this process's memory and
nowhere else; the folder is ours alone, and gone afterwards.
"""

import asyncio
import os
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import ksuid
from rolecall.connector.checklist import Line, checklist
from rolecall.connector.job import REST_URL, SCIM_URL, Access, Job, Outcome, Travel, run
from rolecall.connector.source import Reporter
from rolecall.errors import BadConfig, Interrupted
from rolecall.server.connectors import reach
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.models import Connector, Secret
from rolecall.server.connectors.pace import pace

__all__ = ["FILE", "examine", "job_for", "read", "until_interrupted"]

FILE = "sync.c1z"

Result = TypeVar("Result")


def job_for(connector: Connector, tokens: dict[str, str], folder: Path) -> Job:
    """What to read, by which doors, into which file.

    Args:
        connector: which.
        tokens: slot → token.
        folder: where the file is written.

    Raises:
        BadConfig: there is no token.
        NotAllowed, Invalid: an address is not one that connectors may go to.
    """
    usual = settings.CONFIG.notion
    scim_url = connector.scim_url or usual.scim_url or SCIM_URL
    rest_url = connector.rest_url or usual.rest_url or REST_URL
    scim = _access(scim_url, tokens.get(Secret.Slot.SCIM_TOKEN))
    rest = _access(rest_url, tokens.get(Secret.Slot.API_KEY))
    if scim is None and rest is None:
        raise BadConfig("There is no credential.", hint="Enter one in the connector's settings.")
    return Job(
        target=folder / FILE,
        scim=scim,
        rest=rest,
        include_bots=rest is not None,
        keep=1,
        travel=Travel(patience=pace().patience, requests_per_second=pace().requests_per_second),
    )


def read(job: Job, beat: Beat) -> Outcome:
    """Sync into the job's file.

    Raises:
        Interrupted: the task was lost, or the worker is being stopped.
        Error: the sync failed; there is no file.
    """
    world = Surroundings(
        now=beat.clock,
        new_id=lambda: ksuid(beat.clock(), os.urandom(16)),
        boot="",
        log=beat.info,
    )
    report = Reporter(log=beat.info, warn=beat.warn, tick=beat.tick)
    return until_interrupted(run(job, world, report, seed=secrets.randbits(32)), beat)


def examine(job: Job, beat: Beat) -> list[Line]:
    """What the job's credentials can read.

    Raises:
        Interrupted: as in `read`.
    """
    return until_interrupted(checklist(job, beat.clock), beat)


def _access(url: str, token: str | None) -> Access | None:
    if token is None:
        return None
    reach.insist(url, settings.CONFIG.notion.allowed_hosts)
    return Access(url=url, token=token)


def until_interrupted(work: Coroutine[Any, Any, Result], beat: Beat) -> Result:
    """Run something in an event loop of its own until it ends or the beat says stop.

    Raises:
        Interrupted: it was stopped, and did not come to an end of its own.
    """

    async def main() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        beat.interrupt_with(lambda: _cancel(loop, task))
        try:
            return await task
        except asyncio.CancelledError as error:
            raise Interrupted("Interrupted.") from error

    return asyncio.run(main())


def _cancel(loop: asyncio.AbstractEventLoop, task: "asyncio.Future[Any]") -> None:
    """From the beat's thread; a loop that has just closed needs nothing."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)
