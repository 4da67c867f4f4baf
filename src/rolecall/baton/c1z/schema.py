"""The tables and indices of a v1 c1z, by the names that every Baton tool expects.

Owns the DDL and nothing else: no rows, no pragmas, no transactions. The file carries no version;
every writer creates what is missing ("if not exists"), so names may never change. Two index names
of `v1_resources` are swapped upstream and must stay swapped, otherwise a Go writer adds a second
pair.

Source: golden/c1z-v1-schema.json, dumped from a file that the Go SDK wrote.
"""

import sqlite3
from typing import Final

from rolecall.errors import BadFile

__all__ = ["TABLES", "add_missing_columns", "create_indices", "create_tables"]

_STAMP: Final = ("sync_id text not null", "discovered_at datetime not null")

_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "v1_resource_types": ("external_id text not null", "data blob not null", *_STAMP),
    "v1_resources": (
        "resource_type_id text not null",
        "external_id text not null",
        "parent_resource_type_id text",
        "parent_resource_id text",
        "data blob not null",
        *_STAMP,
    ),
    "v1_entitlements": (
        "resource_type_id text not null",
        "resource_id text not null",
        "external_id text not null",
        "data blob not null",
        *_STAMP,
    ),
    "v1_sync_runs": (
        "sync_id text not null",
        "started_at datetime not null",
        "ended_at datetime",
        "sync_token text not null",
        "sync_type text not null default 'full'",
        "parent_sync_id text not null default ''",
        "linked_sync_id text not null default ''",
        "supports_diff integer not null default 0",
        "grants_backfilled integer not null default 0",
        "stats text",
        "ingest_invariant_generation text not null default ''",
        "ingest_invariant_coverage text not null default ''",
        "ingest_invariant_mode text not null default ''",
    ),
    "v1_grants": (
        "resource_type_id text not null",
        "resource_id text not null",
        "entitlement_id text not null",
        "principal_resource_type_id text not null",
        "principal_resource_id text not null",
        "external_id text not null",
        "expansion blob",
        "needs_expansion integer not null default 0",
        "data blob not null",
        *_STAMP,
    ),
    "v1_assets": (
        "external_id text not null",
        "content_type text not null",
        "data blob not null",
        *_STAMP,
    ),
    "v1_connector_sessions": ("sync_id text not null", "key text not null", "value blob not null"),
}

TABLES: Final = tuple(_COLUMNS)
"""Table names in the order of creation, which is also the order of their root pages."""

_INDICES: Final = (
    (
        "unique index",
        "idx_resource_types_external_sync_v1",
        "v1_resource_types (external_id, sync_id)",
    ),
    ("index", "idx_resources_resource_type_id_v1", "v1_resources (resource_type_id)"),
    (
        "index",
        "idx_resources_external_sync_v1",
        "v1_resources (parent_resource_type_id, parent_resource_id)",
    ),
    ("unique index", "idx_resources_parent_resource_id_v1", "v1_resources (external_id, sync_id)"),
    ("index", "idx_entitlements_resource_id_v1", "v1_entitlements (resource_type_id, resource_id)"),
    ("unique index", "idx_entitlements_external_sync_v1", "v1_entitlements (external_id, sync_id)"),
    ("unique index", "idx_sync_runs_sync_id_v1", "v1_sync_runs (sync_id)"),
    (
        "index",
        "idx_grants_resource_type_id_resource_id_v1",
        "v1_grants (resource_type_id, resource_id)",
    ),
    (
        "index",
        "idx_grants_principal_id_v1",
        "v1_grants (principal_resource_type_id, principal_resource_id)",
    ),
    (
        "index",
        "idx_grants_entitlement_id_principal_id_v1",
        "v1_grants (entitlement_id, principal_resource_type_id, principal_resource_id)",
    ),
    ("unique index", "idx_grants_external_sync_v1", "v1_grants (external_id, sync_id)"),
    ("index", "idx_grants_entitlement_sync_grant_v1", "v1_grants (entitlement_id, sync_id, id)"),
    ("index", "idx_grants_sync_expansion_v1", "v1_grants (sync_id) where expansion is not null"),
    (
        "index",
        "idx_grants_sync_needs_expansion_v1",
        "v1_grants (sync_id) where needs_expansion = 1",
    ),
    ("unique index", "idx_assets_external_sync_v1", "v1_assets (external_id, sync_id)"),
    ("unique index", "idx_session_store_sync_key_v1", "v1_connector_sessions (sync_id, key)"),
)


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables that do not stand yet, without indices (loading first is faster)."""
    for table, columns in _COLUMNS.items():
        listed = ", ".join(("id integer primary key", *columns))
        connection.execute(f"create table if not exists {table} ({listed})")


def create_indices(connection: sqlite3.Connection) -> None:
    """Create the indices that do not stand yet.

    Raises:
        sqlite3.IntegrityError: two rows share what must be unique.
    """
    for kind, name, rest in _INDICES:
        connection.execute(f"create {kind} if not exists {name} on {rest}")


def add_missing_columns(connection: sqlite3.Connection) -> None:
    """Bring the tables of a file by an older writer up to date; a reader does this in its own copy.

    Missing tables are created, missing columns get their default. Extra columns stay.

    Raises:
        BadFile: a column without a default is missing, so this is no c1z.
    """
    create_tables(connection)
    for table, columns in _COLUMNS.items():
        present = {str(row[1]) for row in connection.execute(f"pragma table_info({table})")}
        for column in columns:
            if column.split(" ", 1)[0] not in present:
                _add(connection, table, column)


def _add(connection: sqlite3.Connection, table: str, column: str) -> None:
    """Add one column, unless SQLite could not fill it."""
    if "not null" in column and "default" not in column:
        name = column.split(" ", 1)[0]
        raise BadFile(
            f"The table {table} of this file has no column {name}.",
            hint="It is not a c1z that a Baton connector wrote.",
        )
    connection.execute(f"alter table {table} add column {column}")
