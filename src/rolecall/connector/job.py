"""One sync of one workspace, from credentials to file: by which API, and what if it refuses.

Owns the choice between SCIM and the public API, and the sentence that says what is missing.
Reads no flags and no environment: everything it needs is in a `Job`.
"""

import hashlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from rolecall import __version__
from rolecall.baton.engine import Complete, Partial, Phase, Plan, Scope, Surroundings, sync
from rolecall.connector.resources import TYPES, USER
from rolecall.connector.source import Reporter, RestSource, ScimSource
from rolecall.connector.targets import Target, TargetSource
from rolecall.errors import BadConfig, BadToken, Fatal, WrongPlan
from rolecall.notion.client import Client, Connection, Counters, Patience
from rolecall.notion.pacing import PaceLimits
from rolecall.notion.rest import NOTION_VERSION
from rolecall.notion.workspace import RestWorkspace, ScimWorkspace

__all__ = [
    "REST_URL",
    "SCIM_URL",
    "USER_AGENT",
    "Access",
    "Job",
    "Outcome",
    "Travel",
    "check",
    "connect",
    "run",
]

SCIM_URL: Final = "https://api.notion.com/scim/v2"
"""Notion: N-001. The Go connector's default is another of Notion's hosts."""

REST_URL: Final = "https://api.notion.com/v1"

SCIM_START: Final = 3.0
SCIM_CEILING: Final = 10.0
"""Requests per second by SCIM, at first and at most; Notion publishes no limit (Notion: N-129)."""

REST_RATE: Final = 3.0
"""Requests per second that the public API allows on every plan (Notion: N-155)."""

USER_AGENT: Final = f"rolecall-notion/{__version__}"

