"""Read a c1z that anybody wrote, and never change it.

Unpacks into a scratch copy that is gone as soon as it is open, brings tables of older writers up to
date *in that copy*, and then opens it read-only. Everything streams. Damage of any kind is a
`BadFile`. Knows nothing of what the rows mean to people; that is `c1z.views` and the connector.

Tolerated: missing tables, columns and indices; extra columns; every form of time; slim grants,
whose entitlement and principal stand only in the columns; NULL or broken statistics.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from google.protobuf.message import DecodeError, Message

from rolecall.baton.c1z import envelope, schema
from rolecall.baton.c1z.syncs import SyncRun, SyncStats, shown_sync
from rolecall.baton.c1z.times import from_text
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceType
from rolecall.errors import BadFile, Gone

__all__ = ["Reader", "Row", "decode", "open_c1z"]

Row = tuple[Any, ...]
_M = TypeVar("_M", bound=Message)

_SYNCS: Final = (
    "select sync_id, started_at, ended_at, sync_token, sync_type, parent_sync_id, linked_sync_id,"
    " supports_diff, stats from v1_sync_runs order by id"
)
_RESOURCE_TYPES: Final = (
    "select external_id, data from v1_resource_types where sync_id = :sync order by id"
)
_RESOURCES: Final = (
    "select external_id, data from v1_resources"
    " where sync_id = :sync and (:type is null or resource_type_id = :type) order by id"
)
_ENTITLEMENTS: Final = (
    "select external_id, data from v1_entitlements"
    " where sync_id = :sync and (:type is null or resource_type_id = :type) order by id"
)
_GRANTS: Final = (
    "select external_id, data, entitlement_id, resource_type_id, resource_id,"
    " principal_resource_type_id, principal_resource_id from v1_grants"
    " where sync_id = :sync and (:type is null or resource_type_id = :type) order by id"
)
_RESOURCE: Final = (
    "select external_id, data from v1_resources where sync_id = :sync and external_id = :name"
)
_ENTITLEMENT: Final = (
    "select data, resource_type_id, resource_id from v1_entitlements"
    " where sync_id = :sync and external_id = :name"
)
_GRANT: Final = (
    "select external_id, data, entitlement_id, resource_type_id, resource_id,"
    " principal_resource_type_id, principal_resource_id from v1_grants"
    " where sync_id = :sync and external_id = :name"
)
_COUNTS: Final[Mapping[str, str]] = {
    "resource_types": "select '', count(*) from v1_resource_types where sync_id = :sync",
    "assets": "select '', count(*) from v1_assets where sync_id = :sync",
    "resources": (
        "select resource_type_id, count(*) from v1_resources where sync_id = :sync group by 1"
    ),
    "entitlements": (
        "select resource_type_id, count(*) from v1_entitlements where sync_id = :sync group by 1"
    ),
    "grants": "select resource_type_id, count(*) from v1_grants where sync_id = :sync group by 1",
}


def open_c1z(path: Path, *, scratch: Path | None = None) -> "Reader":
    """Open a c1z for reading; use it as a context manager.

    Args:
        path: the file.
        scratch: folder for the unpacked copy; the system's temporary folder when None.

    Raises:
        BadFile: it is missing, no v1 c1z, or damaged.
        DiskFull: no space for the unpacked copy.
        BadConfig: the file or the scratch folder cannot be used.
    """
    with envelope.honest(scratch or Path(tempfile.gettempdir())):
        folder = Path(tempfile.mkdtemp(prefix="rolecall-", dir=scratch))
    try:
        database = folder / "copy.db"
        envelope.unpack(path, database)
        with _legible(path):
            _bring_up_to_date(database)
            connection = _open_read_only(database)
    finally:
        # Where an open file can be deleted, even a kill leaves nothing behind from here on.
        shutil.rmtree(folder, ignore_errors=True)
    return Reader(path=path, connection=connection, folder=folder)


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    """Turn what SQLite says about a broken database into our error."""
    try:
        yield
    except sqlite3.Error as error:
        raise BadFile(
            f"The database inside {path} is damaged: {error}.",
            hint="Fetch it again, or sync again.",
        ) from error


def _bring_up_to_date(database: Path) -> None:
    """Add what older writers did not know; touches the file only when something is missing."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("pragma trusted_schema = off")
        connection.execute("pragma synchronous = off")
        connection.execute("begin")
        schema.add_missing_columns(connection)
        schema.create_indices(connection)
        connection.execute("commit")


def _open_read_only(database: Path) -> sqlite3.Connection:
    """A connection that cannot write, with the file really open."""
    connection = sqlite3.connect(
        f"{database.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
    )
    connection.execute("pragma trusted_schema = off")
    connection.execute("pragma cell_size_check = on")
    connection.execute("select count(*) from sqlite_master").fetchone()
    return connection


def decode(kind: type[_M], data: object, name: str) -> _M:
    """Decode one row's message.

    Raises:
        BadFile: it is no such message; `name` says which row.
    """
    try:
        return kind.FromString(data if isinstance(data, bytes) else b"\xff")
    except DecodeError as error:
        raise BadFile(
            f"The {kind.DESCRIPTOR.name} {name[:80]!r} in this file cannot be decoded.",
            hint="The file is damaged; fetch it again, or sync again.",
        ) from error


