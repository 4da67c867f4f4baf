"""Put what a file says into temporary tables: parse what is new, copy ids for the rest.

Every reference is looked up on the way: a file that speaks of groups it does not list is refused;
of accounts it does not list, nothing is taken, and it is not complete in what they hold. Knows how
rows travel; what they change is `sql/differ.sql`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

from rolecall.errors import BadFile
from rolecall.server.access.intake import queries, records
from rolecall.server.access.intake.content import USER, Content, Row
from rolecall.server.access.models import App
from rolecall.server.ids import new_ids

__all__ = ["stage"]

BREAKS: Final = str.maketrans("@.-_+", "     ")
"""What stands between the words of an address."""


def stage(content: Content, app: App) -> None:
    """Fill the stage tables from a file; `app` is locked.

    Raises:
        BadFile: it is damaged, or refers to what it does not list.
    """
    queries.run("stage", "tune")
    queries.run("stage", "tables")
    queries.run("stage", "has_account", {"app": app.pk, "public_id": new_ids("ent", 1)[0]})
    loading = _Loading(app=app, content=content)
    loading.accounts_and_resources()
    loading.entitlements()
    loading.grants()
    queries.run("stage", "analyze")


@dataclass(slots=True)
class _Loading:
    """What is known while a file is copied: ids by external ids."""

    app: App
    content: Content
    accounts: dict[str, int] = field(default_factory=dict)
    resources: dict[tuple[str, str], int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    """Entitlements, by their external ids."""
    contents: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    """Digests of holders that need not be compared if they are the same, and how many they are."""
    nobody_left: bool = False
    """Whether every account that was there until now is in the file."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Their kinds, likewise."""

    @property
    def since(self) -> datetime:
        """What others have observed later was not seen by the last sync."""
        return (self.app.last_sync or self.content).started_at

    def accounts_and_resources(self) -> None:
        """Accounts that are new or different, the ids of all, and every group and role."""
        people: list[Row] = []
        things: list[Row] = []
        for row in self.content.resources:
            (people if row.kind == USER else things).append(row)
        self._accounts(people)
        self._resources(things)

    def _accounts(self, rows: list[Row]) -> None:
        before = queries.rows("stage", "known_accounts", {"app": self.app.pk, "since": self.since})
        known = {external_id: (pk, content) for external_id, pk, content, _ in before}
        fresh = [row.resource_id for row in rows if row.resource_id not in known]
        ids = dict(zip(fresh, _ids("access_account", len(fresh)), strict=True))
        self.accounts = {
            row.resource_id: ids.get(row.resource_id) or known[row.resource_id][0] for row in rows
        }
        self.nobody_left = all(one in self.accounts for one, _, _, present in before if present)
        moments = {at: at.isoformat() for at in {row.at for row in rows}}
        with _copy("stage_seen (account, at)") as copy:
            lines = (f"{self.accounts[row.resource_id]}\t{moments[row.at]}\n" for row in rows)
            copy.write("".join(lines))
        different = [
            (row, digest)
            for row in rows
            if (digest := records.digest(row.data)) != known.get(row.resource_id, (0, b""))[1]
        ]
        self._described(different, set(ids))

    def _described(self, rows: list[tuple[Row, bytes]], new: set[str]) -> None:
        public_ids = new_ids("acc", len(rows))
        domains = frozenset(self.app.domains)
        with _copy("stage_account") as copy:
            for (row, digest), public_id in zip(rows, public_ids, strict=True):
                record = records.account(row.data, row.external_id)
                copy.write_row(
                    (
                        self.accounts[row.resource_id],
                        row.resource_id in new,
                        public_id,
                        row.resource_id,
                        record.name,
                        record.email,
                        "\n".join(record.emails),
                        record.status,
                        record.seat,
                        record.service,
                        msgspec.json.encode(record.attributes).decode(),
                        _outside(record.email, domains),
                        " ".join([record.name, *record.emails]).translate(BREAKS),
                        digest,
                    )
                )

    def _resources(self, rows: list[Row]) -> None:
        known = {
            (kind, external_id): pk
            for kind, external_id, pk in queries.rows(
                "stage", "known_resources", {"app": self.app.pk}
            )
        }
        self.resources, new = _numbered(
            ((row.kind, row.resource_id) for row in rows), known, "access_resource"
        )
        with _copy("stage_resource") as copy:
            for row, public_id in zip(rows, new_ids("res", len(rows)), strict=True):
                key = (row.kind, row.resource_id)
                record = records.resource(row.data, row.external_id)
                copy.write_row(
                    (
                        self.resources[key],
                        key in new,
                        public_id,
                        row.kind,
                        row.resource_id,
                        record.name,
                        record.description,
                        row.at,
                    )
                )

    def entitlements(self) -> None:
        """What every group and role gives."""
        rows = list(self.content.entitlements())
        self.kinds = {row.external_id: row.kind for row in rows}
        before = queries.rows(
            "stage", "known_entitlements", {"app": self.app.pk, "since": self.since}
        )
        known = {external_id: pk for external_id, pk, _, _ in before}
        self.contents = {
            pk: (bytes(content), holders) for _, pk, content, holders in before if content
        }
        self.held, new = _numbered((row.external_id for row in rows), known, "access_entitlement")
        with _copy("stage_entitlement") as copy:
            for row, public_id in zip(rows, new_ids("ent", len(rows)), strict=True):
                copy.write_row(
                    (
                        self.held[row.external_id],
                        row.external_id in new,
                        public_id,
                        row.kind,
                        self._resource(row),
                        row.external_id,
                        records.entitlement(row.data, row.external_id).slug,
                    )
                )

    def _resource(self, row: Row) -> int:
        found = self.resources.get((row.kind, row.resource_id))
        if found is None:
            raise _unseen("what gives", row.external_id)
        return found

    def grants(self) -> None:
        """Who holds what, as pairs of ids: text that is made by the block, not by the row.

        Of a group that holds exactly whom it held, no more than this is said.
        """
        accounts = {external_id: f"{pk}\n" for external_id, pk in self.accounts.items()}
        read: list[tuple[int, int, bytes | None, bool]] = []
        with _copy("stage_grant (entitlement, account)") as copy:
            for held in self.content.holders():
                if (entitlement := self.held.get(held.entitlement)) is None:
                    raise _unseen("the entitlement", held.entitlement)
                content = _digest(held.packed)
                before, number = self.contents.get(entitlement, (b"", 0))
                same = content == before
                if same and self.nobody_left:  # as all whom it held are listed
                    read.append((entitlement, number, content, True))
                    continue
                listed = held.accounts
                known = [accounts[one] for one in listed if one in accounts]
                if strangers := len(listed) - len(known):
                    self.content.leave_out(self.kinds[held.entitlement], strangers)
                same = same and not strangers
                read.append((entitlement, len(known), None if strangers else content, same))
                if known and not same:
                    copy.write((begin := f"{entitlement}\t") + begin.join(known))
        with _copy("stage_holders") as copy:
            for row in read:
                copy.write_row(row)


