"""From protobuf messages to rows of a c1z. Owns which value goes into which column.

The deterministic serialisation is the row's content: Baton's tools compare it byte by byte.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from rolecall.baton.ids import grant_id
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    Resource,
    ResourceId,
    ResourceType,
)

__all__ = [
    "INSERT_ENTITLEMENT",
    "INSERT_GRANT",
    "INSERT_RESOURCE",
    "INSERT_RESOURCE_TYPE",
    "STATEMENTS",
    "Stamp",
    "entitlement_row",
    "grant_rows",
    "insert",
    "resource_row",
    "resource_type_row",
]

Row = tuple[Any, ...]
BATCH: Final = 50
"""Rows in one statement."""

STATEMENTS: Final = 4 * BATCH
"""Prepared statements worth keeping: one for each table, and each number of rows."""

Stamp = tuple[str, str]
"""Sync id, and the time of discovery as text: the last two columns of every row."""

# For `insert`, which adds the places of the values.
INSERT_RESOURCE_TYPE: Final = (
    "insert into v1_resource_types (external_id, data, sync_id, discovered_at) values"
)
INSERT_RESOURCE: Final = (
    "insert into v1_resources (resource_type_id, external_id, data, sync_id, discovered_at) values"
)
INSERT_ENTITLEMENT: Final = (
    "insert into v1_entitlements"
    " (resource_type_id, resource_id, external_id, data, sync_id, discovered_at) values"
)
INSERT_GRANT: Final = (
    "insert into v1_grants (resource_type_id, resource_id, entitlement_id,"
    " principal_resource_type_id, principal_resource_id, external_id, data, sync_id, discovered_at)"
    " values"
)


def insert(database: sqlite3.Connection, statement: str, made: Iterable[Row]) -> None:
    """Write rows, many by one statement.

    Each statement lets go of the interpreter's lock; a million times in a large sync, while the
    event loop waits for it, is what a busy machine is slow at.
    """
    remaining = iter(made)
    while batch := tuple(islice(remaining, BATCH)):
        places = f"({', '.join('?' * len(batch[0]))})"
        everything = ", ".join([places] * len(batch))
        database.execute(f"{statement} {everything}", tuple(chain.from_iterable(batch)))


def resource_type_row(resource_type: ResourceType, stamp: Stamp) -> Row:
    """A row of v1_resource_types."""
    return (resource_type.id, resource_type.SerializeToString(deterministic=True), *stamp)


def resource_row(resource: Resource, stamp: Stamp) -> Row:
    """A row of v1_resources; the resource has no parent."""
    kind, key = resource.id.resource_type, resource.id.resource
    return (kind, f"{kind}:{key}", resource.SerializeToString(deterministic=True), *stamp)


def entitlement_row(entitlement: Entitlement, stamp: Stamp) -> Row:
    """A row of v1_entitlements."""
    of = entitlement.resource.id
    data = entitlement.SerializeToString(deterministic=True)
    return (of.resource_type, of.resource, entitlement.id, data, *stamp)


def grant_rows(
    entitlement: Entitlement, principal_type: str, principals: Iterable[str], stamp: Stamp
) -> Iterator[Row]:
    """Rows of v1_grants: one entitlement held by many principals.

    Grants of one entitlement differ only in the principal's id, which stands twice in each message.
    So one message per length of id is serialised, and cut at these two places; that is some five
    times faster than a message per grant.

    Args:
        entitlement: what is held; only its id and its resource's id go into the grants.
        principal_type: resource type of all principals.
        principals: their resource ids, each once.
        stamp: see `Stamp`.
    """
    of = entitlement.resource.id
    of_type, of_id, held = of.resource_type, of.resource, entitlement.id
    prefix = grant_id(held, principal_type, "")
    frames: dict[int, tuple[bytes, bytes]] = {}
    for principal in principals:
        key = principal.encode()
        if (frame := frames.get(len(key))) is None:
            frame = frames[len(key)] = _frame(entitlement, principal_type, len(key))
        data = frame[0] + key + frame[1] + key
        yield (of_type, of_id, held, principal_type, principal, prefix + principal, data, *stamp)


def _frame(entitlement: Entitlement, principal_type: str, length: int) -> tuple[bytes, bytes]:
    """The bytes of a grant before, and between, the two places of the principal's id.

    The id of the grant ends with the principal's and is the last field set, so nothing follows.
    """
    hole = "\x00" * length  # no id of ours holds a NUL
    grant = Grant(
        entitlement=Entitlement(id=entitlement.id, resource=Resource(id=entitlement.resource.id)),
        principal=Resource(id=ResourceId(resource_type=principal_type, resource=hole)),
        id=grant_id(entitlement.id, principal_type, hole),
    )
    before, between, after = grant.SerializeToString(deterministic=True).split(hole.encode())
    if after:  # pragma: no cover - only a change of the message's fields could do it
        raise AssertionError("the id is not the last field of a grant")
    return before, between
