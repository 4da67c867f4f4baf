"""SCIM requests that change something: read the body, ask the rules, then act.

A request is carried out whole or not at all: every rule is asked before the first change.
"""

from dataclasses import replace
from typing import Any

from notion_sim import records, rules
from notion_sim.patch import apply_patch
from notion_sim.profiles import Profile, profile_of, read_profile, role_in, user_name
from notion_sim.refusal import Refusal
from notion_sim.state import Account, Group
from notion_sim.wire import Reply, Request, json_reply
from notion_sim.world import World

__all__ = [
    "create_group",
    "create_user",
    "delete_group",
    "delete_user",
    "group",
    "member",
    "patch_group",
    "patch_user",
    "put_group",
    "put_user",
]

Body = dict[str, Any]
NOBODY = Profile(
    email="",
    secondary=(),
    display="",
    formatted=None,
    given=None,
    family=None,
    title="",
    department="",
    extra={},
)


def member(world: World, uid: str) -> Account:
    """Return a member's account; raises Refusal 404 for guests, bots and strangers."""
    if uid not in world.roles:
        raise Refusal(404, f"User {uid} not found.")
    return world.accounts[uid]


def group(world: World, gid: str) -> Group:
    """Return a group; raises Refusal 404."""
    if gid not in world.groups:
        raise Refusal(404, f"Group {gid} not found.")
    return world.groups[gid]


# Users


def create_user(world: World, request: Request, _ident: str) -> Reply:
    """Attach an account to the workspace, making it first if there is none (Notion: N-078)."""
    body = request.json()
    name, role = user_name(body, world.options), role_in(body) or "member"
    rules.may_have_role(world, "", role)
    uid = world.by_email.get(name, "")
    if uid in world.roles:
        raise Refusal(409, f"{name} is a member already.", scim_type="uniqueness")
    if not uid:
        profile = read_profile(body, NOBODY, world.options)
        rules.may_use_addresses(world, "", (profile.email, *profile.secondary), status=409)
        account = world.new_account(profile.email, profile.display)
        _write_profile(world, account, profile)
        account.photo = _photo(body)
        uid = account.id
    world.join(uid, role)
    record = records.user_dict(world, uid, request.origin)
    return json_reply(record, 201).with_header("Location", record["meta"]["location"])


def _photo(body: Body) -> str:
    """Return the photo's address; only a POST is heard (Notion: N-056)."""
    photos = body.get("photos")
    first = photos[0] if isinstance(photos, list) and photos else None
    return str(first.get("value") or "") if isinstance(first, dict) else ""


def patch_user(world: World, request: Request, uid: str) -> Reply:
    """Apply operations to a member (Notion: N-083)."""
    member(world, uid)
    return _update_user(world, request, uid, apply_patch(_present(world, uid), request.json()))


def put_user(world: World, request: Request, uid: str) -> Reply:
    """Replace a member; `put_omitted` says what happens to the rest (Notion: N-084)."""
    member(world, uid)
    body, present = request.json(), _present(world, uid)
    if world.options.put_omitted == "clear":
        kept = ("userName", "active", records.NOTION_USER)
        present = {key: present[key] for key in kept if key in present}
    return _update_user(world, request, uid, present | body)


def _present(world: World, uid: str) -> Body:
    """Return the whole record, whatever the switches hide."""
    world_seen = replace(world.options, profile="shown")
    account = world.accounts[uid]
    record = records.user_record(account, world.roles[uid], world_seen)
    return {key: value for key, value in record.items() if key != "schemas"}


def _update_user(world: World, request: Request, uid: str, wanted: Body) -> Reply:
    """Bring a member to the wanted record: removal, profile and role."""
    active = str(wanted.get("active", True)).lower() != "false"
    if not active and world.options.deactivated == "removed":
        rules.may_remove(world, uid, request.bearer)
        record = records.user_dict(world, uid, request.origin) | {"active": False}
        world.leave(uid)
        return json_reply(record)
    account, role = world.accounts[uid], role_in(wanted)
    profile = read_profile(wanted, profile_of(account), world.options)
    changed = profile != profile_of(account)
    if changed:
        rules.may_edit_profile(world, uid)
        addresses = (profile.email, *profile.secondary)
        rules.may_use_addresses(world, uid, addresses, status=int(world.options.collision_status))
    if role is not None:
        rules.may_have_role(world, uid, role)
    if changed:
        _write_profile(world, account, profile)
    if role is not None:
        world.set_role(uid, role)
    world.set_active(uid, active=active)
    return json_reply(records.user_dict(world, uid, request.origin))


