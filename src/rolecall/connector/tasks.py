"""What each of a controller's tasks comes to, for a Notion workspace.

Syncs are written and uploaded one at a time; changes are made one at a time, so that the guards see
each other's effects; both go on side by side, changes first at Notion's door. A refusal is always
an error with a code, and never a thinner success: nothing is uploaded that a sync did not end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final, Protocol

from google.protobuf.message import Message

from rolecall.baton.c1z.draft import MAX_AGE
from rolecall.baton.engine import Complete, Log
from rolecall.baton.proto._generated.c1.connector.v2 import action_pb2 as action
from rolecall.baton.proto._generated.c1.connector.v2 import grant_pb2 as grants
from rolecall.baton.proto._generated.c1.connector.v2 import resource_pb2 as resources
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.baton.service.worker import Finished
from rolecall.connector.job import Job, Outcome
from rolecall.connector.provision import baton
from rolecall.connector.provision.settle import Desk
from rolecall.connector.resources import TYPES
from rolecall.connector.targets import Target
from rolecall.errors import (
    BadToken,
    Conflict,
    Error,
    Refused,
    Retry,
    Unfinished,
    Unsupported,
)

__all__ = ["Controlling", "Tasks"]

UPLOADS: Final = 3
"""How often a file is sent from its beginning before the task is handed back."""

NAMED: Final = 20
"""How many of the things that a sync could not read are named one by one; it counts all."""

Sync = Callable[[Job], Awaitable[Outcome]]


class Controlling(Protocol):
    """Whom a task is carried out for, as far as that is told on the way to its end."""

    async def hello(self, request: api.BatonServiceHelloRequest) -> object:
        """Say who we are."""

    async def upload(self, task_id: str, file: BinaryIO) -> None:
        """Hand a sync over."""


@dataclass(slots=True, kw_only=True)
class Tasks:
    """The handler of a worker's tasks."""

    controller: Controlling
    hello: api.BatonServiceHelloRequest
    job: Job
    """What a sync without further wishes reads; its target is the file that is uploaded."""

    sync: Sync
    """Runs a job over the connection that everything shares."""

    desk: Desk | None
    """Where changes are made; None if provisioning is off."""

    skip_full_sync: bool
    log: Log
    warn: Log
    """Told what somebody should look at."""

    actions: baton.Actions = field(default_factory=baton.Actions)
    _syncing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, task: api.Task) -> Finished:
        """Carry out one task.

        Raises:
            Unsupported: Notion, or this connector, has nothing of the kind.
            Error: it failed.
        """
        kind = task.WhichOneof("task_type") or "none"
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise Unsupported(f"This connector does not carry out tasks of the kind {kind}.")
        return await handler(self, task)

    async def _hello(self, task: api.Task) -> Finished:
        again = api.BatonServiceHelloRequest()
        again.CopyFrom(self.hello)
        again.task_id = task.id
        await self.controller.hello(again)
        return Finished()

    async def _sync_full(self, task: api.Task) -> Finished:
        if self.skip_full_sync:
            raise Refused("Full syncs are switched off here (--skip-full-sync).")
        wish = task.sync_full
        if wish.skip_entitlements_and_grants or wish.skip_grants:
            raise Unsupported("A sync without grants is not offered; ask for resource types.")
        job = _wished(self.job, wish)
        async with self._syncing:
            job = replace(job, on_behalf=self._cause(task.id))
            try:
                outcome = await self.sync(job)
            except Conflict as error:  # another process has our folder, and that passes
                raise Unfinished(error.what, hint=error.hint) from error
            with job.target.open("rb") as file:
                job.target.unlink()  # what is open can be read; nothing is left, whatever happens
                await self._upload(task.id, file)
        self._tell(task.id, outcome)
        return Finished()

    def _cause(self, task_id: str) -> str:
        """Of what drafts a sync may take up: of this task's, from after our last change.

        Whoever asks for a sync after a change, by us or by anybody, sees it: what was read for an
        earlier task may be from before. A draft is taken up for as long as `MAX_AGE`, and a change
        may take as long as that.
        """
        if self.desk is None:
            return task_id
        return f"{task_id} {self.desk.journal.weight(self.desk.now() - 2 * MAX_AGE)}"

    async def _upload(self, task_id: str, file: BinaryIO) -> None:
        """Send a finished sync; what hinders us is between us and the controller, and passes."""
        for left in reversed(range(UPLOADS)):
            try:
                await self.controller.upload(task_id, file)
            except Error as error:
                if not left or not isinstance(error, Retry | BadToken):
                    raise Unfinished(f"The sync was not taken in. {error.what}") from error
                self.log("an upload is repeated", task_id=task_id, why=error.what)
            else:
                return

    def _tell(self, task_id: str, outcome: Outcome) -> None:
        missing = () if isinstance(outcome.result, Complete) else outcome.result.missing
        for line in missing[:NAMED]:
            self.warn(f"Missing: {line}", task_id=task_id)
        self.log(
            "uploaded a sync",
            task_id=task_id,
            sync_type=outcome.result.run.sync_type,
            bytes=outcome.result.packed.compressed_bytes,
            missing=len(missing),
        )

    async def _grant(self, task: api.Task) -> Finished:
        wish = task.grant
        request = grants.GrantManagerServiceGrantRequest(
            entitlement=wish.entitlement, principal=wish.principal, annotations=wish.annotations
        )
        return await self._change(lambda desk: baton.grant(request, desk))

    async def _revoke(self, task: api.Task) -> Finished:
        wish = task.revoke
        request = grants.GrantManagerServiceRevokeRequest(
            grant=wish.grant, annotations=wish.annotations
        )
        return await self._change(lambda desk: baton.revoke(request, desk))

    async def _create_account(self, task: api.Task) -> Finished:
        wish = task.create_account
        request = resources.CreateAccountRequest(
            account_info=wish.account_info,
            credential_options=wish.credential_options
            if wish.HasField("credential_options")
            else None,
            encryption_configs=wish.encryption_configs,
            resource_type_id=wish.resource_type_id,
        )
        return await self._change(lambda desk: baton.create_account(request, desk))

    async def _create_resource(self, task: api.Task) -> Finished:
        request = resources.CreateResourceRequest(resource=task.create_resource.resource)
        return await self._change(lambda desk: baton.create_resource(request, desk))

    async def _delete_resource(self, task: api.Task) -> Finished:
        request = resources.DeleteResourceRequest(resource_id=task.delete_resource.resource_id)
        return await self._change(lambda desk: baton.delete_resource(request, desk))

    async def _list_actions(self, task: api.Task) -> Finished:
        wish = task.action_list_schemas
        request = action.ListActionSchemasRequest(resource_type_id=wish.resource_type_id)
        return Finished(response=baton.list_action_schemas(request))

    async def _get_action(self, task: api.Task) -> Finished:
        request = action.GetActionSchemaRequest(name=task.action_get_schema.name)
        return Finished(response=baton.get_action_schema(request))

    async def _invoke(self, task: api.Task) -> Finished:
        wish = task.action_invoke
        request = action.InvokeActionRequest(
            name=wish.name, args=wish.args, resource_type_id=wish.resource_type_id
        )
        return await self._change(lambda desk: self.actions.invoke(request, desk))

    async def _action_status(self, task: api.Task) -> Finished:
        request = action.GetActionStatusRequest(id=task.action_status.id)
        return Finished(response=self.actions.status(request, self._insist_on_desk()))

    async def _change(self, change: Callable[[Desk], Awaitable[Message]]) -> Finished:
        """Make a change alone, so that the next one's guards see what it did."""
        desk = self._insist_on_desk()
        async with self._changing:
            response = await _to_its_end(change(desk))
        return Finished(response=response, annotations=tuple(getattr(response, "annotations", ())))

    def _insist_on_desk(self) -> Desk:
        baton.insist_on_provisioning(enabled=self.desk is not None)
        if self.desk is None:
            raise AssertionError("refused in the line above")
        return self.desk


