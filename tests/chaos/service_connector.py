"""One connector in service mode, as a process that may be killed: built as the program builds it.

Quick limits stand for the program's, so that hours become seconds. `Setting` is all that it is
told; what it logs goes to a file, line by line, so that a kill loses none.
"""

import asyncio
import os
import signal
import sys
import time
import traceback
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio._backends._asyncio
import h11
import httpcore2
import rig

from rolecall.baton.engine import Surroundings
from rolecall.baton.ids import ksuid
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.worker import Worker
from rolecall.connector.describe import connector_metadata
from rolecall.connector.job import Access, Job, Outcome, Travel, connect, run
from rolecall.connector.provision.journal import locked_journal
from rolecall.connector.provision.settle import Desk, resolve
from rolecall.connector.source import Reporter
from rolecall.connector.tasks import Tasks
from rolecall.errors import BadToken, Code
from rolecall.notion.client import Client
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace
from working import QUICK, channel_to

LOADED = (anyio, h11, httpcore2)
"""What our HTTP client imports at its first request; the fork server has it for all processes."""

BROKEN = 99
"""Exit status of what should never happen."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a connector is told; the names are the controller's where there is one."""

    client_id: str
    client_secret: str
    address: str
    ca_file: Path
    scim: Access
    host: str
    many: bool
    state: Path
    log: Path


def work(setting: Setting) -> None:
    """Work until SIGTERM; ends the process with the program's exit status."""
    try:
        asyncio.run(_work(setting))
    except BadToken:
        sys.exit(int(Code.UNAUTHENTICATED))
    except Exception:  # noqa: BLE001 - the test looks at it
        _Log(setting.log)(traceback.format_exc())
        sys.exit(BROKEN)


async def books(setting: Setting, now: datetime) -> list[str]:
    """The states of all entries of a connector's journal once it was resolved at this time."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect(setting.scim, _travel(), _now))
        desk = replace(_desk(setting, client, stack), now=lambda: now)
        await resolve(desk)
        return [one.state for one in desk.journal.entries()]


async def _work(setting: Setting) -> None:
    log = _Log(setting.log)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect(setting.scim, _travel(), _now))
        desk = _desk(setting, client, stack)
        channel = await stack.enter_async_context(
            channel_to(setting, host_id=setting.host, log=log)
        )
        await resolve(desk)
        world = Surroundings(now=_now, new_id=_new_id, boot="one boot", log=log)
        report = Reporter(log=log, warn=log, tick=lambda *_: None)

        async def sync(job: Job) -> Outcome:
            return await run(job, world, report, seed=rig.SEED, client=client)

        hello = api.BatonServiceHelloRequest(
            host_id=setting.host, connector_metadata=connector_metadata()
        )
        target = setting.state / "upload.c1z"
        tasks = Tasks(
            controller=channel,
            hello=hello,
            job=Job(target=target, scim=setting.scim, travel=_travel(), keep=1),
            sync=sync,
            desk=desk,
            skip_full_sync=False,
            log=log,
            warn=log,
        )
        worker = Worker(
            controller=channel,
            hello=hello,
            handler=tasks,
            log=log,
            limits=QUICK,
            many=setting.many,
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run()


def _travel() -> Travel:
    return Travel(workers=4, page_size=20, requests_per_second=0, patience=rig.PATIENCE)


def _desk(setting: Setting, client: Client, stack: AsyncExitStack) -> Desk:
    journal = stack.enter_context(locked_journal(setting.state / "journal"))
    return Desk(
        eyes=Finder(client, ScimWorkspace(client, notice=_Log(setting.log))),
        hands=client,
        journal=journal,
        now=_now,
        new_id=_new_id,
        actor="controller",
        workspace=setting.scim.url,
    )


class _Log:
    """Appends lines to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, message: str, /, **facts: object) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic():.3f} {os.getpid()} {message} {facts}\n")


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return ksuid(_now(), os.urandom(16))
