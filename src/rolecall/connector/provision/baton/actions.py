"""Invoke actions, and say what became of those that were invoked.

An action is answered when it is settled, never before, so its status is final from the start and
`inline_wait` has nothing to wait for. The id of an action is that of its journal entry: another
process can be asked about it too. Only what changed nothing has no entry; this process remembers
that for a while.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from rolecall.baton.proto._generated.c1.connector.v2.action_pb2 import (
    BatonActionStatus,
    GetActionStatusRequest,
    GetActionStatusResponse,
    InvokeActionRequest,
    InvokeActionResponse,
)
from rolecall.connector.provision.baton.schemas import ATTRIBUTES, schema_of
from rolecall.connector.provision.journal import Entry
from rolecall.connector.provision.operations import (
    AnyOperation,
    CreateGroup,
    DeleteGroup,
    RenameGroup,
    UpdateAccount,
)
from rolecall.connector.provision.settle import Desk, Result, settle
from rolecall.connector.resources import GROUP, USER
from rolecall.errors import Gone, Invalid

__all__ = ["Actions"]

REMEMBERED: Final = 1000

_NAMES: Final[Mapping[type, str]] = {
    UpdateAccount: "update_account",
    CreateGroup: "create_group",
    RenameGroup: "rename_group",
    DeleteGroup: "delete_group",
}
_STATUS: Final = {
    "verified": BatonActionStatus.BATON_ACTION_STATUS_COMPLETE,
    "failed": BatonActionStatus.BATON_ACTION_STATUS_FAILED,
    "open": BatonActionStatus.BATON_ACTION_STATUS_UNKNOWN,
}


class Actions:
    """The actions of one process."""

    def __init__(self) -> None:
        self._done = OrderedDict[str, GetActionStatusResponse]()

    async def invoke(
        self, request: InvokeActionRequest, desk: Desk, *, why: str = ""
    ) -> InvokeActionResponse:
        """Carry an action out.

        Returns:
            What became of it, complete.

        Raises:
            Gone: there is no such action, member or group.
            Invalid: arguments are missing, unknown or unusable.
            Error: as `settle`.
        """
        schema = schema_of(request.name, request.resource_type_id)
        args = json_format.MessageToDict(request.args)
        _insist_on_arguments(args, {one.name: one.is_required for one in schema.arguments})
        result = await settle(_operation(request.name, args), desk, why=why)
        status = GetActionStatusResponse(
            name=request.name,
            id=result.entry or desk.new_id(),
            status=BatonActionStatus.BATON_ACTION_STATUS_COMPLETE,
            response=_told(result),
        )
        self._remember(status)
        return InvokeActionResponse(
            id=status.id, name=status.name, status=status.status, response=status.response
        )

    def status(self, request: GetActionStatusRequest, desk: Desk) -> GetActionStatusResponse:
        """What became of an action, by memory or by the journal.

        Raises:
            Gone: no action of this id is known.
        """
        return self._done.get(request.id) or _recorded(request.id, desk)

    def _remember(self, status: GetActionStatusResponse) -> None:
        self._done[status.id] = status
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)


def _insist_on_arguments(args: Mapping[str, Any], known: Mapping[str, bool]) -> None:
    """Refuse arguments that are unknown, and the lack of required ones."""
    if unknown := sorted(set(args) - set(known)):
        raise Invalid(
            f"The action takes no {', '.join(unknown)}.", hint=f"It takes {', '.join(known)}."
        )
    lacking = [name for name, required in known.items() if required and not args.get(name)]
    if lacking:
        raise Invalid(f"The action needs {' and '.join(lacking)}.")


def _operation(name: str, args: Mapping[str, Any]) -> AnyOperation:
    match name:
        case "update_account":
            return UpdateAccount(user_id=_id(args, USER), attributes=_attributes(args))
        case "create_group":
            return CreateGroup(name=_text(args, "name"))
        case "rename_group":
            return RenameGroup(group_id=_id(args, GROUP), name=_text(args, "name"))
        case "delete_group":
            return DeleteGroup(group_id=_id(args, GROUP))
    raise AssertionError(f"the schema of {name} has no operation")


def _id(args: Mapping[str, Any], resource_type: str) -> str:
    """An id as plain text or as a Baton resource id, in either spelling of JSON."""
    name = f"{resource_type}_id"
    given = args[name]
    if isinstance(given, dict):
        kind = given.get("resource_type_id") or given.get("resourceTypeId") or resource_type
        if kind != resource_type:
            raise Invalid(f"{name} must be the id of a {resource_type}, not of a {kind}.")
        given = given.get("resource_id") or given.get("resourceId")
    if not isinstance(given, str) or not given.strip():
        raise Invalid(f"{name} must be the id of a {resource_type}.")
    return given.strip()


def _text(args: Mapping[str, Any], name: str) -> str:
    value = args[name]
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"{name} must be a text that is not empty.")
    return value.strip()


def _attributes(args: Mapping[str, Any]) -> dict[str, Any]:
    """What shall be changed, as SCIM nests it.

    Raises:
        Invalid: nothing is to be changed, or to nothing: how Notion empties a field is unknown.
    """
    found: dict[str, Any] = {}
    for name, (_shown, path) in ATTRIBUTES.items():
        if name not in args:
            continue
        node = found
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = _text(args, name)
    if not found:
        raise Invalid("Nothing is to be changed.", hint=f"Give one of {', '.join(ATTRIBUTES)}.")
    return found


def _told(result: Result) -> Struct:
    """What a result comes to, by the schema's `return_types`."""
    before, after = result.before, result.after
    subject = {
        f"{kind}_id": rows[0].id
        for kind, rows in (
            (USER, after.people or before.people),
            (GROUP, after.groups or before.groups),
        )
        if rows
    }
    return _struct(
        already=result.already, says=result.says, at=result.seen_at, entry=result.entry, **subject
    )


def _struct(*, already: bool, says: str, at: datetime, entry: str, **subject: str) -> Struct:
    told = Struct()
    told.update(
        {
            "success": True,
            "already": already,
            "says": says,
            "seen_at": at.isoformat(),
            "entry": entry,
            **subject,
        }
    )
    return told


def _recorded(action_id: str, desk: Desk) -> GetActionStatusResponse:
    """What the journal says about an action of another process."""
    entry = desk.journal.entry(action_id)
    name = _NAMES.get(type(entry.opened.operation))
    if name is None:
        raise Gone(f"{action_id} is no action.")
    return GetActionStatusResponse(
        name=name, id=action_id, status=_STATUS[entry.state], response=_remembered(entry)
    )


def _remembered(entry: Entry) -> Struct:
    last = entry.happened[-1] if entry.happened else None
    if entry.state == "verified" and last is not None:
        operation = entry.opened.operation
        kind = USER if isinstance(operation, UpdateAccount) else GROUP
        subject = {f"{kind}_id": entry.subject} if entry.subject else {}
        return _struct(
            already=False,
            says=entry.opened.step.says,
            at=last.at,
            entry=entry.opened.id,
            **subject,
        )
    told = Struct()
    told.update({"success": False, "error": last.says if last else "It is not known how it ended."})
    return told
