"""From a task's row to the task as Baton's connectors read it.

Objects are sent whole, with traits, profile and Baton's own ids: a connector is not asked to look
anything up. The parameters of a task name rows by their public ids.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from django.db.models import Model, QuerySet
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from rolecall.baton.ids import grant_id
from rolecall.baton.proto._generated.c1.connector.v2 import annotation_trait_pb2 as trait
from rolecall.baton.proto._generated.c1.connector.v2 import resource_pb2 as resource
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement as Held
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.errors import Gone, Unsupported
from rolecall.server.access.models import Account, Entitlement, Resource
from rolecall.server.connectors.models import Connector, Task

__all__ = ["message"]

_Row = TypeVar("_Row", bound=Model)

_USER: Final = "user"
_GROUP: Final = "group"
_ENABLED: Final = trait.UserTrait.Status.STATUS_ENABLED
_DISABLED: Final = trait.UserTrait.Status.STATUS_DISABLED


def message(task: Task) -> api.Task:
    """The task, with everything that carrying it out takes.

    Raises:
        Gone: what its parameters name is not there.
        Unsupported: Baton has no such kind of task.
    """
    if (build := _BUILDERS.get(task.kind)) is None:
        raise Unsupported(f"A connector cannot be asked for a {task.kind}.")
    made = build(task)
    made.id, made.status = task.pk, api.Task.Status.STATUS_PENDING
    made.debug = bool(task.parameters.get("debug"))
    return made


def _sync(task: Task) -> api.Task:
    """Always of the format that we read; connectors before it ignore the field."""
    del task
    return api.Task(sync_full=api.Task.SyncFullTask(storage_engine="sqlite"))


def _hello(task: Task) -> api.Task:
    del task
    return api.Task(hello=api.Task.HelloTask())


def _grant(task: Task) -> api.Task:
    account, entitlement = _account(task), _entitlement(task)
    return api.Task(
        grant=api.Task.GrantTask(
            entitlement=_held(entitlement), principal=_principal(account, task.connector)
        )
    )


def _revoke(task: Task) -> api.Task:
    entitlement, principal = _entitlement(task), _principal(_account(task), task.connector)
    held = Grant(
        id=grant_id(entitlement.external_id, principal.id.resource_type, principal.id.resource),
        entitlement=_held(entitlement),
        principal=principal,
    )
    return api.Task(revoke=api.Task.RevokeTask(grant=held))


def _create_account(task: Task) -> api.Task:
    """Without a password: people sign in by mail or single sign-on."""
    wanted = {key: str(value) for key, value in task.parameters.items() if isinstance(value, str)}
    email = wanted.get("email", "")
    first, _, last = wanted.get("name", "").strip().partition(" ")
    profile = Struct()
    profile.update({"first_name": first, "last_name": last.strip(), **wanted, "login": email})
    info = resource.AccountInfo(
        login=email,
        emails=[resource.AccountInfo.Email(address=email, is_primary=True)],
        profile=profile,
    )
    no_password = resource.CredentialOptions.NoPassword()
    return api.Task(
        create_account=api.Task.CreateAccountTask(
            account_info=info,
            credential_options=resource.CredentialOptions(no_password=no_password),
            resource_type_id=_account_type(task.connector),
        )
    )


def _create_resource(task: Task) -> api.Task:
    wanted = resource.Resource(
        id=resource.ResourceId(resource_type=_GROUP), display_name=task.parameters["name"]
    )
    return api.Task(create_resource=api.Task.CreateResourceTask(resource=wanted))


def _delete_resource(task: Task) -> api.Task:
    if "account" in task.parameters:
        found = resource.ResourceId(
            resource_type=_account_type(task.connector), resource=_account(task).external_id
        )
    else:
        found = _whole(_resource(task)).id
    return api.Task(delete_resource=api.Task.DeleteResourceTask(resource_id=found))


def _action(task: Task) -> api.Task:
    args = json_format.ParseDict(task.parameters.get("args", {}), Struct())
    invoke = api.Task.ActionInvokeTask(name=task.parameters["name"], args=args)
    return api.Task(action_invoke=invoke)


_BUILDERS: Final[dict[str, Callable[[Task], api.Task]]] = {
    Task.Kind.SYNC: _sync,
    Task.Kind.TEST: _hello,
    Task.Kind.GRANT: _grant,
    Task.Kind.REVOKE: _revoke,
    Task.Kind.CREATE_ACCOUNT: _create_account,
    Task.Kind.CREATE_RESOURCE: _create_resource,
    Task.Kind.DELETE_RESOURCE: _delete_resource,
    Task.Kind.ACTION: _action,
}


def _account(task: Task) -> Account:
    rows = Account.objects.filter(app_id=task.connector.app_id)
    return _one(rows, task.parameters["account"], "account")


def _entitlement(task: Task) -> Entitlement:
    rows = Entitlement.objects.filter(app_id=task.connector.app_id).select_related("resource")
    return _one(rows, task.parameters["entitlement"], "entitlement")


def _resource(task: Task) -> Resource:
    if (named := task.parameters.get("resource")) is None:
        found = _entitlement(task).resource
        if found is None:
            raise Gone("Having an account is no resource.")
        return found
    return _one(Resource.objects.filter(app_id=task.connector.app_id), named, "resource")


def _one(rows: QuerySet[_Row], public_id: str, what: str) -> _Row:
    if (found := rows.filter(public_id=public_id).first()) is None:
        raise Gone(f"The {what} that this is about is not there.", hint="Plan it anew.")
    return found


def _principal(account: Account, connector: Connector) -> resource.Resource:
    """An account as the connector once described it."""
    profile = json_format.ParseDict(account.attributes, Struct())
    disabled = account.status in {"disabled", "deleted"}
    user = trait.UserTrait(
        emails=[
            trait.UserTrait.Email(address=address, is_primary=number == 0)
            for number, address in enumerate(account.emails or [account.email])
            if address
        ],
        status=trait.UserTrait.Status(status=_DISABLED if disabled else _ENABLED),
        profile=profile,
        login=account.email,
    )
    return resource.Resource(
        id=resource.ResourceId(
            resource_type=_account_type(connector), resource=account.external_id
        ),
        display_name=account.name,
        annotations=[_packed(user)],
        profile=profile,
    )


def _held(entitlement: Entitlement) -> Held:
    there = entitlement.resource
    if there is None:
        raise Unsupported("Having an account is not granted: an account is made.")
    return Held(
        id=entitlement.external_id,
        slug=entitlement.slug,
        display_name=entitlement.name,
        resource=_whole(there, entitlement),
        purpose=Held.PurposeValue.PURPOSE_VALUE_ASSIGNMENT,
    )


def _whole(there: Resource, entitlement: Entitlement | None = None) -> resource.Resource:
    """A group or a role, by the type that the connector itself calls it."""
    held = entitlement or there.entitlements.first()
    named = f":{there.external_id}:{held.slug}" if held else ""
    kind = there.kind
    if held and held.external_id.endswith(named):
        kind = held.external_id.removesuffix(named) or there.kind
    shown = trait.GroupTrait() if there.kind == _GROUP else trait.RoleTrait()
    return resource.Resource(
        id=resource.ResourceId(resource_type=kind, resource=there.external_id),
        display_name=there.name,
        description=there.description,
        annotations=[_packed(shown)],
    )


def _account_type(connector: Connector) -> str:
    """What the connector calls accounts, by the capabilities of its newest hello."""
    host = connector.hosts.first()
    told = host.capabilities if host else {}
    for one in told.get("capabilities", {}).get("resource_type_capabilities", ()):
        kind = one.get("resource_type", {})
        if "TRAIT_USER" in kind.get("traits", ()):
            return str(kind.get("id") or _USER)
    return _USER


def _packed(message_: Message) -> Packed:
    packed = Packed()
    packed.Pack(message_, deterministic=True)
    return packed
