"""People joining, leaving and moving without any request (Notion: N-134).

Each move changes the world, writes history and returns one sentence in plain words. The maker of a
SCIM token stays and keeps the role, so that a token dies only when somebody wants it to.
"""

from collections.abc import Callable, Mapping
from typing import Any

from notion_sim.rules import KNOWN_ROLES
from notion_sim.world import World

__all__ = [
    "WHERE",
    "change_group_list",
    "change_groups",
    "change_role",
    "join",
    "leave",
    "meddle",
    "random_move",
    "swap",
]

WHERE = ("front", "back", "any")


def join(world: World, where: str = "back") -> str:
    """Let somebody new join at a place of the listing."""
    person = world.somebody_new()
    world.join(person.id, "member", where=where)
    return f"{person.display} <{person.email}> joined the workspace."


def leave(world: World, where: str = "any") -> str:
    """Let a member leave, chosen from a place of the listing; a lone token maker stays."""
    keepers = {token.creator for token in world.tokens.values()}
    uid = _pick([uid for uid in world.order if uid not in keepers], world, where)
    if not uid:
        return "Nobody could leave."
    name = world.accounts[uid].display
    world.leave(uid)
    return f"{name} left the workspace."


def _pick(ids: list[str], world: World, where: str) -> str:
    if not ids:
        return ""
    if where == "any":
        return world.dice.choice(ids)
    return ids[0] if where == "front" else ids[-1]


def swap(world: World, where: str = "front", join_where: str = "back") -> str:
    """Let one member leave and somebody new join: the total stays, the rows between move by one."""
    return f"{leave(world, where)} {join(world, join_where)}"


def change_role(world: World) -> str:
    """Give a random member another role."""
    keepers = {token.creator for token in world.tokens.values()}
    uid = _pick([uid for uid in world.order if uid not in keepers], world, "any")
    if not uid:
        return "Nobody's role could change."
    former = world.roles[uid]
    role = world.dice.choice([role for role in KNOWN_ROLES if role != former])
    world.set_role(uid, role)
    return f"{world.accounts[uid].display} was {former} and is {role} now."


def change_groups(world: World) -> str:
    """Put a random member into a random group, or take the person out of it."""
    if not world.group_order or not world.order:
        return "No group could change."
    gid, uid = world.dice.choice(world.group_order), world.dice.choice(world.order)
    name, group = world.accounts[uid].display, world.groups[gid]
    if uid in group.members:
        world.remove_from_group(gid, uid)
        return f"{name} left the group {group.name}."
    world.add_to_group(gid, uid)
    return f"{name} joined the group {group.name}."


def change_group_list(world: World, what: str = "swap", where: str = "front") -> str:
    """Create a group, delete one, or both (`created`, `deleted`, `swap`)."""
    told = []
    gid = _pick(world.group_order, world, where)
    if what in {"deleted", "swap"} and gid:
        told.append(f"The group {world.groups[gid].name} was deleted.")
        world.delete_group(gid)
    if what in {"created", "swap"}:
        made = world.create_group(f"Task Force {len(world.history) + 1}")
        told.append(f"The group {made.name} was created.")
    return " ".join(told) or "No group could change."


def meddle(world: World, asked: Mapping[str, Any]) -> str:
    """Do one named thing to a named person or group, as another admin might at the wrong moment.

    Raises:
        KeyError: there is no such thing to do, or nobody of that id.
    """
    user, group = str(asked.get("user", "")), str(asked.get("group", ""))
    name, role = str(asked.get("called", "")), str(asked.get("role", "member"))
    ways: dict[str, Callable[[], object]] = {
        "role": lambda: world.set_role(user, role),
        "leave": lambda: world.leave(user),
        "invite": lambda: _invite(world, str(asked["email"]), role),
        "in": lambda: world.add_to_group(group, user),
        "out": lambda: world.remove_from_group(group, user),
        "delete": lambda: world.delete_group(group),
        "rename": lambda: world.rename_group(group, name),
        "create": lambda: world.create_group(name),
    }
    what = str(asked.get("do", ""))
    ways[what]()
    return f"Another admin did {what}."


def _invite(world: World, email: str, role: str) -> None:
    uid = world.by_email.get(email) or world.new_account(email, email).id
    world.join(uid, role)


def random_move(world: World) -> str:
    """Do one of the above, the likelier the more common it is in a real company."""
    kinds = (change_groups, change_role, leave, join, swap)
    move = world.dice.choices(kinds, (50, 15, 10, 15, 10))[0]
    return move(world)
