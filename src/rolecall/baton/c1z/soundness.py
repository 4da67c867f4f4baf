"""What must hold before a sync is called finished: everything that is referred to was seen.

Baton's invariants I3 (grant → resource), I7 (entitlement → resource), I8 (grant → entitlement) and
I9 (grant → principal), checked by SQL over what is really stored.
"""

import sqlite3
from typing import Final

from rolecall.baton.c1z.syncs import SyncStats

__all__ = ["dangling", "statistics"]

_CHECKS: Final = (
    ("entitlements of resources", "v1_entitlements", ("resource_type_id", "resource_id")),
    ("grants on resources", "v1_grants", ("resource_type_id", "resource_id")),
    ("grants of entitlements", "v1_grants", ("entitlement_id",)),
    (
        "grants to principals",
        "v1_grants",
        ("principal_resource_type_id", "principal_resource_id"),
    ),
)
"""What refers, where it stands, and by which columns: each time the beginning of an index."""


def dangling(database: sqlite3.Connection, sync_id: str) -> list[str]:
    """What of a sync refers to what is not in it, in words; empty when all is well.

    Each distinct reference is looked up once, by way of an index. References of other syncs in the
    file may rightly point elsewhere, so what is not found is looked for in this sync's own rows.
    """
    found = []
    for what, table, columns in _CHECKS:
        named = [key for (key,) in database.execute(_query(table, columns), (sync_id, sync_id))]
        if named:
            found.append(f"{len(named)} {what} that were not seen (such as {named[0]})")
    return found


def _query(table: str, columns: tuple[str, ...]) -> str:
    listed = ", ".join(columns)
    key = " || ':' || ".join(f"r.{column}" for column in columns)
    target = "v1_resources" if len(columns) > 1 else "v1_entitlements"
    same = " and ".join(f"own.{column} = r.{column}" for column in columns)
    return (
        f"select {key} from (select {listed} from {table} group by {listed}) as r"  # noqa: S608 - names are ours
        f" where not exists (select 1 from {target} as seen"
        f" where seen.external_id = {key} and seen.sync_id = ?)"
        f" and exists (select 1 from {table} as own where {same} and own.sync_id = ?)"
    )


def statistics(database: sqlite3.Connection, sync_id: str) -> SyncStats:
    """Count the rows of a sync."""
    by_type = {table: _by_type(database, table, sync_id) for table in _COUNTED}
    (types,) = database.execute(
        "select count(*) from v1_resource_types where sync_id = ?", (sync_id,)
    ).fetchone()
    return SyncStats(
        resource_types=types,
        resources=sum(by_type["v1_resources"].values()),
        entitlements=sum(by_type["v1_entitlements"].values()),
        grants=sum(by_type["v1_grants"].values()),
        resources_by_resource_type=by_type["v1_resources"],
        entitlements_by_resource_type=by_type["v1_entitlements"],
        grants_by_resource_type=by_type["v1_grants"],
    )


_COUNTED: Final = ("v1_resources", "v1_entitlements", "v1_grants")


def _by_type(database: sqlite3.Connection, table: str, sync_id: str) -> dict[str, int]:
    (alone,) = database.execute("select count(*) = 1 from v1_sync_runs").fetchone()
    # With one sync in the file the type's index answers alone; else each row must be looked at.
    where = "? = ?" if alone else "sync_id = ? or sync_id = ?"
    return dict(
        database.execute(
            f"select resource_type_id, count(*) from {table} where {where}"  # noqa: S608 - ours
            " group by resource_type_id",
            (sync_id, sync_id),
        ).fetchall()
    )
