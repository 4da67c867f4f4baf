"""A change in Notion, carried out by our connector's own code in the worker.

The task is the message that a self-hosted connector would get, and its end is the message that one
would send: one path for both. The desk looks at Notion before it sends and again afterwards, so an
attempt that follows one whose worker died finds what that one did. Its journal lasts as long as the
attempt; what lasts is the task's row, and the order that it belongs to.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import structlog
from django.db import connection

from rolecall.baton.ids import ksuid
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.lease import Finished, write_error, write_success
from rolecall.connector.job import Access, Job, Outcome, connect
from rolecall.connector.provision.desk import LiveDesk
from rolecall.connector.provision.journal import locked_journal
from rolecall.connector.provision.operations import OWNER
from rolecall.connector.tasks import Tasks
from rolecall.errors import BadConfig, Conflict, Error, Interrupted, Unsupported
from rolecall.notion.finding import Finder
from rolecall.notion.workspace import ScimWorkspace
from rolecall.server.access.models import Account
from rolecall.server.connectors import hosted, vault
from rolecall.server.connectors.baton.messages import message
from rolecall.server.connectors.beat import Beat
from rolecall.server.connectors.finishing import finish
from rolecall.server.connectors.models import Connector, Secret, Task

__all__ = ["change"]

log = structlog.get_logger()

_OWNERS: Final = 0x6F776E
"""The advisory lock of changes of owners; its other half is the app."""
_HINTS: Final = 3
_AGREED: Final = 1_000_000
"""How many people a plan may change was asked when it was applied, of all of its rows together."""


def change(beat: Beat) -> None:
    """Carry the beat's task out, and end it.

    Raises:
        Lost: the task became somebody else's; what was done they will find.
        Interrupted: nothing was begun, and the worker is being stopped.
    """
    request = api.BatonServiceFinishTaskRequest(host_id=beat.task.worker, task_id=beat.task.pk)
    try:
        write_success(request, _carried(beat))
    except Interrupted:
        raise
    except Error as error:
        write_error(request, error)
    except Exception as bug:
        log.exception("change_bug", task=beat.task.pk, kind=beat.task.kind)
        write_error(
            request, Error(f"A defect of ours ({type(bug).__name__}); see the worker's log.")
        )
    request.status.message = beat.clean(request.status.message)
    if request.HasField("error"):
        beat.error(request.status.message)
    beat.rest()
    finish(beat.task, request, beat.clock())


def _carried(beat: Beat) -> Finished:
    connector = Connector.objects.select_related("app").get(pk=beat.task.connector_id)
    if connector.archived_at:
        raise Conflict("The connector was deleted, or another one took over from it.")
    tokens = vault.open_all(vault.current(connector))
    beat.hide(tokens.values())
    asked = message(beat.task)
    people = _People.of(connector)
    with tempfile.TemporaryDirectory(prefix="rolecall-change-") as folder:
        job = hosted.job_for(connector, tokens, Path(folder))
        with _owners_one_by_one(connector, beat.task):
            return hosted.until_interrupted(_carry(asked, job, people, beat), beat)


@contextmanager
def _owners_one_by_one(connector: Connector, task: Task) -> Iterator[None]:
    """While an owner is changed, no other worker changes one: of two, each would see the other."""
    account = Account.objects.filter(public_id=task.parameters.get("account", "")).first()
    role = account.role if account else None
    if role is None or role.resource is None or role.resource.external_id != OWNER:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s, %s)", [_OWNERS, connector.app_id])
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock(%s, %s)", [_OWNERS, connector.app_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """Whom the guards ask about, by Notion's ids."""

    token_owner: str
    owners: tuple[str, ...]

    @classmethod
    def of(cls, connector: Connector) -> "_People":
        """As they were last observed; the guards look at each in Notion before they believe it."""
        there = Account.objects.filter(app=connector.app_id, present=True)
        token = vault.current(connector).filter(slot=Secret.Slot.SCIM_TOKEN).exclude(made_by="")
        made_by = [one.casefold() for one in token.values_list("made_by", flat=True)]
        maker = there.filter(emails__overlap=made_by).values_list("external_id", flat=True)
        owners = there.filter(role__resource__external_id=OWNER).order_by("-last_changed_at")
        hints = tuple(owners.values_list("external_id", flat=True)[:_HINTS])
        return cls(token_owner=maker.first() or "", owners=hints)


async def _carry(asked: api.Task, job: Job, people: _People, beat: Beat) -> Finished:
    async with _desk(job, people, beat) as desk:
        tasks = Tasks(
            controller=_Nobody(),
            hello=api.BatonServiceHelloRequest(),
            job=job,
            sync=_no_sync,
            desk=desk,
            skip_full_sync=True,
            log=beat.info,
            warn=beat.warn,
        )
        return await tasks(asked)


@asynccontextmanager
async def _desk(job: Job, people: _People, beat: Beat) -> AsyncIterator[LiveDesk]:
    access = _scim(job)
    with locked_journal(job.target.parent / "journal") as journal:
        async with connect(access, job.travel, beat.clock) as client:
            workspace = ScimWorkspace(
                client,
                workers=job.travel.workers,
                page_size=job.travel.page_size,
                notice=beat.warn,
            )
            finder = Finder(client, workspace)
            yield LiveDesk(
                eyes=finder,
                finder=finder,
                hands=client,
                client=client,
                journal=journal,
                now=beat.clock,
                new_id=lambda: ksuid(beat.clock(), os.urandom(16)),
                actor=beat.task.asked_by,
                workspace=access.url,
                token_owner=people.token_owner,
                owner_hints=lambda: people.owners,
                agreed=_AGREED,
            )


def _scim(job: Job) -> Access:
    if job.scim is None:
        raise BadConfig(
            "Changes need a SCIM API token; the public API changes nobody's access.",
            hint="Enter one in the connector's settings.",
        )
    return job.scim


async def _no_sync(job: Job) -> Outcome:
    raise Unsupported(f"Syncs are not made here ({job.target.name}).")


class _Nobody:
    """Who is told on the way: nobody, because the end is written by whoever called."""

    async def hello(self, request: api.BatonServiceHelloRequest) -> object:
        """Not asked for."""
        raise Unsupported(f"No hello is wanted ({request.task_id}).")

    async def upload(self, task_id: str, file: BinaryIO) -> None:
        """Not asked for."""
        raise Unsupported(f"A change uploads nothing ({task_id}, {file}).")