def _write_profile(world: World, account: Account, profile: Profile) -> None:
    account.display, account.formatted = profile.display, profile.formatted
    account.given, account.family = profile.given, profile.family
    account.title, account.department = profile.title, profile.department
    account.extra = profile.extra
    world.set_emails(account.id, profile.email, profile.secondary)


def delete_user(world: World, request: Request, uid: str) -> Reply:
    """Remove a member; the account survives (Notion: N-085)."""
    member(world, uid)
    rules.may_remove(world, uid, request.bearer)
    world.leave(uid)
    if world.options.delete_user_status == "200":
        return json_reply({}, 200)
    return Reply(status=204)


# Groups


def create_group(world: World, request: Request, _ident: str) -> Reply:
    """Make a group, with members if the body names some (Notion: N-111)."""
    body = request.json()
    name = rules.may_name_group(world, "", body.get("displayName"))
    ids = rules.may_add_members(world, _member_ids(body.get("members")))
    made = world.create_group(name)
    for uid in ids:
        world.add_to_group(made.id, uid)
    record = records.group_dict(world, made.id, request.origin)
    return json_reply(record, 201).with_header("Location", record["meta"]["location"])


def _member_ids(members: object) -> list[str]:
    """Return the ids in a `members` value.

    Raises:
        Refusal: 400 invalidValue when it is no list of objects with a `value`.
    """
    if members is None:
        return []
    items = members if isinstance(members, list) else [members]
    ids = [item.get("value") if isinstance(item, dict) else item for item in items]
    if not all(isinstance(ident, str) for ident in ids):
        raise Refusal(400, "members must hold objects with a value.", scim_type="invalidValue")
    return list(dict.fromkeys(map(str, ids)))


def patch_group(world: World, request: Request, gid: str) -> Reply:
    """Apply operations to a group (Notion: N-116 to N-119)."""
    found = group(world, gid)
    present = {"displayName": found.name, "members": [{"value": uid} for uid in found.members]}
    body = request.json()
    wanted = apply_patch(present, body if world.options.patch_remove == "members" else _bare(body))
    _update_group(world, found, wanted.get("displayName"), _member_ids(wanted.get("members")))
    if world.options.patch_group_status == "204":
        return Reply(status=204)
    return json_reply(records.group_dict(world, gid, request.origin))


def _bare(body: Body) -> Body:
    """Return a PatchOp as a library reads it that ignores the value of `remove` (Notion: N-120)."""
    bare = [
        {key: item[key] for key in item if key != "value"}
        if str(item.get("op", "")).lower() == "remove"
        else item
        for item in body.get("Operations") or ()
        if isinstance(item, dict)
    ]
    return {**body, "Operations": bare}


def put_group(world: World, request: Request, gid: str) -> Reply:
    """Replace a group; a switch says what happens to members left out (Notion: N-112)."""
    found, body = group(world, gid), request.json()
    kept = list(found.members) if world.options.group_put_without_members == "keep" else []
    ids = _member_ids(body["members"]) if "members" in body else kept
    _update_group(world, found, body.get("displayName"), ids)
    return json_reply(records.group_dict(world, gid, request.origin))


def _update_group(world: World, found: Group, name: object, ids: list[str]) -> None:
    title = rules.may_name_group(world, found.id, name) if name != found.name else found.name
    added = rules.may_add_members(world, [uid for uid in ids if uid not in found.members])
    wanted = set(ids)
    gone = [uid for uid in found.members if uid not in wanted]
    world.rename_group(found.id, title)
    for uid in gone:
        world.remove_from_group(found.id, uid)
    for uid in added:
        world.add_to_group(found.id, uid)


def delete_group(world: World, _request: Request, gid: str) -> Reply:
    """Delete a group, unless a page would be orphaned (Notion: N-113)."""
    group(world, gid)
    rules.may_delete_group(world, gid)
    world.delete_group(gid)
    return Reply(status=204)
