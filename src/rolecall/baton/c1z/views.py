"""Who holds what in one sync, joined by SQL. Streams; never loads a sync into memory.

Speaks of *accounts*, *groups* and *roles* by the traits that the file's own resource types declare,
so it reads files of any connector. Grants are judged by their columns and not decoded. Missing
rows are not hidden: a grant whose resource or principal was never listed shows with its bare id.

Order is by display name without regard to case, then by id: the same for the same content, whoever
wrote it.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rolecall.baton.c1z.reader import Reader, decode
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceType

__all__ = ["Holding", "Kinds", "View"]

# Counts go through a keyed temporary table: SQLite does not index a joined expression by itself,
# and without an index 100,000 accounts take hours. The table lives in SQLite's own scratch space.
# "not indexed": reading a million grants in their order and sorting takes a third of the time of
# fetching them one by one in the order of an index.
_COUNTED: Final = (
    "drop table if exists temp.held",
    "create temp table held (what text primary key, number integer, roles text) without rowid",
)
_COUNT_BY_ACCOUNT: Final = """
    insert into temp.held
    select principal_resource_type_id || ':' || principal_resource_id,
           count(distinct resource_type_id || ':' || resource_id)
               filter (where resource_type_id in (select value from json_each(:groups))),
           json_group_array(distinct resource_id)
               filter (where resource_type_id in (select value from json_each(:roles)))
    from v1_grants not indexed
    where sync_id = :sync
      and principal_resource_type_id in (select value from json_each(:accounts))
    group by principal_resource_type_id, principal_resource_id
"""
_COUNT_BY_CONTAINER: Final = """
    insert into temp.held
    select resource_type_id || ':' || resource_id,
           count(distinct principal_resource_type_id || ':' || principal_resource_id), '[]'
    from v1_grants not indexed
    where sync_id = :sync and resource_type_id in (select value from json_each(:types))
    group by resource_type_id, resource_id
"""
_LISTED: Final = """
    select r.external_id, r.data, coalesce(held.number, 0), coalesce(held.roles, '[]')
    from v1_resources r left join temp.held on held.what = r.external_id
    where r.sync_id = :sync and r.resource_type_id in (select value from json_each(:types))
    order by sort_name(r.data), r.external_id
"""
_PLAINLY_LISTED: Final = """
    select external_id, data
    from v1_resources
    where sync_id = :sync and resource_type_id in (select value from json_each(:types))
    order by sort_name(data), external_id
"""
_HELD_BY: Final = """
    select resource_type_id, resource_id, entitlement_id
    from v1_grants
    where principal_resource_type_id = :type and principal_resource_id = :id and sync_id = :sync
    order by resource_type_id, resource_id, entitlement_id
"""
_HELD_BY_NOBODY_LISTED: Final = """
    select g.principal_resource_type_id, g.principal_resource_id,
           g.resource_type_id, g.resource_id, g.entitlement_id
    from v1_grants g
    where g.sync_id = :sync
      and g.principal_resource_type_id in (select value from json_each(:accounts))
      and not exists (
          select 1 from v1_resources r
          where r.sync_id = :sync
            and r.external_id = g.principal_resource_type_id || ':' || g.principal_resource_id)
    order by 1, 2, 3, 4, 5
"""
_RESOURCE: Final = "select data from v1_resources where external_id = :name and sync_id = :sync"
_ENTITLEMENT: Final = (
    "select data from v1_entitlements where external_id = :name and sync_id = :sync"
)
_TYPES_WITH_ROWS: Final = """
    select distinct resource_type_id from v1_resources where sync_id = :sync order by 1
"""

_NAMES_KEPT: Final = 50_000  # display names held at a time; about 10 MB


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Which resource types are accounts, groups and roles in this sync."""

    accounts: tuple[str, ...]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    others: tuple[str, ...]

    listed: frozenset[str]
    """Types of which at least one resource is there."""

    def of(self, resource_type: str) -> str:
        """`account`, `group`, `role`, or the type's own name."""
        if resource_type in self.accounts:
            return "account"
        if resource_type in self.groups:
            return "group"
        return "role" if resource_type in self.roles else resource_type


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """One thing that somebody holds."""

    resource_type: str
    resource_id: str
    resource_name: str
    entitlement_id: str

    permission: str
    """The entitlement's slug; its id when it was never listed."""


