"""`rolecall-notion serve`: the command, its flags, and what they come to.

Parses and puts together; when a sync begins and what happens when one fails is in `schedule`. For
files alone; with a client id, `service` works for a controller.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import SystemRandom
from typing import Any

import click

from rolecall.baton.engine import Surroundings
from rolecall.connector import log, settings
from rolecall.connector.command import until_signalled, world
from rolecall.connector.files import file_option
from rolecall.connector.health import Vitals, health_of
from rolecall.connector.intervals import parse_interval
from rolecall.connector.job import USER_AGENT, Job, check
from rolecall.connector.metrics import Metrics
from rolecall.connector.notice import Command, Webhook
from rolecall.connector.schedule import Schedule, Teller
from rolecall.connector.workspaces import Workspace, read_workspaces
from rolecall.errors import BadConfig, Code, Error, Interrupted

__all__ = ["command"]

Values = Mapping[str, Any]


class _Every(click.ParamType[float]):
    """A duration."""

    name = "duration"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Seconds; a usage error if it is none."""
        try:
            return value if isinstance(value, float) else parse_interval(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}.", param, ctx)


@click.command("serve", short_help="Sync at once, then at intervals, and tell what changed.")
@click.option(
    "--every",
    type=_Every(),
    required=True,
    envvar="BATON_EVERY",
    metavar="DURATION",
    help="From one start to the next: 90s, 15m, 1h, 1d; at least 10s. ($BATON_EVERY)",
)
@file_option
@click.option(
    "--on-change",
    envvar="BATON_ON_CHANGE",
    metavar="COMMAND",
    help="Run this when something changed, the changes as JSON on its input. ($BATON_ON_CHANGE)",
)
@click.option(
    "--webhook",
    envvar="BATON_WEBHOOK",
    metavar="URL",
    help="Send a signed message when something changed. ($BATON_WEBHOOK)",
)
@click.pass_context
def command(
    context: click.Context,
    *,
    every: float,
    file: str | None,
    on_change: str | None,
    webhook: str | None,
) -> None:
    """Sync at once and then at each interval, until SIGTERM or SIGINT, which end it with status 0.

    A sync that fails is logged and tried again. Secrets in files (BATON_SCIM_TOKEN_FILE and so on)
    are read before each sync, so that a token can be changed without a restart.
    """
    values = dict(context.find_root().params)
    if values.get("client_id") or values.get("client_secret"):
        raise click.UsageError(
            "`serve` is for files alone; with a client id (BATON_CLIENT_ID), leave the command out."
        )
    values["file"] = file or values["file"]
    wishes = _Wishes(values=values, on_change=on_change or "", webhook=webhook or "")
    until_signalled(_serve(wishes, every))
    context.exit(int(Code.OK))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """What the command line asked for."""

    values: Values
    on_change: str
    webhook: str

    def workspaces(self) -> list[Workspace]:
        """What to sync, with the secrets of this moment."""
        values = {**self.values, **settings.secrets_from_files()}
        if values.get("workspaces"):
            found = read_workspaces(Path(values["workspaces"]), values)
        else:
            found = [Workspace(name="", job=settings.job_of(values))]
        return [_absolute(one) for one in found]

    def teller(self, surroundings: Surroundings, metrics: Metrics) -> Teller | None:
        """Whoever tells, if anybody shall be told.

        Raises:
            BadConfig: a way of telling is unusable, or no older sync would be kept to compare with.
        """
        if not (self.on_change or self.webhook):
            return None
        if settings.kept_syncs() == 1:
            raise BadConfig(
                "What changed is found by comparing two syncs, and BATON_KEEP_SYNC_COUNT is 1.",
                hint="Set it to 2 or more, or leave it out.",
            )
        if self.webhook:
            self._webhook()  # what is wrong with it shall show now
        return Teller(
            command=self._command() if self.on_change else None,
            webhook=self._webhook if self.webhook else None,
            world=surroundings,
            metrics=metrics,
        )

    def _command(self) -> Command:
        environ = settings.environment_without_secrets()
        return Command.parsed(self.on_change, environ=environ, hide=log.clean)

    def _webhook(self) -> Webhook:
        ca_file = self.values.get("ca_file")
        return Webhook.parsed(
            self.webhook,
            settings.webhook_secret(),
            ca_file=Path(ca_file) if ca_file else None,
            user_agent=USER_AGENT,
        )


def _absolute(workspace: Workspace) -> Workspace:
    if isinstance(workspace.job, Error):
        return workspace
    return replace(workspace, job=replace(workspace.job, target=workspace.job.target.absolute()))


async def _serve(wishes: _Wishes, every: float) -> None:
    """Until cancelled. What cannot ever work is raised before the first sync.

    Raises:
        BadConfig: a setting is unusable.
    """
    surroundings = world()
    metrics = Metrics(now=surroundings.now)
    for workspace in wishes.workspaces():
        if isinstance(workspace.job, Job) and not wishes.values.get("workspaces"):
            check(workspace.job)
    teller = wishes.teller(surroundings, metrics)

    async def question() -> None:
        await schedule.answers()

    vitals = Vitals(now=surroundings.now, metrics=metrics, question=question)
    schedule = Schedule(
        every_s=every,
        workspaces=wishes.workspaces,
        world=surroundings,
        metrics=metrics,
        vitals=vitals,
        teller=teller,
        spread=SystemRandom().random,
        terminal=sys.stderr.isatty(),
    )
    try:
        async with health_of(wishes.values, vitals):
            await schedule.run()
    except (Interrupted, asyncio.CancelledError) as stopped:
        vitals.stopping = True
        log.info("stopped", why=str(stopped) or "a signal came")