class Reader:
    """An open c1z. Made by `open_c1z`."""

    def __init__(self, *, path: Path, connection: sqlite3.Connection, folder: Path) -> None:
        self.path = path
        self._connection = connection
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the scratch copy back; may be called twice."""
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def rows(self, sql: str, values: dict[str, Any] | Sequence[Any] = ()) -> Iterator[Row]:
        """Stream the rows of one query.

        Raises:
            BadFile: the database is damaged (also later, between two rows).
        """
        with _legible(self.path):
            # "yield from" would close the cursor when a reader stops half-way, which fails on a
            # connection that is closed by then.
            for row in self._connection.execute(sql, values):  # noqa: UP028 - see above
                yield row

    def function(self, name: str, action: Callable[[Any], str]) -> None:
        """Make a pure function of one argument usable in `rows`."""
        self._connection.create_function(name, 1, action, deterministic=True)

    def syncs(self) -> list[SyncRun]:
        """Every run in the file, in order of insertion."""
        return [
            SyncRun(
                sync_id=str(sync_id),
                started_at=from_text(str(started_at)),
                ended_at=None if ended_at is None else from_text(str(ended_at)),
                sync_token=str(token),
                sync_type=str(sync_type),
                parent_sync_id=str(parent),
                linked_sync_id=str(linked),
                supports_diff=bool(supports_diff),
                stats=SyncStats.from_json(stats if isinstance(stats, str) else None),
            )
            for (
                sync_id,
                started_at,
                ended_at,
                token,
                sync_type,
                parent,
                linked,
                supports_diff,
                stats,
            ) in self.rows(_SYNCS)
        ]

    def sync(self, sync_id: str | None = None) -> SyncRun:
        """One run: the named one, or the one that the file shows (see `shown_sync`).

        Raises:
            Gone: no such run, or no run at all.
        """
        every = self.syncs()
        if sync_id is None:
            found = shown_sync(every)
        else:
            found = next((run for run in every if run.sync_id == sync_id), None)
        if found is None:
            what = "no sync" if sync_id is None else f"no sync {sync_id}"
            raise Gone(f"{self.path} holds {what}.", hint="Sync first.")
        return found

    def resource_types(self, sync_id: str) -> Iterator[ResourceType]:
        """The resource types of a sync, in order of insertion."""
        for name, data in self.rows(_RESOURCE_TYPES, {"sync": sync_id}):
            yield decode(ResourceType, data, str(name))

    def resources(self, sync_id: str, resource_type: str | None = None) -> Iterator[Resource]:
        """The resources of a sync, of one type or all, in order of insertion."""
        for name, data in self.rows(_RESOURCES, {"sync": sync_id, "type": resource_type}):
            yield decode(Resource, data, str(name))

    def entitlements(self, sync_id: str, resource_type: str | None = None) -> Iterator[Entitlement]:
        """The entitlements of a sync, on resources of one type or all, in order of insertion."""
        for name, data in self.rows(_ENTITLEMENTS, {"sync": sync_id, "type": resource_type}):
            yield decode(Entitlement, data, str(name))

    def grants(self, sync_id: str, resource_type: str | None = None) -> Iterator[Grant]:
        """The grants of a sync, in order of insertion; slim ones are filled from the columns.

        Args:
            sync_id: which sync.
            resource_type: type of the *entitlement's* resource, or None for all.
        """
        for row in self.rows(_GRANTS, {"sync": sync_id, "type": resource_type}):
            yield _whole_grant(row)

    def resource(self, sync_id: str, resource_type: str, resource_id: str) -> Resource | None:
        """One resource of a sync; None if it is not there."""
        name = f"{resource_type}:{resource_id}"  # may be another's too, if a part holds a colon
        for _, data in self.rows(_RESOURCE, {"sync": sync_id, "name": name}):
            found = decode(Resource, data, name)
            if (found.id.resource_type, found.id.resource) == (resource_type, resource_id):
                return found
        return None

    def entitlement(self, sync_id: str, entitlement_id: str) -> Entitlement | None:
        """One entitlement of a sync with its resource's id; None if it is not there."""
        for data, kind, resource in self.rows(
            _ENTITLEMENT, {"sync": sync_id, "name": entitlement_id}
        ):
            found = decode(Entitlement, data, entitlement_id)
            if not found.HasField("resource"):
                found.resource.id.resource_type, found.resource.id.resource = (
                    str(kind),
                    str(resource),
                )
            return found
        return None

    def grant(self, sync_id: str, grant_id: str) -> Grant | None:
        """One grant of a sync, whole; None if it is not there."""
        for row in self.rows(_GRANT, {"sync": sync_id, "name": grant_id}):
            return _whole_grant(row)
        return None

    def stats(self, sync_id: str) -> SyncStats:
        """The stored statistics of a sync; counted when they are missing or unreadable."""
        return self.sync(sync_id).stats or self.counted(sync_id)

    def counted(self, sync_id: str) -> SyncStats:
        """The statistics of a sync, counted from its rows whatever is stored."""
        found: dict[str, Any] = {}
        for name, sql in _COUNTS.items():
            by_type = {str(key): int(count) for key, count in self.rows(sql, {"sync": sync_id})}
            found[name] = sum(by_type.values())
            if "group by" in sql:
                found[f"{name}_by_resource_type"] = by_type
        return SyncStats(**found)


def _whole_grant(row: Row) -> Grant:
    """A grant with entitlement and principal, from the message or else from the columns."""
    name, data, entitlement_id, resource_type, resource, principal_type, principal = map(
        _text_or_bytes, row
    )
    grant = decode(Grant, data, str(name))
    if not grant.id:
        grant.id = str(name)
    if not grant.HasField("entitlement"):
        grant.entitlement.id = str(entitlement_id)
        grant.entitlement.resource.id.resource_type = str(resource_type)
        grant.entitlement.resource.id.resource = str(resource)
    if not grant.HasField("principal"):
        grant.principal.id.resource_type = str(principal_type)
        grant.principal.id.resource = str(principal)
    return grant


def _text_or_bytes(value: object) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)