def _numbered(
    keys: Iterable[Any], known: dict[Any, int], table: str
) -> tuple[dict[Any, int], set[Any]]:
    """The id of each key, and which keys are new."""
    wanted = list(keys)
    fresh = [key for key in wanted if key not in known]
    ids = dict(zip(fresh, _ids(table, len(fresh)), strict=True))
    return {key: ids.get(key) or known[key] for key in wanted}, set(ids)


def _ids(table: str, count: int) -> list[int]:
    ((found,),) = queries.rows("stage", "next_ids", {"table": table, "count": count})
    return list(found or ())


@contextmanager
def _copy(into: str) -> Iterator[Any]:
    with connection.cursor() as cursor, cursor.copy(f"copy {into} from stdin") as copy:
        yield copy


def _digest(holders: bytes) -> bytes:
    return hashlib.blake2b(holders, digest_size=16, person=b"holders-2").digest()


def _outside(email: str, domains: frozenset[str]) -> bool:
    """Whether an address is of none of the company's domains."""
    return bool(email and domains) and email.rpartition("@")[2].casefold() not in domains


def _unseen(what: str, name: str) -> BadFile:
    return BadFile(
        f"The file refers to {what} {name[:80]!r}, and does not list it.",
        hint="It was cut, or written by a broken connector; sync again.",
    )
