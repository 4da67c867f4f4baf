"""One sync of a `.c1z` as taking in needs it: which types it proves, and its rows in stable order.

Reads through `rolecall.baton.c1z` and touches no database of ours. Grants are read by their columns
and never decoded: a million of them come as some ten thousand lists of holders. What is compared
and then taken in is read once and kept, some 40 bytes a grant and 800 a resource.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec

from rolecall.baton.c1z.reader import Reader
from rolecall.baton.c1z.syncs import FULL, SyncRun
from rolecall.baton.c1z.times import from_text
from rolecall.baton.c1z.views import Kinds, View
from rolecall.errors import BadFile, Invalid, Unfinished

__all__ = ["GROUP", "ROLE", "TYPES", "USER", "Content", "Holders", "Row"]

USER: Final = "user"
GROUP: Final = "group"
ROLE: Final = "role"
TYPES: Final = (USER, GROUP, ROLE)
"""What a sync can be complete in."""

_STATES: Final = frozenset({FULL, "partial", "resources_only"})
"""Kinds of sync that describe a state; the others are halves of a difference."""

_RESOURCES: Final = """
    select resource_type_id, external_id, discovered_at, data from v1_resources
    where sync_id = :sync order by id
"""
_ENTITLEMENTS: Final = """
    select resource_type_id, resource_id, external_id, data from v1_entitlements
    where sync_id = :sync order by external_id
"""
_HOLDERS: Final = """
    select entitlement_id, principal_resource_type_id, json_group_array(principal_resource_id)
    from v1_grants where {within}
    group by entitlement_id, principal_resource_type_id
    order by entitlement_id, principal_resource_type_id
"""
_BEGUN: Final = """
    select discovered_at from {table} not indexed
    where sync_id = :sync and resource_type_id = :type order by id limit 1
"""
"""Of the first row that was written: it stands early, where its index would have to sort."""

_LIST: Final = msgspec.json.Decoder(list[str])


class Row(NamedTuple):
    """A resource or an entitlement, with its message still packed."""

    kind: str
    """user, group or role."""
    resource_id: str
    external_id: str
    at: datetime
    data: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Who holds one entitlement."""

    entitlement: str
    packed: bytes
    """The external ids of the accounts, in order, as JSON: the same bytes are the same holders."""

    @property
    def accounts(self) -> list[str]:
        """External ids, in order."""
        return _LIST.decode(self.packed)


