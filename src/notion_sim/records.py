"""Members and groups as SCIM shows them (RFC 7643 §4; Notion: N-050 to N-067, N-104).

Owns the shape. Lists are joined from prepared fragments, because a page of 100 users must cost less
than the client's own work on it: the volatile end of a record (`meta`) is added at the join.
"""

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from notion_sim.options import Options
from notion_sim.state import Account, Group
from notion_sim.world import World

__all__ = [
    "CORE_GROUP",
    "CORE_USER",
    "ENTERPRISE",
    "LIST",
    "NOTION_USER",
    "group_dict",
    "group_page",
    "list_page",
    "user_dict",
    "user_page",
    "user_record",
]

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NOTION_USER = "urn:ietf:params:scim:schemas:extension:notion:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
APP_HOST = "https://app.notion.com"


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _iso(ms: int) -> str:
    return (
        datetime.fromtimestamp(ms / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _meta(kind: str, item: Account | Group, options: Options, origin: str) -> dict[str, str]:
    if options.meta == "rfc":
        times = {"created": _iso(item.created_ms), "lastModified": _iso(item.modified_ms)}
        host = origin
    else:
        now = str(int(time.time() * 1000))
        times, host = {"created": now, "lastModified": now}, APP_HOST
    place = f"{host}/scim/v2/{kind}s/{item.id}"
    return {"resourceType": kind, "location": place, **times}


def _name(account: Account) -> dict[str, str]:
    parts = {
        "formatted": account.formatted,
        "givenName": account.given,
        "familyName": account.family,
    }
    return {key: text for key, text in parts.items() if text is not None}


def _profile(account: Account) -> dict[str, Any]:
    """Return title, department and whatever else somebody wrote."""
    shown = dict(account.extra or {})
    if account.title:
        shown["title"] = account.title
    if account.department:
        shown[ENTERPRISE] = {**shown.get(ENTERPRISE, {}), "department": account.department}
    return shown


def user_record(account: Account, role: str, options: Options) -> dict[str, Any]:
    """Return the record of a person with a role, all but `meta`."""
    record: dict[str, Any] = {
        "schemas": [CORE_USER],
        "id": account.id,
        "userName": account.email,
        "displayName": account.display,
        "name": _name(account),
        "emails": [
            {"value": account.email, "primary": True},
            *({"value": address, "primary": False} for address in account.secondary),
        ],
        "active": account.active,
    }
    if not account.hides_photos:
        photo = {"value": account.photo, "type": "photo", "primary": True}
        record["photos"] = [photo] if account.photo else []
    if options.profile == "shown":
        record |= _profile(account)
    if not account.hides_role:
        record[NOTION_USER] = {"role": role}
    if not record["name"]:
        del record["name"]
    if options.schemas == "full":
        record["schemas"] += [urn for urn in (ENTERPRISE, NOTION_USER) if urn in record]
    return record


def user_dict(world: World, uid: str, origin: str) -> dict[str, Any]:
    """Return a member as SCIM shows it; `uid` must be a member."""
    account = world.accounts[uid]
    record = user_record(account, world.roles[uid], world.options)
    record["meta"] = _meta("User", account, world.options, origin)
    return record


def group_dict(world: World, gid: str, origin: str) -> dict[str, Any]:
    """Return a group with all of its members."""
    group, options = world.groups[gid], world.options
    record: dict[str, Any] = {"schemas": [CORE_GROUP], "id": gid, "displayName": group.name}
    if group.members or options.empty_members == "shown":
        record["members"] = json.loads(_members(group.members, options, origin))
    record["meta"] = _meta("Group", group, options, origin)
    return record


def _members(ids: Iterable[str], options: Options, origin: str) -> str:
    """Return the JSON array of a group's members; ids need no escaping."""
    if options.member_fields == "full":
        host = origin if options.meta == "rfc" else APP_HOST
        each = (f'{{"value":"{i}","$ref":"{host}/scim/v2/Users/{i}","type":"User"}}' for i in ids)
        return f"[{','.join(each)}]"
    joined = '"},{"value":"'.join(ids)
    return f'[{{"value":"{joined}"}}]' if joined else "[]"


def user_page(world: World, ids: list[str], origin: str) -> bytes:
    """Return the `Resources` array of some members."""
    options = world.options
    if options.meta == "rfc":
        return b"[" + b",".join(_compact(user_dict(world, uid, origin)) for uid in ids) + b"]"
    return _with_ends([_fragment(world, uid) for uid in ids])


def _with_ends(heads: list[bytes]) -> bytes:
    """Join fragments that stop inside `meta.created`, giving each the present time as its end."""
    if not heads:
        return b"[]"
    now = b"%d" % (time.time() * 1000)
    end = now + b'","lastModified":"' + now + b'"}}'
    return b"[" + (end + b",").join(heads) + end + b"]"


def _fragment(world: World, uid: str) -> bytes:
    account = world.accounts[uid]
    if account.fragment is None:
        head = _compact(user_record(account, world.roles[uid], world.options))
        account.fragment = head[:-1] + _open_meta("User", uid)
    return account.fragment


def _open_meta(kind: str, ident: str) -> bytes:
    """Return the start of `meta`, up to where the time belongs."""
    place = f"{APP_HOST}/scim/v2/{kind}s/{ident}"
    return f',"meta":{{"resourceType":"{kind}","location":"{place}","created":"'.encode()


def group_page(world: World, ids: list[str], origin: str) -> bytes:
    """Return the `Resources` array of some groups, with members as the switch says."""
    heads = [_group_head(world, gid, origin) for gid in ids]
    if world.options.meta == "notion":
        return _with_ends(
            [head + _open_meta("Group", gid) for head, gid in zip(heads, ids, strict=True)]
        )
    whole = (
        head
        + b',"meta":'
        + _compact(_meta("Group", world.groups[gid], world.options, origin))
        + b"}"
        for head, gid in zip(heads, ids, strict=True)
    )
    return b"[" + b",".join(whole) + b"]"


def _group_head(world: World, gid: str, origin: str) -> bytes:
    """Return a group's JSON without `meta` and without its closing brace."""
    group, options = world.groups[gid], world.options
    head = f'{{"schemas":["{CORE_GROUP}"],"id":"{gid}","displayName":{json.dumps(group.name)}'
    hidden = not group.members and options.empty_members == "absent"
    if options.members_in_list == "absent" or hidden:
        return head.encode()
    shown: Iterable[str] = group.members
    if options.members_in_list == "truncated":
        shown = list(group.members)[: options.truncate_at]
    return f'{head},"members":{_members(shown, options, origin)}'.encode()


def list_page(resources: bytes, *, total: int, start: int, count: int) -> bytes:
    """Return the ListResponse around some `Resources` (RFC 7644 §3.4.2, Notion: N-030, N-033)."""
    head = (
        f'{{"schemas":["{LIST}"],"totalResults":{total},"startIndex":{start},"itemsPerPage":{count}'
    )
    return head.encode() + b',"Resources":' + resources + b"}"