class View:
    """One sync of one open file, as people ask about it."""

    def __init__(self, reader: Reader, sync_id: str) -> None:
        self.reader = reader
        self.sync_id = sync_id
        self.kinds = _kinds(reader, sync_id)
        self._names: dict[str, str] = {}
        self._slugs: dict[str, str] = {}
        reader.function("sort_name", _sort_name)

    def _rows(self, sql: str, **values: object) -> Iterator[tuple[Any, ...]]:
        packed = {
            key: json.dumps(value) if isinstance(value, tuple) else value
            for key, value in values.items()
        }
        return self.reader.rows(sql, {"sync": self.sync_id, **packed})

    def people(self) -> Iterator[Resource]:
        """Every account, without what it holds."""
        for name, data in self._rows(_PLAINLY_LISTED, types=self.kinds.accounts):
            yield decode(Resource, data, str(name))

    def accounts(self) -> Iterator[tuple[Resource, int, list[str]]]:
        """Every account with the number of its groups and the ids of its roles.

        One such list is read at a time: it shares a temporary table with `groups` and `roles`.
        """
        kinds = self.kinds
        self._count(
            _COUNT_BY_ACCOUNT, accounts=kinds.accounts, groups=kinds.groups, roles=kinds.roles
        )
        for name, data, groups, roles in self._rows(_LISTED, types=kinds.accounts):
            yield decode(Resource, data, str(name)), int(groups), sorted(json.loads(roles))

    def groups(self) -> Iterator[tuple[Resource, int]]:
        """Every group with the number of its members."""
        return self._containers(self.kinds.groups)

    def roles(self) -> Iterator[tuple[Resource, int]]:
        """Every role with the number of those who have it."""
        return self._containers(self.kinds.roles)

    def _containers(self, types: tuple[str, ...]) -> Iterator[tuple[Resource, int]]:
        self._count(_COUNT_BY_CONTAINER, types=types)
        for name, data, members, _ in self._rows(_LISTED, types=types):
            yield decode(Resource, data, str(name)), int(members)

    def _count(self, sql: str, **values: object) -> None:
        for statement in _COUNTED:
            list(self.reader.rows(statement))
        list(self._rows(sql, **values))

    def resource(self, resource_type: str, resource_id: str) -> Resource | None:
        """One resource, or None when it was never listed."""
        name = f"{resource_type}:{resource_id}"
        for (data,) in self._rows(_RESOURCE, name=name):
            return decode(Resource, data, name)
        return None

    def held_by(self, resource_type: str, resource_id: str) -> Iterator[Holding]:
        """Everything that one principal holds, in order of type and id."""
        for held_type, held_id, entitlement in self._rows(
            _HELD_BY, type=resource_type, id=resource_id
        ):
            yield self._holding(held_type, held_id, entitlement)

    def held_by_nobody_listed(self) -> Iterator[tuple[str, str, Holding]]:
        """Grants to accounts that the sync does not list: their type and id, what they hold."""
        rows = self._rows(_HELD_BY_NOBODY_LISTED, accounts=self.kinds.accounts)
        for principal_type, principal, held_type, held_id, entitlement in rows:
            yield principal_type, principal, self._holding(held_type, held_id, entitlement)

    def _holding(self, resource_type: str, resource_id: str, entitlement: str) -> Holding:
        return Holding(
            resource_type=resource_type,
            resource_id=resource_id,
            resource_name=self.name(resource_type, resource_id),
            entitlement_id=entitlement,
            permission=self._slug(entitlement),
        )

    def name(self, resource_type: str, resource_id: str) -> str:
        """The display name of a resource; its bare id when it has none or was never listed."""
        key = f"{resource_type}:{resource_id}"
        if key not in self._names:
            found = self.resource(resource_type, resource_id)
            _make_room(self._names)
            self._names[key] = (found.display_name if found else "") or resource_id
        return self._names[key]

    def _slug(self, entitlement: str) -> str:
        if entitlement not in self._slugs:
            _make_room(self._slugs)
            self._slugs[entitlement] = entitlement
            for (data,) in self._rows(_ENTITLEMENT, name=entitlement):
                found = decode(Entitlement, data, entitlement)
                self._slugs[entitlement] = found.slug or found.display_name or entitlement
        return self._slugs[entitlement]


def _make_room(kept: dict[str, str]) -> None:
    """Forget everything when too much is kept; reading it again is cheap."""
    if len(kept) >= _NAMES_KEPT:
        kept.clear()


def _sort_name(data: bytes) -> str:
    return Resource.FromString(data).display_name.casefold()


def _kinds(reader: Reader, sync_id: str) -> Kinds:
    """Sort the resource types of a sync by their traits."""
    declared = {kind.id: set(kind.traits) for kind in reader.resource_types(sync_id)}
    listed = [str(row[0]) for row in reader.rows(_TYPES_WITH_ROWS, {"sync": sync_id})]
    for name in listed:  # rows of a type that was never listed: go by the usual names
        declared.setdefault(name, _traits_by_name(name))
    traits = (ResourceType.TRAIT_USER, ResourceType.TRAIT_GROUP, ResourceType.TRAIT_ROLE)
    accounts, groups, roles = (_with(declared, trait) for trait in traits)
    others = tuple(sorted(set(declared) - {*accounts, *groups, *roles}))
    return Kinds(
        accounts=accounts, groups=groups, roles=roles, others=others, listed=frozenset(listed)
    )


def _traits_by_name(name: str) -> set["ResourceType.Trait"]:
    usual = {
        "user": ResourceType.TRAIT_USER,
        "group": ResourceType.TRAIT_GROUP,
        "role": ResourceType.TRAIT_ROLE,
    }
    return {usual[name]} if name in usual else set()


def _with(declared: Mapping[str, Collection[object]], trait: object) -> tuple[str, ...]:
    return tuple(sorted(name for name, traits in declared.items() if trait in traits))