class Content:
    """The newest finished sync of an open file.

    Args:
        reader: the open file.
        proved: types that whoever ran the sync knows to be complete although its label is not
            `full`; None is: as the label says.

    Raises:
        Unfinished: it was never ended.
        Invalid: it is half of a difference, or about things that we do not take in.
        Gone: there is no sync in it.
    """

    def __init__(self, reader: Reader, proved: Collection[str] | None = None) -> None:
        self._reader = reader
        self.run = _state(reader.sync())
        self.kinds = _known(View(reader, self.run.sync_id).kinds)
        self._proved = proved
        self.held_by_groups = 0
        """Grants to other than accounts, once `holders` or `digest` has read them."""
        self.strangers: dict[str, int] = {}
        """Grants to accounts that are not listed, by kind of what they hold; see `leave_out`."""

    @property
    def started_at(self) -> datetime:
        """When reading began."""
        return self.run.started_at

    @property
    def ended_at(self) -> datetime:
        """When reading ended."""
        if self.run.ended_at is None:  # `_state` has refused it
            raise AssertionError("an unfinished sync has no content")
        return self.run.ended_at

    @property
    def complete(self) -> tuple[str, ...]:
        """The types that this sync proves to be complete.

        A file without accounts proves nothing, whatever it says: no workspace is empty. One without
        any grant was made without grants; one that leaves a type out says nothing of it; and where
        somebody who is not listed holds something, not everybody was seen.
        """
        return tuple(one for one in self._claimed if one not in self.strangers)

    def leave_out(self, kind: str, number: int) -> None:
        """Note that so many grants of this kind are not taken: nobody knows who holds them."""
        self.strangers[kind] = self.strangers.get(kind, 0) + number

    @cached_property
    def _claimed(self) -> tuple[str, ...]:
        claimed = TYPES if self._proved is None and self.run.sync_type == FULL else self._proved
        if USER not in self.read_at:
            return ()
        there = {
            USER: True,
            GROUP: bool(self.kinds.groups and self.granted_at),
            ROLE: bool(self.kinds.roles and self.granted_at),
        }
        return tuple(one for one in TYPES if one in (claimed or ()) and there[one])

    @cached_property
    def read_at(self) -> dict[str, datetime]:
        """When reading of accounts, groups and roles began, where any were found."""
        return self._begun("v1_resources", TYPES)

    @cached_property
    def granted_at(self) -> dict[str, datetime]:
        """When reading of who is in groups and has roles began, where any grant was found."""
        return self._begun("v1_grants", (GROUP, ROLE))

    def kind_of(self, resource_type: str) -> str:
        """user, group or role.

        Raises:
            BadFile: something refers to a type that is not in the file.
        """
        if (kind := self._kind_of.get(resource_type)) is None:
            raise BadFile(f"The file speaks of the type {resource_type[:40]!r} without naming it.")
        return kind

    @cached_property
    def _kind_of(self) -> dict[str, str]:
        kinds = self.kinds
        return {
            **dict.fromkeys(kinds.roles, ROLE),
            **dict.fromkeys(kinds.groups, GROUP),
            **dict.fromkeys(kinds.accounts, USER),
        }

    def _begun(self, table: str, kinds: Collection[str]) -> dict[str, datetime]:
        return {
            kind: _moment(at)
            for resource_type, kind in self._kind_of.items()
            if kind in kinds  # one that is never found is looked for in every row
            for (at,) in self._rows(_BEGUN.format(table=table), type=resource_type)
        }

    @cached_property
    def resources(self) -> list[Row]:
        """Accounts, groups and roles, in the order of the file."""
        return [
            Row(self.kind_of(kind), name[len(kind) + 1 :], name, _moment(at), data)
            for kind, name, at, data in self._rows(_RESOURCES)
        ]

    def entitlements(self) -> Iterator[Row]:
        """What groups and roles give, in order of their external ids.

        Raises:
            BadFile: an account is said to be something that one can hold.
        """
        for resource_type, resource_id, external_id, data in self._rows(_ENTITLEMENTS):
            kind = self.kind_of(resource_type)
            if kind == USER:
                raise BadFile(f"The file offers the account {resource_id[:40]!r} to be held.")
            yield Row(kind, resource_id, external_id, self.started_at, data)

    def holders(self) -> Iterator[Holders]:
        """Which accounts hold what, in order of the entitlement.

        What groups hold is left out and counted: Baton's writers have already given it to each of
        their members when a sync ends.
        """
        for entitlement, packed in self._held:
            yield Holders(entitlement=entitlement, packed=packed)

    @cached_property
    def _held(self) -> list[tuple[str, bytes]]:
        """Entitlements with their holders as JSON, both in order: some 40 bytes a grant.

        Kept, because grants are most of a file, and are wanted twice: compared, and taken in.
        """
        self.held_by_groups = 0
        found: list[tuple[str, bytes]] = []
        # With one sync in the file an index answers alone; else each row must be looked at.
        within = "true" if len(self._reader.syncs()) == 1 else "sync_id = :sync"
        for entitlement, principal_type, principals in self._rows(_HOLDERS.format(within=within)):
            accounts = sorted(_LIST.decode(principals))
            if self.kind_of(principal_type) != USER:
                self.held_by_groups += len(accounts)
                continue
            if found and found[-1][0] == entitlement:  # accounts have two types in this file
                accounts = sorted([*accounts, *_LIST.decode(found.pop()[1])])
            if len(once := set(accounts)) != len(accounts):  # two grants of one thing, by two ids
                accounts = sorted(once)
            found.append((entitlement, msgspec.json.encode(accounts)))
        return found

    def digest(self) -> str:
        """Over the content and what it proves, wherever and whenever it was written."""
        found = hashlib.blake2b(digest_size=32, person=b"content-2")
        found.update(repr(self._claimed).encode())
        for kind, _, name, _, data in sorted(self.resources, key=itemgetter(2)):
            found.update(b"\0%b\0%b\0%d\0%b" % (kind.encode(), name.encode(), len(data), data))
        for kind, resource, name, data in self._rows(_ENTITLEMENTS):
            found.update(f"\1{kind}\0{resource}\0{name}\0{len(data)}\0".encode())
            found.update(data)
        for entitlement, packed in self._held:
            found.update(f"\2{entitlement}\0{len(packed)}\0".encode())
            found.update(packed)
        return found.hexdigest()

    def _rows(self, sql: str, **values: str) -> Iterator[tuple[Any, ...]]:
        return self._reader.rows(sql, {"sync": self.run.sync_id, **values})


def _state(run: SyncRun) -> SyncRun:
    """The run, if it was ended and describes a state."""
    if not run.finished:
        raise Unfinished(
            "The sync in this file was never finished; nothing is taken from it.",
            hint="Sync again.",
        )
    if run.sync_type not in _STATES:
        raise Invalid(
            f"The sync in this file is of the kind {run.sync_type[:40]!r}: no state.",
            hint="Send a full or a partial sync.",
        )
    return run


def _known(kinds: Kinds) -> Kinds:
    """The kinds, if we know all that have rows, and each by one name only."""
    for several in (kinds.accounts, kinds.groups, kinds.roles):
        if len(listed := sorted(kinds.listed & set(several))) > 1:
            raise Invalid(
                f"This file lists {listed[0][:40]!r} and {listed[1][:40]!r}, both of one kind.",
                hint="Rolecall tells the accounts, groups and roles of an app by their ids alone.",
            )
    if strange := sorted(kinds.listed & set(kinds.others)):
        raise Invalid(
            f"This file lists {strange[0][:40]!r}, which is neither account, group nor role.",
            hint="Rolecall governs accounts, groups and roles; leave the rest out of the sync.",
        )
    return kinds


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    return from_text(text)
