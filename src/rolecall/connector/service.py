"""Service mode, put together: credentials, certificates, the shared connection, worker and tasks.

With a client id the connector belongs to a controller: it says who it is and what it can do, asks
for tasks, and works until it is told to stop.
"""

import asyncio
import hashlib
import os
import platform
import secrets
import signal
import socket
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeVar

from rolecall import __version__
from rolecall.baton.engine import Surroundings
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.channel import Controller
from rolecall.baton.service.credentials import Credentials, read_credentials
from rolecall.baton.service.token import Tokens
from rolecall.baton.service.worker import Finished, Limits, Worker
from rolecall.connector import log
from rolecall.connector.command import no_core_file, world
from rolecall.connector.describe import connector_metadata
from rolecall.connector.health import Vitals, ask_notion, health_of
from rolecall.connector.job import Job, Outcome, connect, run
from rolecall.connector.metrics import Metrics
from rolecall.connector.provision.desk import LiveDesk, open_desk
from rolecall.connector.settings import Hosting, hosting, job_of, secrets_from_files
from rolecall.connector.source import Reporter
from rolecall.connector.tasks import Tasks
from rolecall.errors import BadConfig, Code
from rolecall.notion.client import Client
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace

__all__ = ["serve"]

T = TypeVar("T")

UPLOADED: Final = "upload.c1z"
"""The file in the state folder that is written, uploaded and deleted."""

BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
"""Where systems keep the certificates that they trust, if OpenSSL does not say."""


def serve(values: Mapping[str, Any]) -> int:
    """Work for the controller until SIGINT or SIGTERM; returns the exit status.

    Raises:
        BadConfig: a setting is missing or unusable.
        Error: the controller does not want us.
    """
    no_core_file()
    asyncio.run(_serve(values))
    return int(Code.OK)


async def _serve(values: Mapping[str, Any]) -> None:
    place, surroundings = hosting(), world()
    credentials = _latest(values, partial(_credentials, place=place))
    _insist_on_a_lasting_journal(values)
    async with AsyncExitStack() as stack:
        jobs = _latest(values, _job)
        job = jobs()
        shared = await stack.enter_async_context(_notion(values, job, surroundings))
        controller = await stack.enter_async_context(_controller(credentials, values, place))
        metrics = Metrics(now=surroundings.now)
        tasks = Tasks(
            controller=controller,
            hello=_hello(place.host_id),
            job=job,
            sync=_syncing(shared.client, surroundings, metrics),
            desk=shared.desk,
            skip_full_sync=values["skip_full_sync"],
            log=log.info,
            warn=log.warn,
        )
        vitals = Vitals(
            now=surroundings.now,
            metrics=metrics,
            question=lambda: ask_notion(now := jobs(), surroundings.now, _door(shared.client, now)),
        )
        stack.enter_context(metrics.following(shared.client))
        await stack.enter_async_context(health_of(values, vitals))
        handler = _Renewed(tasks=tasks, jobs=jobs)
        worker = _worker(handler, controller, values, vitals, place=place)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _stop, worker, vitals)
        await worker.run()


