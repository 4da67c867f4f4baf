"""What a file must hold, worked out from the simulator alone; and what it does hold, read plainly.

Owns two halves that never meet but in a test: `truth` and `window` look only at the simulator's
state and history; `read` opens a c1z with sqlite3 and zstandard. Refuses to use our reader, and
never takes a result of ours for the truth.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from rolecall.baton.proto._generated.c1.connector.v2.annotation_trait_pb2 import UserTrait
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource

MAGIC = b"C1ZF\x00"
ROLES = ("owner", "membership_admin", "member", "restricted_member")
STAMPS = {"id", "sync_id", "discovered_at"}
ROWS = ("v1_resource_types", "v1_resources", "v1_entitlements", "v1_grants")


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a sync says: by a file, or by the truth."""

    resources: frozenset[str]
    """`user:ID`, `group:ID`, `role:NAME`."""

    entitlements: frozenset[str]
    grants: frozenset[str]
    facts: frozenset[tuple[str, ...]]
    """Per user or group: id, names, addresses, role, title."""

    def of(self, kind: str) -> set[str]:
        """Ids of the resources of a kind."""
        prefix = f"{kind}:"
        return {one.removeprefix(prefix) for one in self.resources if one.startswith(prefix)}

    def memberships(self) -> set[tuple[str, str]]:
        """Pairs of group and user."""
        split = (one.split(":") for one in self.grants if one.startswith("group:"))
        return {(parts[1], parts[4]) for parts in split}

    def roles(self) -> set[tuple[str, str]]:
        """Pairs of user and role, as granted."""
        split = (one.split(":") for one in self.grants if one.startswith("role:"))
        return {(parts[4], parts[1]) for parts in split}


@dataclass(frozen=True, kw_only=True)
class FileRows:
    """The newest sync of a file."""

    sync_id: str
    sync_type: str
    held: Held
    raw: frozenset[tuple[Any, ...]]
    """Every row of the four tables without its number, sync and time, the table's name first."""

    rows: int
    """How many rows these are; more than `raw` has if one stands twice."""


def truth(state: Mapping[str, Any]) -> Held:
    """What a full sync of a workspace in this state holds."""
    members, groups = state["members"], state["groups"]
    resources = {f"user:{one['id']}" for one in members} | {f"group:{one['id']}" for one in groups}
    entitlements = {f"group:{one['id']}:member" for one in groups}
    grants = {
        f"group:{group['id']}:member:user:{uid}" for group in groups for uid in group["members"]
    }
    shown = {one["id"]: "" if one["hides_role"] else one["role"] for one in members}
    grants |= {f"role:{role}:assigned:user:{uid}" for uid, role in shown.items() if role in ROLES}
    facts = {_person(one, shown[one["id"]]) for one in members}
    facts |= {("group", one["id"], one["name"]) for one in groups}
    return Held(
        resources=frozenset(resources | {f"role:{role}" for role in ROLES}),
        entitlements=frozenset(entitlements | {f"role:{role}:assigned" for role in ROLES}),
        grants=frozenset(grants),
        facts=frozenset(facts),
    )


def _person(one: Mapping[str, Any], role: str) -> tuple[str, ...]:
    given, family = one["given"] or "", one["family"] or ""
    name = one["formatted"] or one["display"] or f"{given} {family}".strip() or one["email"]
    addresses = " ".join(sorted({address.lower() for address in one["emails"]}))
    return ("user", one["id"], name, given, family, one["email"], addresses, role, one["title"])


@dataclass(frozen=True, kw_only=True)
class Window:
    """Facts that held throughout a stretch of the history, and those that held at any time."""

    always: frozenset[tuple[str, ...]]
    ever: frozenset[tuple[str, ...]]


def window(state: Mapping[str, Any], history: Iterable[Mapping[str, Any]], since: int) -> Window:
    """Go back from the state, event by event, to the moment right after event number `since`."""
    now = _facts(state)
    always, ever = set(now), set(now)
    for event in sorted(history, key=lambda one: -one["seq"]):
        if event["seq"] <= since:
            break
        for fact, began in _effects(event):
            (now.discard if began else now.add)(fact)
            ever.add(fact)
        always &= now
    return Window(always=frozenset(always), ever=frozenset(ever))


def changed(history: Iterable[Mapping[str, Any]], since: int) -> bool:
    """Whether anything that a sync shows has changed after event number `since`."""
    return any(event["seq"] > since and event["kind"] != "token_revoked" for event in history)