ACCOUNTS_ONLY: Final = "roles and groups: the public API does not know them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One of Notion's two doors: its address and the credential for it."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """How to behave on the way."""

    workers: int = 8
    page_size: int = 100
    requests_per_second: float | None = None
    """Fixed rate; 0 is no limit; None adapts to Notion's patience."""

    timeout_s: float = 60.0
    ca_file: Path | None = None
    patience: Patience = field(default_factory=Patience)

    def pace(self, start: float, ceiling: float) -> PaceLimits:
        """The pace for an API, unless a rate was given."""
        if self.requests_per_second is not None:
            start = ceiling = self.requests_per_second
        return PaceLimits(start=start, ceiling=ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to sync, from where, into which file."""

    target: Path
    scim: Access | None = None
    rest: Access | None = None
    wanted: frozenset[str] = frozenset(TYPES)
    targets: tuple[Target, ...] = ()
    """If given, only these are synced."""

    include_bots: bool = False
    allow_accounts_only: bool = False
    keep: int | None = 2
    on_behalf: str = ""
    """For what the sync is: a draft that was begun on behalf of something else is not taken up."""

    travel: Travel = field(default_factory=Travel)

    @property
    def fingerprint(self) -> str:
        """Of all that decides what a sync contains; the tokens cannot be found from it."""
        said = (
            __version__,
            self.scim,
            self.rest and (self.rest.url, self.rest.token),
            self.scim and self.scim.token,
            sorted(self.wanted),
            self.targets,
            self.include_bots,
            self.travel.page_size,
            self.on_behalf,
        )
        return hashlib.blake2b(repr(said).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a sync ended."""

    result: Complete | Partial

    not_asked: tuple[str, ...] = ()
    """What this kind of sync does not contain by its nature, in words."""

    bots: int = 0
    """Accounts that are integrations; the others are people, and each takes a seat."""

    counters: Counters
    waited_s: float
    """Seconds spent waiting for our turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tools:
    """What every step of a run needs."""

    world: Surroundings
    report: Reporter
    seed: int
    client: Client | None = None


async def run(
    job: Job,
    world: Surroundings,
    report: Reporter,
    *,
    seed: int,
    client: Client | None = None,
) -> Outcome:
    """Sync one workspace.

    Args:
        job: what to do.
        world: clock, ids, boot, log.
        report: told what happens.
        seed: decides which group is checked at random.
        client: an open connection to SCIM to use instead of one of our own.

    Raises:
        BadToken, WrongPlan: SCIM refused, and accounts only are not allowed or not possible.
        BadConfig: the credentials do not fit what was asked.
        Error: whatever ended the sync; no file was written.
    """
    check(job)
    tools = _Tools(world=world, report=report, seed=seed, client=client)
    if job.scim is None:
        return await _by_rest(job, tools)
    try:
        return await _by_scim(job, job.scim, tools)
    except (BadToken, WrongPlan) as refusal:
        if not (job.allow_accounts_only and job.rest):
            raise _with_way_out(refusal, job) from refusal
        report.warn(f"{refusal.what} Syncing accounts only, by the public API.")
        return await _by_rest(replace(job, scim=None), tools)


def check(job: Job) -> None:
    """Refuse what cannot work before anything is asked of Notion.

    Raises:
        BadConfig: no credential, or one that cannot give what was asked.
    """
    if job.scim is None and job.rest is None:
        raise BadConfig(
            "There is no credential.",
            hint="Give --scim-token (BATON_SCIM_TOKEN), or --api-key (BATON_API_KEY) for accounts.",
        )
    if job.include_bots and job.rest is None:
        raise BadConfig(
            "--include-bots needs an API key: SCIM does not list bots.", hint="Add --api-key."
        )
    if job.scim is None and (job.targets or USER not in job.wanted):
        raise BadConfig(
            "The public API lists accounts and nothing else.",
            hint="Groups, roles and single resources need --scim-token.",
        )


def _with_way_out(refusal: Fatal, job: Job) -> Fatal:
    way = (
        "With --allow-accounts-only, accounts alone are synced by the API key."
        if job.rest
        else "With --api-key and --allow-accounts-only, accounts alone could be synced."
    )
    return type(refusal)(refusal.what, hint=f"{refusal.hint} {way} No file was written.")


async def _by_scim(job: Job, access: Access, tools: _Tools) -> Outcome:
    async with AsyncExitStack() as stack:
        client = tools.client
        if client is None:
            own = connect(access, job.travel, tools.world.now)
            client = await stack.enter_async_context(own)
        workspace = ScimWorkspace(
            client,
            workers=job.travel.workers,
            page_size=job.travel.page_size,
            notice=tools.report.warn,
        )
        if job.targets:
            targeted = TargetSource(workspace, job.targets, report=tools.report)
            plan = _plan(job, targeted.phases(), scope="partial")
            return await _sync(plan, client, tools, ("everything but what was named",))
        bots = await stack.enter_async_context(_rest(job, tools)) if job.include_bots else None
        source = ScimSource(
            workspace,
            bots=_rest_workspace(job, bots, tools) if bots else None,
            wanted=job.wanted,
            dice=Random(tools.seed),  # noqa: S311 - picks a sample, guards nothing
            report=tools.report,
            workers=job.travel.workers,
        )
        left_out = tuple(f"{one}s: not asked for" for one in TYPES if one not in job.wanted)
        plan = _plan(job, source.phases(), scope="partial" if left_out else "full")
        plan = replace(plan, still_true=source.still_true)
        outcome = await _sync(plan, client, tools, left_out)
        return replace(outcome, bots=source.bots_found)


async def _by_rest(job: Job, tools: _Tools) -> Outcome:
    async with _rest(job, tools) as client:
        source = RestSource(
            _rest_workspace(job, client, tools),
            include_bots=job.include_bots,
            report=tools.report,
        )
        plan = _plan(job, source.phases(), scope="partial")
        plan = replace(plan, still_true=source.still_true)
        tools.report.warn(f"Accounts only. Missing: {ACCOUNTS_ONLY}.")
        outcome = await _sync(plan, client, tools, (ACCOUNTS_ONLY,))
        return replace(outcome, bots=source.bots_found)


async def _sync(plan: Plan, client: Client, tools: _Tools, not_asked: tuple[str, ...]) -> Outcome:
    result = await sync(plan, tools.world)
    return Outcome(
        result=result,
        not_asked=not_asked,
        counters=client.counters,
        waited_s=client.pace.waited_s,
    )


def _plan(job: Job, phases: tuple[Phase, ...], *, scope: Scope) -> Plan:
    return Plan(
        target=job.target, phases=phases, scope=scope, config=job.fingerprint, keep=job.keep
    )


def _rest(job: Job, tools: _Tools) -> Client:
    if job.rest is None:  # `check` has refused this
        raise BadConfig("There is no API key.", hint="Give --api-key.")
    return connect(job.rest, job.travel, tools.world.now, rest=True)


def _rest_workspace(job: Job, client: Client, tools: _Tools) -> RestWorkspace:
    return RestWorkspace(client, page_size=job.travel.page_size, notice=tools.report.warn)


def connect(
    access: Access, travel: Travel, clock: Callable[[], datetime], *, rest: bool = False
) -> Client:
    """A client for one of the two doors, to be used as a context manager.

    Args:
        access: where, and with which credential.
        travel: how.
        clock: the time now.
        rest: whether it is the public API, not SCIM.
    """
    pace = travel.pace(REST_RATE, REST_RATE) if rest else travel.pace(SCIM_START, SCIM_CEILING)
    connection = Connection(
        base_url=access.url,
        token=access.token,
        headers={"Notion-Version": NOTION_VERSION} if rest else {},
        pace=pace,
        patience=travel.patience,
        workers=travel.workers,
        timeout_s=travel.timeout_s,
        ca_file=travel.ca_file,
    )
    return Client(connection, clock=clock, user_agent=USER_AGENT)