def _latest(values: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> Callable[[], T]:
    """What `read` makes of the flags with the secrets that files hold at the moment.

    If these are unusable, because somebody is writing them or by mistake, what it made before.

    Raises:
        BadConfig: the flags were unusable from the beginning.
    """
    last = read(values)

    def current() -> T:
        nonlocal last
        try:
            last = read({**values, **secrets_from_files()})
        except BadConfig as error:
            log.warn("a secret is used that was read before", why=str(error))
        return last

    return current


@dataclass(slots=True, kw_only=True)
class _Renewed:
    """The tasks, each with the secrets of its moment: a file's new content needs no restart.

    What runs already goes on with the token that it began with, so that a file that names another
    workspace by mistake never mixes the two in one sync.
    """

    tasks: Tasks
    jobs: Callable[[], Job]

    async def __call__(self, task: api.Task) -> Finished:
        with log.about(task_id=task.id):
            return await self._with_secrets_of_now(task)

    async def _with_secrets_of_now(self, task: api.Task) -> Finished:
        job = self.jobs()
        if job != self.tasks.job:
            log.info("the credentials for Notion have changed")
            self.tasks.job = job
            if isinstance(self.tasks.desk, LiveDesk):
                self.tasks.desk = _hurried(self.tasks.desk, job)
        return await self.tasks(task)


def _worker(
    handler: _Renewed,
    controller: Controller,
    values: Mapping[str, Any],
    vitals: Vitals,
    *,
    place: Hosting,
) -> Worker:
    return Worker(
        controller=controller,
        hello=handler.tasks.hello,
        handler=handler,
        log=log.info,
        limits=Limits(concurrency=values["task_concurrency"]),
        many=place.get_tasks,
        finished=vitals.metrics.task_ended,
        heard=lambda heard: _heard(vitals, heard=heard),
    )


def _heard(vitals: Vitals, *, heard: bool) -> None:
    """Ready from the first time that the controller hears us."""
    vitals.ready = vitals.ready or heard
    vitals.metrics.connected(heard=heard)


def _stop(worker: Worker, vitals: Vitals) -> None:
    vitals.stopping = True
    worker.stop()


def _insist_on_a_lasting_journal(values: Mapping[str, Any]) -> None:
    """Changes are not made where their record would vanish with the container."""
    if values.get("provisioning") and not (values.get("journal") or values.get("state_dir")):
        raise BadConfig(
            "Provisioning in service mode needs a folder that lasts, for the journal of changes.",
            hint="Name one with --state-dir or --journal (in a container: on a volume).",
        )


def _job(values: Mapping[str, Any]) -> Job:
    """The sync that is uploaded: written in the state folder, holding itself alone."""
    job = replace(job_of(values), keep=1)
    if job.allow_accounts_only:
        raise BadConfig(
            "--allow-accounts-only is not for service mode.",
            hint="A controller would take accounts without groups and roles for everybody's loss.",
        )
    if job.scim is None:
        raise BadConfig(
            "Service mode needs a SCIM token.", hint="Give --scim-token (BATON_SCIM_TOKEN)."
        )
    return replace(job, target=_state(values) / UPLOADED)


def _state(values: Mapping[str, Any]) -> Path:
    """A folder that is ours alone."""
    named = values.get("state_dir")
    folder = Path(named) if named else Path(tempfile.gettempdir()) / _own_name(values)
    try:
        folder.mkdir(mode=0o700, parents=bool(named), exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise BadConfig(f"The state folder {folder} is unusable ({error.strerror}).") from error
    if not named and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise BadConfig(f"{folder} belongs to somebody else.", hint="Name one with --state-dir.")
    return folder


def _own_name(values: Mapping[str, Any]) -> str:
    """A folder's name that no other user and no other connector has, and we have again."""
    digest = hashlib.blake2b(str(values["client_id"]).encode(), digest_size=4)
    return f"rolecall-{os.getuid()}-{digest.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notion:
    """The one connection to Notion, and the desk for changes if they are allowed."""

    client: Client
    desk: LiveDesk | None


@asynccontextmanager
async def _notion(
    values: Mapping[str, Any], job: Job, surroundings: Surroundings
) -> AsyncIterator[_Notion]:
    if not values.get("provisioning"):
        if job.scim is None:  # `_job` has refused this
            raise BadConfig("There is no SCIM token.")
        async with connect(job.scim, job.travel, surroundings.now) as client:
            yield _Notion(client=client, desk=None)
        return
    # Without a file to look for owners in: ours is there for a moment, and takes seconds to unpack.
    no_file = job.target.with_suffix(".none")
    kept = {**values, "file": str(no_file), "journal": _journal(values)}
    async with open_desk(kept, surroundings, actor="controller", notice=log.warn) as desk:
        for entry, says in desk.resolved:
            log.warn("an open change was resolved", entry=entry.opened.id, says=says)
        yield _Notion(client=desk.client, desk=_hurried(desk, job))


def _journal(values: Mapping[str, Any]) -> str:
    return str(values.get("journal") or _state(values) / "journal")


def _hurried(desk: LiveDesk, job: Job) -> LiveDesk:
    """The same desk, whose requests go before the pages of a sync, with the job's token."""
    client = _door(desk.client, job).hurried()
    workspace = ScimWorkspace(client, workers=job.travel.workers, notice=log.warn)
    finder = Finder(client, workspace)
    return replace(desk, eyes=finder, finder=finder, hands=client, client=client)


def _door(client: Client, job: Job) -> Client:
    """The shared connection, with the job's token."""
    return client.with_token(job.scim.token) if job.scim else client


def _syncing(
    client: Client, surroundings: Surroundings, metrics: Metrics
) -> Callable[[Job], Awaitable[Outcome]]:
    """Syncs over the shared connection, each counted however it ends."""
    report = Reporter(log=log.info, warn=log.warn, tick=lambda *_: None)

    async def sync(job: Job) -> Outcome:
        begun = time.monotonic()
        try:
            ended = await run(
                job, surroundings, report, seed=secrets.randbits(32), client=_door(client, job)
            )
        except BaseException as error:
            metrics.sync_ended(error, time.monotonic() - begun)
            raise
        metrics.sync_ended(ended, time.monotonic() - begun)
        return ended

    return sync


def _credentials(values: Mapping[str, Any], place: Hosting) -> Credentials:
    return read_credentials(values["client_id"], values["client_secret"], api_host=place.api_host)


def _controller(
    credentials: Callable[[], Credentials], values: Mapping[str, Any], place: Hosting
) -> Controller:
    context, roots = _trust(values.get("ca_file"), place)
    ours = credentials()
    agent = f"{ours.name} rolecall-notion/{__version__}"
    tokens = Tokens(credentials, trust=context, now=world().now, user_agent=agent, log=log.info)
    return Controller(
        ours.address, roots=roots, tokens=tokens, user_agent=agent, host_id=place.host_id
    )


def _trust(ca_file: str | None, place: Hosting) -> tuple[ssl.SSLContext, bytes]:
    """Whom to believe, for HTTP and for gRPC alike: the system's, and those of `ca_file`."""
    context = ssl.create_default_context()
    files = [place.ssl_cert_file or _bundle()]
    try:
        if ca_file:
            context.load_verify_locations(cafile=ca_file)
            files.append(ca_file)
        roots = b"\n".join(Path(file).read_bytes() for file in files if file)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(
            f"The certificates to trust are unusable ({error}).",
            hint="--ca-file and SSL_CERT_FILE must hold PEM certificates.",
        ) from error
    return context, roots


def _bundle() -> str:
    """The file in which this system keeps the certificates that it trusts."""
    known = (ssl.get_default_verify_paths().cafile, *BUNDLES)
    return next((file for file in known if file and Path(file).exists()), "")


def _hello(host_id: str) -> api.BatonServiceHelloRequest:
    request = api.BatonServiceHelloRequest
    return request(
        host_id=host_id,
        build_info=request.BuildInfo(
            lang_version=f"python{platform.python_version()}",
            package="rolecall",
            package_version=metadata.version("rolecall"),
        ),
        os_info=request.OSInfo(
            hostname=socket.gethostname()[:256],
            os=platform.system().lower(),
            platform=platform.platform()[:256],
            kernel_arch=platform.machine(),
        ),
        connector_metadata=connector_metadata(),
    )
