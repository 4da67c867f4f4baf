"""Sync at once, then at intervals, and tell others what changed.

Owns when a sync begins, and that nothing that goes wrong with one ends the service: a failure is
logged, counted, and tried again. What a sync is belongs to `job`, what changed to `news`, and the
way out to `notice`. Reads no flags.
"""

import asyncio
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rolecall.baton.engine import Surroundings
from rolecall.connector import log
from rolecall.connector.command import tell
from rolecall.connector.health import Vitals, ask_notion
from rolecall.connector.intervals import backoff, next_start
from rolecall.connector.job import Job, Outcome, check, connect, run
from rolecall.connector.metrics import Metrics
from rolecall.connector.news import News, news_of
from rolecall.connector.notice import Command, Webhook
from rolecall.connector.progress import progress
from rolecall.connector.source import Reporter
from rolecall.connector.workspaces import Workspace
from rolecall.errors import Code, Error, Interrupted, Retry
from rolecall.notion.client import Client

__all__ = ["Schedule", "Teller"]

SPREAD: Final = 0.02
MOST_SPREAD_S: Final = 30.0
"""A sync begins later than planned by a random part of this, so that many do not meet."""


@dataclass(slots=True, kw_only=True)
class Teller:
    """Tells what changed, once, by the ways that the operator chose."""

    command: Command | None
    webhook: Callable[[], Webhook] | None
    """Made anew for each message: its secret may have changed."""

    world: Surroundings
    metrics: Metrics
    _told: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By file: the older sync and the digest of what was last told about it."""

    async def tell(self, workspace: str, file: Path, sync_id: str) -> None:
        """Compare, and tell if anything is different from what was told last."""
        with tempfile.TemporaryFile() as changes:
            news = await asyncio.to_thread(news_of, file, sync_id, changes)
            if news is None or not self._is_new(file, news):
                return
            log.info("something changed", sync_id=sync_id, changes=news.visible)
            if self.command is not None:
                await self._way("command", self.command.run(changes))
            if self.webhook is not None:
                said = news.message(workspace=workspace, file=file, at=self.world.now())
                await self._way("webhook", self._post(self.webhook, said))

    def _is_new(self, file: Path, news: News) -> bool:
        """Whether it differs from the last notice about the same older sync.

        Partial syncs are all compared with one full sync; what they have in common is told once.
        """
        this = (news.previous, news.digest)
        before, self._told[str(file)] = self._told.get(str(file)), this
        said_something = before is not None and before[0] == news.previous
        return this != before and (bool(news.visible) or said_something)

    async def _post(self, webhook: Callable[[], Webhook], body: bytes) -> None:
        message_id = f"msg_{self.world.new_id()}"
        await webhook().post(body, message_id=message_id, now=self.world.now)

    async def _way(self, way: str, telling: Awaitable[None]) -> None:
        """Wait for one way of telling; its failure is only logged."""
        try:
            await telling
        except Error as error:
            log.error(f"The {way} was not told what changed: {error}", way=way)
            self.metrics.notice_ended(way, told=False)
        else:
            log.info("told what changed", way=way)
            self.metrics.notice_ended(way, told=True)


@dataclass(slots=True, kw_only=True)
class Schedule:
    """The loop; `run` it until it is cancelled."""

    every_s: float
    workspaces: Callable[[], list[Workspace]]
    """Read anew before each round: tokens may have changed."""

    world: Surroundings
    metrics: Metrics
    vitals: Vitals
    teller: Teller | None
    spread: Callable[[], float]
    """A random part of 1."""

    terminal: bool = False
    _open: dict[str, Client] = field(default_factory=dict)
    """The connection of the sync under way, by workspace."""

    async def run(self) -> None:
        """Sync all, wait, and again. Returns only by cancellation."""
        clock = asyncio.get_running_loop().time
        planned, failures = clock(), 0
        while True:
            failures = failures + 1 if await self._round() else 0
            ended = clock()
            planned = next_start(planned, ended, self.every_s)
            wait = planned - ended + self.spread() * min(self.every_s * SPREAD, MOST_SPREAD_S)
            if failures:
                wait = min(wait, backoff(failures, self.every_s))
            log.info("next sync", in_seconds=round(wait, 1), failures=failures)
            await asyncio.sleep(wait)  # noqa: TID251 - the pause between two syncs

    async def answers(self) -> None:
        """Ask each workspace something cheap, over the connection of a sync if there is one.

        Raises:
            Error: the first trouble.
        """
        for workspace in self.workspaces():
            client = self._open.get(workspace.name)
            await ask_notion(_usable(workspace), self.world.now, client)

    async def _round(self) -> bool:
        """Sync each workspace in turn; whether any failed in a way that may pass soon."""
        try:
            workspaces = self.workspaces()
        except Error as error:
            self._failed(error, 0.0, "")
            return False
        passing = [await self._one(workspace) for workspace in workspaces]
        return any(passing)

    async def _one(self, workspace: Workspace) -> bool:
        """Sync one; whether it failed in a way that may pass soon."""
        clock, name = asyncio.get_running_loop().time, workspace.name
        begun = clock()
        try:
            job = _usable(workspace)
            outcome = await self._sync(name, job)
            tell(job, outcome, clock() - begun)
            self.vitals.ready = True
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001 - nothing that goes wrong ends the service
            self._failed(error, clock() - begun, name)
            return isinstance(error, Retry)
        await self._tell(name, job, outcome)
        return False

    async def _sync(self, name: str, job: Job) -> Outcome:
        clock = asyncio.get_running_loop().time
        begun = clock()
        check(job)
        async with AsyncExitStack() as stack:
            client = None
            if job.scim is not None:
                own = connect(job.scim, job.travel, self.world.now)
                client = self._open[name] = await stack.enter_async_context(own)
                stack.callback(self._open.pop, name)
                stack.enter_context(self.metrics.following(client))
            tick = stack.enter_context(progress(terminal=self.terminal))
            report = Reporter(log=log.info, warn=log.warn, tick=tick)
            seed = secrets.randbits(32)
            outcome = await run(job, self.world, report, seed=seed, client=client)
            self.metrics.sync_ended(outcome, clock() - begun, workspace=name)
            return outcome

    async def _tell(self, name: str, job: Job, outcome: Outcome) -> None:
        if self.teller is None:
            return
        try:
            await self.teller.tell(name, job.target, outcome.result.run.sync_id)
        except Exception as error:  # noqa: BLE001 - the file is there; telling about it can fail
            log.error(f"What changed could not be found out: {_words(error)}", **_named(name))

    def _failed(self, error: Exception, seconds: float, name: str) -> None:
        code = error.code if isinstance(error, Error) else Code.INTERNAL
        self.metrics.sync_ended(error, seconds, workspace=name)
        log.error(_words(error), code=int(code), error=type(error).__name__, **_named(name))


def _usable(workspace: Workspace) -> Job:
    """Its job, or what is wrong with its settings, raised."""
    if isinstance(workspace.job, Error):
        raise workspace.job
    return workspace.job


def _words(error: Exception) -> str:
    """What to say of an error; of one that is not ours, what a developer needs."""
    return str(error) if isinstance(error, Error) else f"A defect in the connector: {error!r}"


def _named(workspace: str) -> dict[str, str]:
    return {"workspace": workspace} if workspace else {}
