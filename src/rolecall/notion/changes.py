"""Every SCIM request that changes something in Notion, as a value. Performs no I/O.

Only forms that were seen to work at the real service are used where there is a choice: the role
without a path (Notion: N-122), members added and removed by `Add` and `Remove` with a list
(Notion: N-116, N-117), groups never by PUT (Notion: N-112).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rolecall.notion.scim import NOTION_USER, groups_path, users_path

__all__ = [
    "ENTERPRISE_USER",
    "MEMBERS_AT_ONCE",
    "Change",
    "add_members",
    "create_group",
    "create_user",
    "delete_group",
    "remove_members",
    "remove_user",
    "rename_group",
    "set_role",
    "update_user",
]

ENTERPRISE_USER: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

MEMBERS_AT_ONCE: Final = 100
"""People in one PATCH of a group; bulk additions are in use, their limit is unknown (N-116)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One request that changes something."""

    method: str
    path: str
    body: Mapping[str, Any] | None = field(default=None)
    words: str
    """What it asks for, for messages, plans and the journal."""


def create_user(
    user_name: str, *, name: Mapping[str, str], role: str, extra: Mapping[str, Any]
) -> Change:
    """Add a person to the workspace, by their account if they have one (Notion: N-078, N-082).

    Args:
        user_name: the primary e-mail.
        name: `formatted`, or `givenName` and `familyName`; may be empty.
        role: the workspace role to begin with.
        extra: further attributes, by their SCIM names.
    """
    body: dict[str, Any] = {
        "schemas": [_USER],
        "userName": user_name,
        "emails": [{"value": user_name, "primary": True}],
        "active": True,
        NOTION_USER: {"role": role},
        **extra,
    }
    if name:
        body["name"] = dict(name)
    return Change(
        method="POST", path=users_path(), body=body, words=f"adding {user_name} as {role}"
    )


def update_user(user_id: str, attributes: Mapping[str, Any]) -> Change:
    """Change attributes of a member, by their SCIM names (Notion: N-083, N-091)."""
    return Change(
        method="PATCH",
        path=users_path(user_id),
        body=_patch([{"op": "replace", "value": dict(attributes)}]),
        words=f"changing {', '.join(sorted(attributes))} of the member {user_id}",
    )


def set_role(user_id: str, role: str) -> Change:
    """Give a member another role (Notion: N-101, N-122)."""
    return Change(
        method="PATCH",
        path=users_path(user_id),
        body=_patch([{"op": "replace", "value": {NOTION_USER: {"role": role}}}]),
        words=f"making the member {user_id} {role}",
    )


def remove_user(user_id: str) -> Change:
    """Remove a member; sessions end, the account stays (Notion: N-085)."""
    return Change(method="DELETE", path=users_path(user_id), words=f"removing the member {user_id}")


def create_group(name: str) -> Change:
    """Make an empty group (Notion: N-111)."""
    return Change(
        method="POST",
        path=groups_path(),
        body={"schemas": [_GROUP], "displayName": name},
        words=f"creating the group {name}",
    )


def rename_group(group_id: str, name: str) -> Change:
    """Give a group another name (Notion: N-119)."""
    return Change(
        method="PATCH",
        path=groups_path(group_id),
        body=_patch([{"op": "replace", "path": "displayName", "value": name}]),
        words=f"renaming the group {group_id} to {name}",
    )


def delete_group(group_id: str) -> Change:
    """Delete a group; Notion may refuse (Notion: N-113)."""
    return Change(
        method="DELETE", path=groups_path(group_id), words=f"deleting the group {group_id}"
    )


def add_members(group_id: str, user_ids: Sequence[str]) -> Change:
    """Add people to a group, at most `MEMBERS_AT_ONCE` (Notion: N-116, N-124)."""
    return _members("Add", group_id, user_ids, "adding {} to the group {}")


def remove_members(group_id: str, user_ids: Sequence[str]) -> Change:
    """Take people out of a group, at most `MEMBERS_AT_ONCE` (Notion: N-117)."""
    return _members("Remove", group_id, user_ids, "removing {} from the group {}")


def _members(op: str, group_id: str, user_ids: Sequence[str], words: str) -> Change:
    if not 1 <= len(user_ids) <= MEMBERS_AT_ONCE:
        raise ValueError(f"between 1 and {MEMBERS_AT_ONCE} people at once")
    who = user_ids[0] if len(user_ids) == 1 else f"{len(user_ids)} people"
    value = [{"value": user_id} for user_id in user_ids]
    return Change(
        method="PATCH",
        path=groups_path(group_id),
        body=_patch([{"op": op, "path": "members", "value": value}]),
        words=words.format(who, group_id),
    )


def _patch(operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"schemas": [_PATCH], "Operations": list(operations)}