async def _to_its_end(change: Awaitable[Message]) -> Message:
    """A change that was begun is not cut off: what came of it is what is said about it."""
    work = asyncio.ensure_future(change)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        return await work


def _wished(job: Job, wish: api.Task.SyncFullTask) -> Job:
    """The job, narrowed to what the task asks for."""
    types = frozenset(wish.sync_resource_type_ids)
    if unknown := sorted(types - set(TYPES)):
        raise Unsupported(f"Notion has no resources of the type {unknown[0]}.")
    targets = tuple(
        sorted(
            Target(type=one.id.resource_type, id=one.id.resource)
            for one in wish.targeted_sync_resources
        )
    )
    return replace(job, wanted=types or job.wanted, targets=targets or job.targets)


_HANDLERS: Final[dict[str, Callable[[Tasks, api.Task], Awaitable[Finished]]]] = {
    "hello": Tasks._hello,  # noqa: SLF001 - our own methods, by the task's name
    "sync_full": Tasks._sync_full,  # noqa: SLF001
    "grant": Tasks._grant,  # noqa: SLF001
    "revoke": Tasks._revoke,  # noqa: SLF001
    "create_account": Tasks._create_account,  # noqa: SLF001
    "create_resource": Tasks._create_resource,  # noqa: SLF001
    "delete_resource": Tasks._delete_resource,  # noqa: SLF001
    "action_list_schemas": Tasks._list_actions,  # noqa: SLF001
    "action_get_schema": Tasks._get_action,  # noqa: SLF001
    "action_invoke": Tasks._invoke,  # noqa: SLF001
    "action_status": Tasks._action_status,  # noqa: SLF001
}
