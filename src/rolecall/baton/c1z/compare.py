"""What differs between two syncs, in one file or in two. Streams both; keeps nothing.

Rows are the same when their external id is, and unchanged when their bytes are. Since writers
serialise deterministically, equal content means equal bytes; two different writers may store the
same content differently, so "modified" says *stored differently*, and what that means is the
caller's business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from rolecall.baton.c1z.reader import Reader, Row

__all__ = ["Difference", "Kind", "Side", "differences"]

Kind = Literal["resource_types", "resources", "entitlements", "grants"]

# The columns after id and data say what the row is about, so that grants need no decoding.
_SIDES: Final[dict[Kind, str]] = {
    "resource_types": (
        "select external_id, data, external_id, '', '', '' from v1_resource_types"
        " where sync_id = ? order by external_id"
    ),
    "resources": (
        "select external_id, data, resource_type_id, '', '', '' from v1_resources"
        " where sync_id = ? order by external_id"
    ),
    "entitlements": (
        "select external_id, data, resource_type_id, resource_id, '', '' from v1_entitlements"
        " where sync_id = ? order by external_id"
    ),
    "grants": (
        "select external_id, data, resource_type_id, resource_id, principal_resource_type_id,"
        " principal_resource_id from v1_grants where sync_id = ? order by external_id"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two syncs."""

    reader: Reader
    sync_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One row that is not the same on both sides."""

    kind: Kind
    change: Literal["created", "deleted", "modified"]
    external_id: str

    resource_type: str
    """Type of the resource; for entitlements and grants, of the entitlement's resource."""

    resource: str
    """Id of the entitlement's resource; empty for resources themselves."""

    principal_type: str
    principal: str
    """Who holds the grant; empty for everything else."""

    before: bytes | None
    """The stored message on the old side; None when created."""

    after: bytes | None
    """The stored message on the new side; None when deleted."""


def differences(old: Side, new: Side, kind: Kind) -> Iterator[Difference]:
    """Walk both syncs in order of external id and yield what differs, in that order.

    Raises:
        BadFile: a database is damaged.
    """
    olds = old.reader.rows(_SIDES[kind], (old.sync_id,))
    news = new.reader.rows(_SIDES[kind], (new.sync_id,))
    before, after = next(olds, None), next(news, None)
    while before is not None or after is not None:
        # SQLite orders text by its UTF-8 bytes, which is the order of code points, which is
        # Python's.
        if after is None or (before is not None and before[0] < after[0]):
            yield _difference(kind, before, None)
            before = next(olds, None)
        elif before is None or after[0] < before[0]:
            yield _difference(kind, None, after)
            after = next(news, None)
        else:
            if before[1] != after[1]:
                yield _difference(kind, before, after)
            before, after = next(olds, None), next(news, None)


def _difference(kind: Kind, before: Row | None, after: Row | None) -> Difference:
    """What one row, or one pair of rows, says."""
    external_id, _, resource_type, resource, principal_type, principal = after or before or ()
    if before is None:
        change: Literal["created", "deleted", "modified"] = "created"
    else:
        change = "modified" if after else "deleted"
    return Difference(
        kind=kind,
        change=change,
        external_id=external_id,
        resource_type=resource_type,
        resource=resource,
        principal_type=principal_type,
        principal=principal,
        before=before[1] if before else None,
        after=after[1] if after else None,
    )
