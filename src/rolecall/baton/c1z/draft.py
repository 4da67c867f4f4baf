"""The sync that is being written: its database, its checkpoints, and what must hold at its end.

A draft holds one sync, without indices, in one SQLite file inside a work folder. Finishing copies
the syncs of the old file that are kept, builds the indices, checks every reference by SQL, marks
the end, packs, and replaces the target. Whatever fails before that leaves the target as it was.

Everything here may also be called in the draft's own thread (`aside`), so that a large sync leaves
the event loop to others; whoever does so uses the draft nowhere else meanwhile.

The journal is a rollback journal: with none, or one in memory, a kill corrupts the database
(tried). `synchronous` is off, so a power cut may corrupt it as well; a draft is therefore resumed
only within one boot of the machine.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from rolecall.baton.c1z import rows
from rolecall.baton.c1z.envelope import Packed
from rolecall.baton.c1z.folder import WorkFolder, os_error
from rolecall.baton.c1z.history import copy_kept
from rolecall.baton.c1z.schema import create_indices, create_tables
from rolecall.baton.c1z.soundness import dangling, statistics
from rolecall.baton.c1z.syncs import SyncRun
from rolecall.baton.c1z.thread import OwnThread
from rolecall.baton.c1z.times import from_text, to_text
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    Resource,
    ResourceType,
)
from rolecall.errors import BadFile, DiskFull, Error, Unfinished

__all__ = ["MAX_AGE", "Draft", "Progress", "Resume"]

Result = TypeVar("Result")

_FORMAT: Final = 1
"""Version of our checkpoint; another version is never resumed."""

MAX_AGE: Final = timedelta(hours=1)
"""After this, an interrupted draft is not taken up again."""

_PRAGMAS: Final = (
    "pragma locking_mode=exclusive",
    "pragma journal_mode=truncate",
    "pragma synchronous=off",
    "pragma cache_size=-16384",
)


@dataclass(frozen=True, kw_only=True)
class Resume:
    """What must fit for an interrupted draft to be taken up again."""

    config: str
    """Fingerprint of everything that decides what a sync contains."""

    boot: str
    """Identifies the machine's boot; "" never fits."""

    not_before: datetime
    """Older drafts describe a workspace that is gone."""


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint in v1_sync_runs.sync_token: JSON, since other tools choke on anything else."""

    rolecall: int
    config: str
    boot: str
    done: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What an interrupted draft had reached."""

    done: tuple[str, ...] = ()
    """Names of finished phases, in order."""

    missing: tuple[str, ...] = ()
    """What these phases could not read, in words."""