def _facts(state: Mapping[str, Any]) -> set[tuple[str, ...]]:
    facts: set[tuple[str, ...]] = {("member", one["id"]) for one in state["members"]}
    facts |= {("role", one["id"], one["role"]) for one in state["members"]}
    facts |= {("group", one["id"]) for one in state["groups"]}
    return facts | {("in", one["id"], uid) for one in state["groups"] for uid in one["members"]}


def _effects(event: Mapping[str, Any]) -> list[tuple[tuple[str, ...], bool]]:
    kind, user, group, detail = (event[key] for key in ("kind", "user", "group", "detail"))
    if kind in {"joined", "left"}:
        began = kind == "joined"
        return [(("member", user), began), (("role", user, detail), began)]
    if kind == "role":
        former, _, later = detail.partition(" -> ")
        return [(("role", user, later), True), (("role", user, former), False)]
    if kind in {"group_created", "group_deleted"}:
        return [(("group", group), kind == "group_created")]
    if kind in {"group_joined", "group_left"}:
        return [(("in", group, user), kind == "group_joined")]
    return []


def lies(held: Held, seen: Window, *, whole: bool = True) -> list[str]:
    """What a sync says and never was; if it calls itself whole, also what it does not say.

    Empty when the promise is kept: everybody who was there throughout, nobody who never was.
    """
    said = {("member", uid) for uid in held.of("user")} | {("group", g) for g in held.of("group")}
    said |= {("in", group, uid) for group, uid in held.memberships()}
    said |= {("role", uid, role) for uid, role in held.roles()}
    found = [f"never was: {fact}" for fact in sorted(said - seen.ever)]
    if whole:
        hidden = {fact[1] for fact in held.facts if fact[0] == "user" and not fact[7]}
        lasting = {f for f in seen.always if not (f[0] == "role" and f[1] in hidden)}
        found += [f"missing: {fact}" for fact in sorted(lasting - said)]
    return found + dangling(held)


def dangling(held: Held) -> list[str]:
    """Grants to people, or of entitlements, that the sync does not hold."""
    people = held.of("user")
    pairs = [(uid, grant) for grant in held.grants for uid in [grant.split(":")[4]]]
    found = [f"to nobody: {grant}" for uid, grant in pairs if uid not in people]
    known = held.entitlements
    return found + [
        f"of nothing: {grant}" for grant in held.grants if grant.rsplit(":user:")[0] not in known
    ]


def read(path: Path) -> FileRows:
    """The newest sync of a c1z; a row that stands twice shows in `rows`."""
    packed = path.read_bytes()
    assert packed.startswith(MAGIC)
    plain = zstandard.ZstdDecompressor().decompress(packed[len(MAGIC) :], max_output_size=2**31)
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(plain)
        sync_id, kind = database.execute(
            "select sync_id, sync_type from v1_sync_runs where ended_at is not null"
            " order by ended_at desc limit 1"
        ).fetchone()
        tables = {table: _rows(database, table, sync_id) for table in ROWS}
    finally:
        database.close()
    raw = [(table, *row.values()) for table, rows in tables.items() for row in rows]
    return FileRows(
        sync_id=sync_id, sync_type=kind, held=_held(tables), raw=frozenset(raw), rows=len(raw)
    )


def _rows(database: sqlite3.Connection, table: str, sync_id: str) -> list[dict[str, Any]]:
    found = database.execute(f"select * from {table} where sync_id = ?", (sync_id,))  # noqa: S608
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return [{key: row[key] for key in row if key not in STAMPS} for row in rows]


def _held(tables: Mapping[str, list[dict[str, Any]]]) -> Held:
    resources = [Resource.FromString(row["data"]) for row in tables["v1_resources"]]
    return Held(
        resources=frozenset(row["external_id"] for row in tables["v1_resources"]),
        entitlements=frozenset(row["external_id"] for row in tables["v1_entitlements"]),
        grants=frozenset(row["external_id"] for row in tables["v1_grants"]),
        facts=frozenset(_fact(one) for one in resources if one.id.resource_type != "role"),
    )


def _fact(one: Resource) -> tuple[str, ...]:
    if one.id.resource_type == "group":
        return ("group", one.id.resource, one.display_name)
    trait = UserTrait()
    assert one.annotations[0].Unpack(trait)
    told = {key: value.string_value for key, value in one.profile.fields.items()}
    return (
        "user",
        one.id.resource,
        one.display_name,
        told["first_name"],
        told["last_name"],
        told["email"],
        " ".join(sorted(email.address.lower() for email in trait.emails)),
        told["workspace_role"],
        told.get("title", ""),
    )
