"""Tasks for a workspace of the simulator, hydrated as a good controller sends them (6.7.9)."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api

__all__ = [
    "create_account",
    "delete",
    "grant_group",
    "grant_role",
    "invoke",
    "revoke_group",
    "revoke_role",
    "simple",
    "sync",
]


def simple(kind: str, **fields: Any) -> api.Task:
    """A task of a kind, by the protocol's JSON."""
    return json_format.ParseDict({kind: fields}, api.Task())


def _resource(kind: str, resource: str) -> dict[str, Any]:
    return {"id": {"resource_type": kind, "resource": resource}}


def _entitlement(kind: str, resource: str) -> dict[str, Any]:
    slug = "assigned" if kind == "role" else "member"
    return {
        "id": f"{kind}:{resource}:{slug}",
        "slug": slug,
        "resource": _resource(kind, resource),
    }


def _grant(kind: str, resource: str, user: str) -> api.Task:
    return simple(
        "grant", entitlement=_entitlement(kind, resource), principal=_resource("user", user)
    )


def _revoke(kind: str, resource: str, user: str) -> api.Task:
    entitlement = _entitlement(kind, resource)
    return simple(
        "revoke",
        grant={
            "id": f"{entitlement['id']}:user:{user}",
            "entitlement": entitlement,
            "principal": _resource("user", user),
        },
    )


def grant_role(user: str, role: str) -> api.Task:
    """Give a role."""
    return _grant("role", role, user)


def revoke_role(user: str, role: str) -> api.Task:
    """Take a role away."""
    return _revoke("role", role, user)


def grant_group(user: str, group: str) -> api.Task:
    """Put somebody into a group."""
    return _grant("group", group, user)


def revoke_group(user: str, group: str) -> api.Task:
    """Take somebody out of a group."""
    return _revoke("group", group, user)


def create_account(email: str, **profile: str) -> api.Task:
    """Make somebody a member."""
    return simple(
        "create_account",
        account_info={"profile": {"email": email, **profile}, "login": email},
        credential_options={"no_password": {}},
    )


def delete(kind: str, resource: str) -> api.Task:
    """Delete an account or a group."""
    return simple("delete_resource", resource_id={"resource_type": kind, "resource": resource})


def invoke(name: str, /, **args: Any) -> api.Task:
    """Invoke an action."""
    return simple("action_invoke", name=name, args=args)


def sync(*types: str, targets: Mapping[str, str] | None = None) -> api.Task:
    """A sync: full, of some types, or of single resources (type by id)."""
    return simple(
        "sync_full",
        storage_engine="sqlite",
        sync_resource_type_ids=list(types),
        targeted_sync_resources=[_resource(kind, one) for one, kind in (targets or {}).items()],
    )
