"""Notion in Baton's terms: members, groups and roles become resources, entitlements and grants.

Pure. Ids, slugs, display texts, profile keys, traits and annotations are those of the Go connector
for Notion, so that a tenant can switch without every grant looking new (docs/adr/0008 names the
two differences). Trait values stand twice, in the trait and on the resource, because readers of
before and after July 2026 look in different places.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from rolecall.baton.ids import entitlement_id
from rolecall.baton.proto._generated.c1.connector.v2 import (
    annotation_exclusion_group_pb2 as exclusion,
)
from rolecall.baton.proto._generated.c1.connector.v2 import (
    annotation_resource_tree_pb2 as tree,
)
from rolecall.baton.proto._generated.c1.connector.v2 import annotation_trait_pb2 as trait
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    Resource,
    ResourceId,
    ResourceType,
    Status,
)
from rolecall.notion.model import WORKSPACE_ROLES, Bot, Group, Member, WorkspaceRole

__all__ = [
    "ASSIGNED",
    "GROUP",
    "MEMBER",
    "ROLE",
    "ROLE_ENTITLEMENTS",
    "TYPES",
    "USER",
    "any_of",
    "group_entitlement",
    "group_resource",
    "resource_types",
    "role_entitlement",
    "role_resource",
    "user_resource",
]

USER: Final = "user"
GROUP: Final = "group"
ROLE: Final = "role"
TYPES: Final = (GROUP, ROLE, USER)
"""Resource types, in the order in which they are listed."""

MEMBER: Final = "member"
ASSIGNED: Final = "assigned"
EXCLUSION_GROUP: Final = "notion-workspace-role"


def any_of(message: Message) -> Any:
    """A message as an annotation, with stable bytes."""
    packed = Any()
    packed.Pack(message, deterministic=True)
    return packed


def resource_types(wanted: Collection[str] = TYPES) -> list[ResourceType]:
    """The resource types of a sync; without roles, users have no grants to be asked for."""
    users_own = tree.SkipEntitlements() if ROLE in wanted else tree.SkipEntitlementsAndGrants()
    known = {
        GROUP: ResourceType(
            id=GROUP, display_name="Group", traits=[ResourceType.Trait.TRAIT_GROUP]
        ),
        ROLE: ResourceType(
            id=ROLE,
            display_name="Role",
            traits=[ResourceType.Trait.TRAIT_ROLE, ResourceType.Trait.TRAIT_LICENSE_PROFILE],
            annotations=[any_of(tree.SkipGrants())],
        ),
        USER: ResourceType(
            id=USER,
            display_name="User",
            traits=[ResourceType.Trait.TRAIT_USER],
            annotations=[any_of(users_own)],
        ),
    }
    return [known[one] for one in TYPES if one in wanted]


def user_resource(account: Member | Bot) -> Resource:
    """An account: a member, or a bot where bots were asked for."""
    human = isinstance(account, Member)
    profile = {
        "first_name": account.given_name,
        "last_name": account.family_name,
        "email": account.user_name,
    }
    enabled = True
    if isinstance(account, Member):
        profile["workspace_role"] = account.role or ""
        enabled = account.active
    if account.title:
        profile["title"] = account.title
    details = _struct(profile)
    shown = _user_trait(account, details, human=human, enabled=enabled)
    return Resource(
        id=ResourceId(resource_type=USER, resource=account.id),
        display_name=account.display_name,
        annotations=[any_of(shown)],
        profile=details,
        status=Status(
            status=Status.ResourceStatus.RESOURCE_STATUS_ENABLED
            if enabled
            else Status.ResourceStatus.RESOURCE_STATUS_DISABLED
        ),
    )


def _user_trait(
    account: Member | Bot, details: Struct, *, human: bool, enabled: bool
) -> trait.UserTrait:
    user = trait.UserTrait(
        emails=[
            trait.UserTrait.Email(address=email.address, is_primary=email.primary)
            for email in account.emails
        ],
        status=trait.UserTrait.Status(
            status=trait.UserTrait.Status.Status.STATUS_ENABLED
            if enabled
            else trait.UserTrait.Status.Status.STATUS_DISABLED
        ),
        profile=details,
        account_type=trait.UserTrait.AccountType.ACCOUNT_TYPE_HUMAN
        if human
        else trait.UserTrait.AccountType.ACCOUNT_TYPE_SERVICE,
        login=account.user_name,
    )
    if account.given_name or account.family_name:
        user.structured_name.given_name = account.given_name
        user.structured_name.family_name = account.family_name
    return user


def group_resource(group: Group) -> Resource:
    """A permission group."""
    details = _struct({"group_id": group.id, "group_name": group.name})
    return Resource(
        id=ResourceId(resource_type=GROUP, resource=group.id),
        display_name=group.name,
        annotations=[any_of(trait.GroupTrait(profile=details))],
        profile=details,
    )


def group_entitlement(resource: Resource) -> Entitlement:
    """Membership of a group.

    Args:
        resource: what `group_resource` made.
    """
    name = resource.display_name
    return Entitlement(
        resource=resource,
        id=entitlement_id(GROUP, resource.id.resource, MEMBER),
        display_name=f"{name} Group {MEMBER}",
        description=f"Member of {name} Group in Notion",
        grantable_to=_GRANTABLE_TO,
        purpose=Entitlement.PurposeValue.PURPOSE_VALUE_ASSIGNMENT,
        slug=MEMBER,
    )


def role_resource(role: WorkspaceRole) -> Resource:
    """A workspace role, which is also the licence that its holders use."""
    details = _struct(
        {
            "role_id": role.id,
            "description": role.description,
            "is_administrative": role.administrative,
        }
    )
    licence = trait.LicenseProfileTrait(
        license_name=role.name, entitlement_ids=[entitlement_id(ROLE, role.id, ASSIGNED)]
    )
    return Resource(
        id=ResourceId(resource_type=ROLE, resource=role.id),
        display_name=role.name,
        annotations=[any_of(trait.RoleTrait(profile=details)), any_of(licence)],
        profile=details,
    )


def role_entitlement(role: WorkspaceRole) -> Entitlement:
    """Holding a workspace role; the four exclude each other, and the lowest is the default."""
    exclusive = exclusion.EntitlementExclusionGroup(
        exclusion_group_id=EXCLUSION_GROUP,
        order=role.rank,
        is_default=role.rank == min(one.rank for one in WORKSPACE_ROLES),
    )
    return Entitlement(
        resource=role_resource(role),
        id=entitlement_id(ROLE, role.id, ASSIGNED),
        display_name=f"{role.name} role {ASSIGNED}",
        description=role.description,
        grantable_to=_GRANTABLE_TO,
        annotations=[any_of(exclusive)],
        purpose=Entitlement.PurposeValue.PURPOSE_VALUE_ASSIGNMENT,
        slug=ASSIGNED,
    )


def _struct(values: Mapping[str, str | bool]) -> Struct:
    fields = {
        key: Value(bool_value=value) if isinstance(value, bool) else Value(string_value=value)
        for key, value in values.items()
    }
    return Struct(fields=fields)


def _users() -> Iterable[ResourceType]:
    return [one for one in resource_types() if one.id == USER]


_GRANTABLE_TO: Final = tuple(_users())
ROLE_ENTITLEMENTS: Final = {role.id: role_entitlement(role) for role in WORKSPACE_ROLES}
"""The entitlement of each known role, by the role's id."""
