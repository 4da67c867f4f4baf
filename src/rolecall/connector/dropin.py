"""The Go runner's orders by flags: one change, or one list, in one run instead of a sync.

Same flags, same order of precedence, same exit statuses, and the result in the log alone, so that a
script written for the Go connector goes on working. What is different is what was wrong there: the
file of the last sync only says what ids mean; what is held is read in Notion, before and after. The
file is never changed.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import click
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from rolecall.baton.proto._generated.c1.connector.v2 import action_pb2 as action
from rolecall.baton.proto._generated.c1.connector.v2 import grant_pb2 as grants
from rolecall.baton.proto._generated.c1.connector.v2 import resource_pb2 as resources
from rolecall.connector import log
from rolecall.connector.asking import actor
from rolecall.connector.command import until_signalled, world
from rolecall.connector.lookup import Synced, lookup
from rolecall.connector.provision import baton
from rolecall.connector.provision.desk import LiveDesk, open_desk
from rolecall.connector.resources import USER
from rolecall.errors import Code

__all__ = ["run"]

Values = Mapping[str, Any]
Work = Callable[[LiveDesk], Awaitable[Message]]

_TOGETHER: Final = (
    ("grant_entitlement", "grant_principal", "grant_principal_type"),
    ("delete_resource", "delete_resource_type"),
)
"""All of these, or none."""

_NEEDS: Final = {
    "create_account_email": ("create_account_login", "create_account_profile"),
    "create_account_resource_type": ("create_account_login", "create_account_profile"),
    "invoke_action_args": ("invoke_action",),
    "invoke_action_resource_type": ("invoke_action",),
    "list_action_schemas_resource_type": ("list_action_schemas",),
}
"""Each of these only makes sense beside one of those."""


def run(values: Values) -> int:
    """Carry out what the flags order; returns the exit status.

    Args:
        values: of all flags, one of which is of one shot.

    Raises:
        click.UsageError: flags are missing, or name what the file does not know.
        Error: it could not be done.
    """
    _insist_on_companions(values)
    ordered = [(flag, order) for flag, order in _ORDERS.items() if values.get(flag)]
    flag, order = ordered[0]
    for other, another in ordered[1:]:
        if another is not order:
            log.warn(f"{_flag(other)} is not done: one run does one thing, here {_flag(flag)}.")
    order(values)
    return int(Code.OK)


def _insist_on_companions(values: Values) -> None:
    if values.get("workspaces"):
        raise click.UsageError("--workspaces names several; a change is made in one workspace.")
    for together in _TOGETHER:
        missing = [_flag(one) for one in together if not values.get(one)]
        if 0 < len(missing) < len(together):
            given = next(_flag(one) for one in together if values.get(one))
            raise click.UsageError(f"{given} also needs {' and '.join(missing)}.")
    for one, needed in _NEEDS.items():
        if values.get(one) and not any(values.get(other) for other in needed):
            raise click.UsageError(f"{_flag(one)} also needs {' or '.join(map(_flag, needed))}.")


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _change(values: Values, said: Callable[[Any], str], work: Work) -> None:
    """Do one change at a desk, and log what came of it, in the words that `said` finds for it."""
    baton.insist_on_provisioning(enabled=bool(values.get("provisioning")))

    async def carry_out() -> Message:
        async with open_desk(values, world(), actor=actor(), notice=log.warn) as desk:
            for entry, became in desk.resolved:
                log.warn(f"A change that was cut short: {entry.opened.step.says} {became}.")
            return await work(desk)

    response = until_signalled(carry_out())
    log.info(said(response), response=json_format.MessageToDict(response))


def _grant(values: Values) -> None:
    with lookup(values["file"]) as synced:
        request = grants.GrantManagerServiceGrantRequest(
            entitlement=synced.entitlement(values["grant_entitlement"]),
            principal=synced.principal(values["grant_principal_type"], values["grant_principal"]),
        )
    _change(
        values,
        lambda response: "Granted" if response.grants else "Granted already",
        lambda desk: baton.grant(request, desk, why="--grant-entitlement"),
    )


def _revoke(values: Values) -> None:
    wanted = values["revoke_grant"]
    with lookup(values["file"]) as synced:
        found = synced.grant(wanted)
        meant = None if found else _Meant.by_form(wanted, synced)

    async def work(desk: LiveDesk) -> Message:
        held = found or await _existing(meant, desk, wanted)
        request = grants.GrantManagerServiceRevokeRequest(grant=held)
        return await baton.revoke(request, desk, why="--revoke-grant")

    _change(
        values,
        lambda response: "Revoked already" if response.annotations else "Revoked",
        work,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meant:
    """A grant that the file does not list, and what its id says by its form."""

    grant: grants.Grant
    known: bool
    """Whether the file lists the principal."""

    @classmethod
    def by_form(cls, wanted: str, synced: Synced) -> "_Meant":
        grant, known = synced.grant_by_form(wanted)
        return cls(grant=grant, known=known)


async def _existing(meant: _Meant | None, desk: LiveDesk, wanted: str) -> grants.Grant:
    """A grant whose principal somebody knows: the file, or else Notion."""
    if meant is None:
        raise AssertionError("either the file lists the grant, or its form was understood")
    user = meant.grant.principal.id.resource
    if not meant.known and await desk.finder.member(user) is None:
        raise click.BadParameter(
            f"neither the file nor Notion knows the user {user!r} of {wanted!r}.",
            param_hint="--revoke-grant",
        )
    return meant.grant


def _create(values: Values) -> None:
    profile = _object(values, "create_account_profile")
    login, email = values.get("create_account_login"), values.get("create_account_email")
    # The Go runner writes both into the profile too.
    profile |= {key: one for key, one in (("login", login), ("email", email)) if one}
    request = resources.CreateAccountRequest(
        account_info=resources.AccountInfo(
            login=login or "",
            emails=[resources.AccountInfo.Email(address=email, is_primary=True)] if email else [],
            profile=_struct(profile),
        ),
        credential_options=resources.CredentialOptions(
            no_password=resources.CredentialOptions.NoPassword()
        ),
        resource_type_id=values.get("create_account_resource_type") or USER,
    )
    _change(
        values,
        lambda response: "Account created" if response.HasField("success") else "Account exists",
        lambda desk: baton.create_account(request, desk, why="--create-account"),
    )


def _delete(values: Values) -> None:
    request = resources.DeleteResourceRequest(
        resource_id=resources.ResourceId(
            resource_type=values["delete_resource_type"], resource=values["delete_resource"]
        )
    )
    _change(
        values,
        lambda _response: "Deleted, or gone already: Notion does not show it",
        lambda desk: baton.delete_resource(request, desk, why="--delete-resource"),
    )


def _invoke(values: Values) -> None:
    request = action.InvokeActionRequest(
        name=values["invoke_action"],
        args=_struct(_object(values, "invoke_action_args")),
        resource_type_id=values.get("invoke_action_resource_type") or "",
    )
    _change(
        values,
        lambda _response: "Action complete",
        lambda desk: baton.Actions().invoke(request, desk, why="--invoke-action"),
    )


def _list_schemas(values: Values) -> None:
    """Log the schemas; this asks nothing of Notion and needs no credential."""
    wanted = values.get("list_action_schemas_resource_type") or ""
    request = action.ListActionSchemasRequest(resource_type_id=wanted)
    for schema in baton.list_action_schemas(request).schemas:
        log.info("Action schema", schema=json_format.MessageToDict(schema))


def _object(values: Values, key: str) -> dict[str, Any]:
    """A flag's JSON object; empty without the flag."""
    text = values.get(key) or "{}"
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise click.BadParameter('it must be a JSON object: {"...": "..."}', param_hint=_flag(key))
    return found


def _struct(values: Mapping[str, Any]) -> Struct:
    made = Struct()
    made.update(values)
    return made


_ORDERS: Final[Mapping[str, Callable[[Values], None]]] = {
    "grant_entitlement": _grant,
    "revoke_grant": _revoke,
    "create_account_profile": _create,
    "create_account_login": _create,
    "invoke_action": _invoke,
    "list_action_schemas": _list_schemas,
    "delete_resource": _delete,
}
"""By the flag that asks for it, in the Go runner's order: the first one that is given counts."""