class Draft:
    """One sync in its making; see `begin` and `take_up`.

    Args:
        folder: claimed by us.
        run: the sync as it stands.
        connection: to the draft's database.
        progress: what was reached.
        resume: what a later run must fit.
    """

    def __init__(
        self,
        folder: WorkFolder,
        run: SyncRun,
        connection: sqlite3.Connection,
        *,
        progress: Progress,
        resume: Resume,
    ) -> None:
        self.folder = folder
        self.run = run
        self.progress = progress
        self._resume = resume
        self._db = connection
        self._thread = OwnThread("draft")
        self._stamp: rows.Stamp = (run.sync_id, to_text(run.started_at))

    @classmethod
    def begin(cls, folder: WorkFolder, run: SyncRun, resume: Resume) -> "Draft":
        """Start a sync; what an older run left in the folder is deleted.

        Raises:
            DiskFull, BadConfig: the database cannot be written.
        """
        folder.clear()
        with _honest(folder):
            connection = _open(folder)
            _prepare(connection)
            draft = cls(folder, run, connection, progress=Progress(), resume=resume)
            with draft._transaction():
                create_tables(connection)
                connection.execute(
                    "insert into v1_sync_runs (sync_id, started_at, sync_token, sync_type,"
                    " parent_sync_id, grants_backfilled) values (?, ?, ?, ?, ?, 1)",
                    (
                        run.sync_id,
                        to_text(run.started_at),
                        draft._token(),
                        run.sync_type,
                        run.parent_sync_id,
                    ),
                )
            return draft

    @classmethod
    def take_up(cls, folder: WorkFolder, resume: Resume) -> "Draft | None":
        """The draft that an interrupted run left, if it fits; else None.

        Phases that had ended are kept; of the one that was under way there are no rows, since a
        phase is one transaction. So nobody who was seen by a phase that must be repeated stays.
        """
        if not folder.database.exists():
            return None
        connection = _open(folder)
        try:
            _prepare(connection)
            run, token = _left_over(connection)
        except (sqlite3.Error, ValueError, LookupError, TypeError, BadFile):
            token = None
        if token is None or not _fits(token, run.started_at, resume):
            connection.close()
            return None
        progress = Progress(done=token.done, missing=token.missing)
        return cls(folder, run, connection, progress=progress, resume=resume)

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Do `work`, which uses this draft, in the draft's own thread, to its end.

        Raises:
            Exception: whatever `work` raises.
        """
        return await self._thread(work)

    @contextmanager
    def phase(self, name: str) -> Iterator[list[str]]:
        """One phase of the sync, all of it or nothing.

        Yields:
            A list to which the phase adds what it could not read, in words.
        """
        missing: list[str] = []
        with _honest(self.folder), self._transaction():
            yield missing
            self.progress = Progress(
                done=(*self.progress.done, name), missing=(*self.progress.missing, *missing)
            )
            self._db.execute("update v1_sync_runs set sync_token = ?", (self._token(),))

    def drop(self, *resource_types: str) -> None:
        """Forget what this phase wrote about resources of these types."""
        for kind in resource_types:
            for table in ("v1_resources", "v1_entitlements", "v1_grants"):
                self._db.execute(
                    f"delete from {table} where resource_type_id = ?",  # noqa: S608 - names are ours
                    (kind,),
                )

    def drop_grants_to(self, principal_type: str) -> None:
        """Forget the grants that principals of a type hold."""
        self._db.execute(
            "delete from v1_grants where principal_resource_type_id = ?", (principal_type,)
        )

    def add_resource_types(self, types: Iterable[ResourceType]) -> None:
        """Write resource types."""
        made = (rows.resource_type_row(one, self._stamp) for one in types)
        rows.insert(self._db, rows.INSERT_RESOURCE_TYPE, made)

    def add_resources(self, resources: Iterable[Resource]) -> None:
        """Write resources; each once in a sync."""
        made = (rows.resource_row(one, self._stamp) for one in resources)
        rows.insert(self._db, rows.INSERT_RESOURCE, made)

    def add_entitlements(self, entitlements: Iterable[Entitlement]) -> None:
        """Write entitlements; each once in a sync."""
        made = (rows.entitlement_row(one, self._stamp) for one in entitlements)
        rows.insert(self._db, rows.INSERT_ENTITLEMENT, made)

    def add_grants(
        self, entitlement: Entitlement, principal_type: str, principals: Iterable[str]
    ) -> None:
        """Write that all these principals hold the entitlement; each pair once in a sync."""
        made = rows.grant_rows(entitlement, principal_type, principals, self._stamp)
        rows.insert(self._db, rows.INSERT_GRANT, made)

    def resource_ids(self, resource_type: str) -> set[str]:
        """Ids of the resources of a type that were written so far."""
        found = self._db.execute(
            "select substr(external_id, ?) from v1_resources where resource_type_id = ?",
            (len(resource_type) + 2, resource_type),
        )
        return {key for (key,) in found}

    def discovered(self, moment: datetime) -> None:
        """The time that the rows from now on carry."""
        self._stamp = (self.run.sync_id, to_text(moment))

    def finish(self, ended_at: datetime, *, keep: int | None) -> tuple[SyncRun, Packed]:
        """End the sync and put it in the target's place.

        Args:
            ended_at: now.
            keep: how many full syncs the file keeps, this one included; None keeps all.

        Raises:
            Unfinished: something refers to what was not seen.
            DiskFull, BadConfig, BadFile: the file cannot be written; the target is as it was.
        """
        with _honest(self.folder):
            copy_kept(self._db, self.folder.unpack_old(), self.run, keep)
            with self._transaction():
                create_indices(self._db)
                if unknown := dangling(self._db, self.run.sync_id):
                    raise Unfinished(
                        "What was read does not fit together: " + "; ".join(unknown) + ".",
                        hint="Nothing was written. This is a defect: please report it.",
                    )
                self.run = self._end(ended_at)
            self.close()
            packed = self.folder.publish()
        self.folder.remove()
        return self.run, packed

    def close(self) -> None:
        """Let go of the database, and keep the folder."""
        self._db.close()
        self._thread.end()

    def save(self) -> None:
        """Leave the draft to a later run."""
        self.close()
        self.folder.release()

    def discard(self) -> None:
        """Delete the draft; the target is as it was."""
        self.close()
        self.folder.remove()

    def _end(self, ended_at: datetime) -> SyncRun:
        stats = statistics(self._db, self.run.sync_id)
        full = self.run.sync_type == "full"
        self._db.execute(
            "update v1_sync_runs set ended_at = ?, stats = ?, supports_diff = ?, sync_token = ''"
            " where sync_id = ?",
            (to_text(ended_at), stats.to_json(), int(full), self.run.sync_id),
        )
        return replace(self.run, ended_at=ended_at, stats=stats, supports_diff=full)

    def relabel(self, sync_type: str, parent_sync_id: str) -> None:
        """Call the sync something else than it began as."""
        self.run = replace(self.run, sync_type=sync_type, parent_sync_id=parent_sync_id)
        with _honest(self.folder), self._transaction():
            self._db.execute(
                "update v1_sync_runs set sync_type = ?, parent_sync_id = ?",
                (sync_type, parent_sync_id),
            )

    def _token(self) -> str:
        token = _Token(
            rolecall=_FORMAT,
            config=self._resume.config,
            boot=self._resume.boot,
            done=self.progress.done,
            missing=self.progress.missing,
        )
        return msgspec.json.encode(token).decode()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # on a full disk SQLite may have rolled back by itself
                self._db.execute("rollback")
            raise
        self._db.execute("commit")


def _open(folder: WorkFolder) -> sqlite3.Connection:
    """The draft's database, for our thread and for the draft's own, one after the other."""
    return sqlite3.connect(
        folder.database,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=rows.STATEMENTS,
    )


def _prepare(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _left_over(connection: sqlite3.Connection) -> tuple[SyncRun, _Token]:
    """The sync that a draft's database holds, and its checkpoint."""
    ((sync_id, started_at, sync_type, parent, token),) = connection.execute(
        "select sync_id, started_at, sync_type, parent_sync_id, sync_token"
        " from v1_sync_runs where ended_at is null"
    ).fetchall()
    run = SyncRun(
        sync_id=sync_id,
        started_at=from_text(started_at),
        sync_type=sync_type,
        parent_sync_id=parent,
    )
    return run, msgspec.json.decode(token, type=_Token)


def _fits(token: _Token, started_at: datetime, resume: Resume) -> bool:
    return (
        token.rolecall == _FORMAT
        and token.config == resume.config
        and token.boot == resume.boot != ""
        and started_at >= resume.not_before
    )


@contextmanager
def _honest(folder: WorkFolder) -> Iterator[None]:
    """Turn what SQLite and the system say into our errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise _sqlite_error(folder, error) from error
    except OSError as error:
        raise os_error(folder.target, error) from error


def _sqlite_error(folder: WorkFolder, error: sqlite3.Error) -> Error:
    if error.sqlite_errorcode in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}:
        return DiskFull(
            f"No space left on the disk of {folder.target}.",
            hint=f"Free some in {folder.target.parent}; then again.",
        )
    return BadFile(
        f"The work file of {folder.target} cannot be used ({error}).",
        hint="Run the same command again; the file itself is as it was.",
    )
