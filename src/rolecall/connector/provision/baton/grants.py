"""Grant and revoke workspace roles and group memberships, as Baton asks for it.

Both say in annotations what was so before: already held, already gone, and which role went when
another came. They say it from what was seen in Notion around the change, never by assumption.
"""

from google.protobuf.any_pb2 import Any

from rolecall.baton.ids import entitlement_id, grant_id
from rolecall.baton.proto._generated.c1.connector.v2.annotation_grant_pb2 import (
    GrantAlreadyExists,
    GrantAlreadyRevoked,
)
from rolecall.baton.proto._generated.c1.connector.v2.annotation_grant_replaced_pb2 import (
    GrantReplaced,
)
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import (
    Grant,
    GrantManagerServiceGrantRequest,
    GrantManagerServiceGrantResponse,
    GrantManagerServiceRevokeRequest,
    GrantManagerServiceRevokeResponse,
)
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource
from rolecall.connector.provision.baton.asked import Held, held_of, user_of
from rolecall.connector.provision.operations import (
    AddToGroup,
    AnyOperation,
    GrantRole,
    RemoveFromGroup,
    RevokeRole,
)
from rolecall.connector.provision.settle import Desk, Result, settle
from rolecall.connector.resources import ASSIGNED, ROLE, ROLE_ENTITLEMENTS, USER, any_of
from rolecall.errors import Invalid

__all__ = ["grant", "revoke"]


async def grant(
    request: GrantManagerServiceGrantRequest, desk: Desk, *, why: str = ""
) -> GrantManagerServiceGrantResponse:
    """Give a user a role or the membership of a group.

    Returns:
        The new grant, with `GrantReplaced` if a role went for it; or `GrantAlreadyExists`.

    Raises:
        Invalid: the request makes no sense.
        Gone: there is no such member or group.
        Error: as `settle`.
    """
    held, user = held_of(request.entitlement), user_of(request.principal)
    result = await settle(_granting(held, user, _names(request.principal)), desk, why=why)
    if result.already:
        return GrantManagerServiceGrantResponse(annotations=[any_of(GrantAlreadyExists())])
    given = Grant(
        entitlement=request.entitlement,
        principal=request.principal,
        id=grant_id(request.entitlement.id, USER, user),
    )
    return GrantManagerServiceGrantResponse(
        annotations=_replaced(held, user, result), grants=[given]
    )


async def revoke(
    request: GrantManagerServiceRevokeRequest, desk: Desk, *, why: str = ""
) -> GrantManagerServiceRevokeResponse:
    """Take a role or the membership of a group away from a user.

    Without a role a member is restricted member; that one cannot be taken away.

    Returns:
        Nothing, or `GrantAlreadyRevoked`.

    Raises:
        Invalid: the request makes no sense.
        Refused: it is the role of restricted member, which everybody keeps.
        Error: as `settle`.
    """
    if not request.HasField("grant"):
        raise Invalid("The request names no grant.")
    held, user = held_of(request.grant.entitlement), user_of(request.grant.principal)
    result = await settle(_revoking(held, user, _names(request.grant.principal)), desk, why=why)
    said = [any_of(GrantAlreadyRevoked())] if result.already else []
    return GrantManagerServiceRevokeResponse(annotations=said)


def _granting(held: Held, user: str, names: dict[str, str]) -> AnyOperation:
    if held.type == ROLE:
        return GrantRole(user_id=user, role=held.id)
    return AddToGroup(group_id=held.id, user_ids=(user,), called=names)


def _revoking(held: Held, user: str, names: dict[str, str]) -> AnyOperation:
    if held.type == ROLE:
        return RevokeRole(user_id=user, role=held.id)
    return RemoveFromGroup(group_id=held.id, user_ids=(user,), called=names)


def _names(principal: Resource) -> dict[str, str]:
    """What to call the principal, where the request tells."""
    return {principal.id.resource: principal.display_name} if principal.display_name else {}


def _replaced(held: Held, user: str, result: Result) -> list[Any]:
    """Which role was seen to go; none where nothing went, or none that a sync would list."""
    before, after = result.before.person(user), result.after.person(user)
    if held.type != ROLE or before is None or after is None:
        return []
    if before.role not in ROLE_ENTITLEMENTS or before.role == after.role:
        return []
    gone = grant_id(entitlement_id(ROLE, before.role, ASSIGNED), USER, user)
    return [any_of(GrantReplaced(replaced_grant_id=gone))]
