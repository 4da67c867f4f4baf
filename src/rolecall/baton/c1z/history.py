"""Carry the syncs of the old file that are kept into the new one.

The rest is left behind, so a file never needs to be vacuumed.
"""

import sqlite3
from pathlib import Path
from typing import Final

from rolecall.baton.c1z.schema import TABLES, add_missing_columns
from rolecall.baton.c1z.syncs import SyncRun, kept_syncs
from rolecall.baton.c1z.times import from_text

__all__ = ["copy_kept", "runs_of"]

_RUN: Final = "sync_id, started_at, ended_at, sync_type, parent_sync_id, linked_sync_id"


def runs_of(database: sqlite3.Connection, schema: str = "main") -> list[SyncRun]:
    """The sync runs in a database, without their statistics and tokens."""
    found = database.execute(
        f"select {_RUN} from {schema}.v1_sync_runs"  # noqa: S608 - names are ours
    )
    return [
        SyncRun(
            sync_id=sync_id,
            started_at=from_text(started_at),
            ended_at=from_text(ended_at) if ended_at else None,
            sync_type=sync_type,
            parent_sync_id=parent,
            linked_sync_id=linked,
        )
        for sync_id, started_at, ended_at, sync_type, parent, linked in found
    ]


def copy_kept(
    database: sqlite3.Connection, old: Path | None, run: SyncRun, keep: int | None
) -> None:
    """Copy what is kept beside `run`, the sync that is about to end.

    Args:
        database: the draft, outside a transaction.
        old: the unpacked old file, which may be changed; None if there is none.
        run: the draft's sync.
        keep: how many full syncs stay, `run` included; None keeps everything.
    """
    _forget_copies(database, run)
    if old is None:
        return
    with sqlite3.connect(old, isolation_level=None) as connection:
        add_missing_columns(connection)
    connection.close()
    database.execute("attach ? as old", (str(old),))
    try:
        runs = runs_of(database, "old")
        wanted = (
            {one.sync_id for one in runs}
            if keep is None
            else kept_syncs([*runs, run], keep, ending=run.sync_id)
        )
        database.execute("begin")
        for table in TABLES:
            _copy(database, table, sorted(wanted - {run.sync_id}))
        database.execute("commit")
    finally:
        if database.in_transaction:
            database.execute("rollback")
        database.execute("detach old")
    old.unlink()


def _forget_copies(database: sqlite3.Connection, run: SyncRun) -> None:
    """Delete what an earlier try copied: it may have been killed between copying and ending."""
    if all(one.sync_id == run.sync_id for one in runs_of(database)):
        return  # the usual case; without an index, looking for rows to delete would take seconds
    database.execute("begin")
    try:
        for table in TABLES:
            database.execute(f"delete from {table} where sync_id <> ?", (run.sync_id,))  # noqa: S608 - names are ours
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


def _copy(database: sqlite3.Connection, table: str, sync_ids: list[str]) -> None:
    columns = ", ".join(
        str(row[1])
        for row in database.execute(f"pragma main.table_info({table})")
        if row[1] != "id"
    )
    for sync_id in sync_ids:
        database.execute(
            f"insert into main.{table} ({columns})"  # noqa: S608 - names are ours
            f" select {columns} from old.{table} where sync_id = ? order by id",
            (sync_id,),
        )
