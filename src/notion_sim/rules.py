"""What Notion refuses to do in a workspace; every doubtful answer is a switch.

Only checks. Raises `Refusal` or returns; changes nothing. Each rule names its fact.
"""

from notion_sim.refusal import Refusal
from notion_sim.world import World

__all__ = [
    "KNOWN_ROLES",
    "may_add_members",
    "may_delete_group",
    "may_edit_profile",
    "may_have_role",
    "may_name_group",
    "may_remove",
    "may_use_addresses",
]

KNOWN_ROLES = ("owner", "membership_admin", "member", "restricted_member")


def _refuse_unless_allowed(answer: str, detail: str) -> None:
    if answer != "allow":
        raise Refusal(int(answer), detail)


def may_remove(world: World, uid: str, bearer: str) -> None:
    """Refuse to remove the calling token's maker (Notion: N-016) and the last owner (N-094)."""
    token = world.tokens.get(bearer)
    if token is not None and token.creator == uid:
        _refuse_unless_allowed(
            world.options.token_creator_removal,
            "The person who made this token cannot be removed with it.",
        )
    if world.owners() == [uid]:
        _refuse_unless_allowed(world.options.last_owner, "A workspace must keep one owner.")


def may_have_role(world: World, uid: str, role: str) -> None:
    """Refuse an unknown role, and the demotion of the last owner (Notion: N-094, N-099)."""
    if role not in KNOWN_ROLES and role != world.roles.get(uid):
        raise Refusal(400, f"There is no role {role!r}.", scim_type="invalidValue")
    if role != "owner" and world.owners() == [uid]:
        _refuse_unless_allowed(world.options.last_owner, "A workspace must keep one owner.")


def may_edit_profile(world: World, uid: str) -> None:
    """Refuse a profile edit where the e-mail's domain is not verified (Notion: N-091)."""
    domain = world.accounts[uid].email.rpartition("@")[2]
    if domain != world.options.domain:
        _refuse_unless_allowed(
            world.options.unverified_edit_status,
            "Profile information can be changed for verified domains only.",
        )


def may_use_addresses(world: World, uid: str, addresses: tuple[str, ...], *, status: int) -> None:
    """Refuse another account's address: 409 on POST, 500 on an update (Notion: N-093)."""
    for address in addresses:
        if world.by_email.get(address, uid) != uid:
            kind = "uniqueness" if status == 409 else ""  # noqa: PLR2004 - HTTP
            raise Refusal(status, f"Another account has {address}.", scim_type=kind)


def may_name_group(world: World, gid: str, name: object) -> str:
    """Return the name if a group may have it; refuse an empty or taken one (Notion: N-110)."""
    if not isinstance(name, str) or not name.strip():
        raise Refusal(400, "displayName is required.", scim_type="invalidValue")
    taken = any(group.name == name and group.id != gid for group in world.groups.values())
    if taken and world.options.duplicate_group != "allow":
        raise Refusal(409, f"There is a group {name!r} already.", scim_type="uniqueness")
    return name


def may_add_members(world: World, ids: list[str]) -> list[str]:
    """Return those ids that may join a group: members only (Notion: N-105, N-106)."""
    answer = world.options.unknown_member
    for uid in ids:
        if uid not in world.roles and answer != "ignore":
            kind = "invalidValue" if answer == "400" else ""
            raise Refusal(int(answer), f"{uid} is no member of the workspace.", scim_type=kind)
    return [uid for uid in ids if uid in world.roles]


def may_delete_group(world: World, gid: str) -> None:
    """Refuse to delete a group that is the last full-access holder of a page (Notion: N-113)."""
    if world.groups[gid].last_access:
        _refuse_unless_allowed(
            world.options.delete_group_status,
            "A page would be left without anybody who has full access.",
        )
