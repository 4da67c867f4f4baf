"""Rows of a c1z are the deterministic bytes of their messages."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.baton.c1z.rows import (
    entitlement_row,
    grant_rows,
    insert,
    resource_row,
    resource_type_row,
)
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import (
    Resource,
    ResourceId,
    ResourceType,
)

STAMP = ("sync", "2026-11-21 12:00:00")
GROUP = Resource(id=ResourceId(resource_type="group", resource="g1"), display_name="QA")
ENTITLEMENT = Entitlement(id="group:g1:member", resource=GROUP, slug="member", description="long")
IDS = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), min_size=1)


def test_columns():
    """Each column holds what Baton's tools look for there."""
    kind = ResourceType(id="group")

    assert resource_type_row(kind, STAMP) == ("group", kind.SerializeToString(), *STAMP)
    assert resource_row(GROUP, STAMP) == ("group", "group:g1", GROUP.SerializeToString(), *STAMP)
    assert entitlement_row(ENTITLEMENT, STAMP) == (
        *("group", "g1", "group:g1:member"),
        ENTITLEMENT.SerializeToString(),
        *STAMP,
    )


@given(st.lists(IDS, unique=True, max_size=20), IDS)
def test_a_grant_cut_from_a_frame_is_the_grant_serialised(principals: list[str], group: str):
    """The fast way and protobuf's own way give the same bytes, for ids of any length and script."""
    of = Resource(id=ResourceId(resource_type="group", resource=group))
    held = Entitlement(id=f"group:{group}:member", resource=of)

    made = list(grant_rows(held, "user", principals, STAMP))

    assert [row[4] for row in made] == principals
    for row in made:
        grant = Grant(
            entitlement=Entitlement(id=held.id, resource=Resource(id=of.id)),
            principal=Resource(id=ResourceId(resource_type="user", resource=row[4])),
            id=f"{held.id}:user:{row[4]}",
        )
        assert row[6] == grant.SerializeToString(deterministic=True)
        assert row[:4] == ("group", group, held.id, "user")
        assert row[5] == grant.id
        assert row[7:] == STAMP


def test_a_grant_embeds_a_stub():
    """A million grants do not repeat a description."""
    (row,) = grant_rows(ENTITLEMENT, "user", ["u1"], STAMP)

    assert Grant.FromString(row[6]).entitlement.description == ""


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 151])
def test_every_row_is_written_in_order(count: int):
    """However many there are, and however many go into one statement."""
    database = sqlite3.connect(":memory:")
    database.execute("create table t (id integer primary key, a, b)")

    insert(database, "insert into t (a, b) values", ((str(n), bytes([n])) for n in range(count)))

    found = database.execute("select a, b from t order by id").fetchall()
    database.close()
    assert found == [(str(n), bytes([n])) for n in range(count)]
