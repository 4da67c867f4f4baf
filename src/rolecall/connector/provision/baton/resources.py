"""Create and delete resources as Baton asks for it: groups come and go, accounts go.

What is gone already is a success of deleting. What exists already is a refusal of creating: whoever
asked may later delete what they take for theirs.
"""

from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    CreateResourceRequest,
    CreateResourceResponse,
    DeleteResourceRequest,
    DeleteResourceResponse,
    DeleteResourceV2Request,
    DeleteResourceV2Response,
    ResourceId,
)
from rolecall.connector.provision.baton.asked import known_id
from rolecall.connector.provision.operations import (
    AnyOperation,
    CreateGroup,
    DeleteGroup,
    RemoveAccount,
)
from rolecall.connector.provision.settle import Desk, settle
from rolecall.connector.resources import GROUP, USER, group_resource
from rolecall.errors import Conflict, Invalid, Unsupported
from rolecall.notion.model import Group

__all__ = ["create_resource", "delete_resource", "delete_resource_v2"]


async def create_resource(
    request: CreateResourceRequest, desk: Desk, *, why: str = ""
) -> CreateResourceResponse:
    """Make a group of the resource's display name.

    Raises:
        Unsupported: it is no group.
        Invalid: it has no name.
        Conflict: there is a group of this name.
        Error: as `settle`.
    """
    wanted = request.resource
    if wanted.id.resource_type != GROUP:
        raise Unsupported(f"A {wanted.id.resource_type or 'nothing'} cannot be created this way.")
    if not wanted.display_name.strip():
        raise Invalid("A group needs a name.", hint="It is taken from the display name.")
    result = await settle(CreateGroup(name=wanted.display_name), desk, why=why)
    group = result.after.groups[0]
    if result.already:
        raise Conflict(
            f"{result.says} Its id is {group.id}.", hint="Use that group, or choose another name."
        )
    made = group_resource(Group(id=group.id, name=group.name, members=group.members))
    return CreateResourceResponse(created=made)


async def delete_resource(
    request: DeleteResourceRequest, desk: Desk, *, why: str = ""
) -> DeleteResourceResponse:
    """Remove a member from the workspace, or delete a group; nothing if it is gone already.

    Raises:
        Invalid: the id is none.
        Unsupported: it is neither user nor group.
        Error: as `settle`.
    """
    await settle(_deleting(request.resource_id), desk, why=why)
    return DeleteResourceResponse()


async def delete_resource_v2(
    request: DeleteResourceV2Request, desk: Desk, *, why: str = ""
) -> DeleteResourceV2Response:
    """The same, by the newer message."""
    await settle(_deleting(request.resource_id), desk, why=why)
    return DeleteResourceV2Response()


def _deleting(resource: ResourceId) -> AnyOperation:
    known_id(resource, "resource")
    if resource.resource_type == USER:
        return RemoveAccount(user_id=resource.resource)
    if resource.resource_type == GROUP:
        return DeleteGroup(group_id=resource.resource)
    raise Unsupported(f"A {resource.resource_type} cannot be deleted.")
