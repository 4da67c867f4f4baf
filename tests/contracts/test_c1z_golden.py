"""Files that the Go SDK wrote, and what we must make of them."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from google.protobuf import json_format

from rolecall.baton.c1z import compare, envelope, schema
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.proto._generated.c1.connector.v2 import (
    annotation_grant_pb2,
    annotation_resource_tree_pb2,
    annotation_trait_pb2,
)
from rolecall.baton.proto._generated.c1.connector.v2.entitlement_pb2 import Entitlement
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.baton.proto._generated.c1.connector.v2.resource_pb2 import Resource, ResourceType
from rolecall.errors import BadFile

GOLDEN = Path(__file__).parents[1] / "golden"
GO_V1 = GOLDEN / "go-v1-one-full-sync.c1z"
ROWS = json.loads((GOLDEN / "go-v1-one-full-sync.rows.json").read_text())
KINDS = {
    "v1_resource_types": ResourceType,
    "v1_resources": Resource,
    "v1_entitlements": Entitlement,
    "v1_grants": Grant,
}
# The JSON form of an Any needs its type to be known.
LOADED = (annotation_grant_pb2, annotation_resource_tree_pb2, annotation_trait_pb2)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param(table, row, id=f"{table}-{row['external_id']}")
        for table in KINDS
        for row in ROWS[table]
    ],
)
def test_every_row_decodes_and_encodes_to_the_same_bytes(table, row):
    """What Go stored, we would have stored byte for byte."""
    data = bytes.fromhex(row["data_hex"])
    message = KINDS[table].FromString(data)
    assert message.SerializeToString(deterministic=True) == data
    assert json_format.MessageToDict(message) == row["data_json"]


def test_the_go_file_is_read_row_for_row():
    """Every record comes out, in the file's order."""
    with open_c1z(GO_V1) as reader:
        run = reader.sync()
        found = {
            "v1_resource_types": [t.id for t in reader.resource_types(run.sync_id)],
            "v1_resources": [
                f"{r.id.resource_type}:{r.id.resource}" for r in reader.resources(run.sync_id)
            ],
            "v1_entitlements": [e.id for e in reader.entitlements(run.sync_id)],
            "v1_grants": [g.id for g in reader.grants(run.sync_id)],
        }

    assert found == {table: [row["external_id"] for row in ROWS[table]] for table in KINDS}


def test_the_go_file_s_sync_run_and_statistics_are_understood():
    """Stored statistics equal what we count."""
    with open_c1z(GO_V1) as reader:
        run = reader.sync()
        counted = reader.counted(run.sync_id)

    assert (run.sync_type, run.finished, run.supports_diff) == ("full", True, True)
    assert run.stats == counted
    assert (counted.resources, counted.grants) == (9, 8)


def test_the_go_file_does_not_differ_from_itself():
    """Comparing a sync with itself yields nothing, for every kind of row."""
    with open_c1z(GO_V1) as reader:
        side = compare.Side(reader=reader, sync_id=reader.sync().sync_id)
        found = [one for kind in KINDS for one in compare.differences(side, side, kind[3:])]

    assert found == []


def test_version_3_is_recognised_and_refused_with_a_way_out(tmp_path):
    """The hint names the flag that makes the Go connector write version 1."""
    v3 = GOLDEN / "go-v3-pebble.c1z"
    with pytest.raises(BadFile) as caught:
        envelope.unpack(v3, tmp_path / "out.db")

    assert envelope.identify(v3) == "v3"
    assert "--storage-engine sqlite" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_our_schema_passes_upstream_s_checker(tmp_path):
    """Tables, columns, defaults and index names are exactly those of a Go-written file."""
    with closing(sqlite3.connect(tmp_path / "ours.db")) as database:
        for _ in range(2):  # creating twice changes nothing
            schema.create_tables(database)
            schema.create_indices(database)
        schema.add_missing_columns(database)
        database.commit()
    envelope.pack(tmp_path / "ours.db", tmp_path / "ours.c1z")
    ran = subprocess.run(
        [sys.executable, GOLDEN / "check_schema.py", tmp_path / "ours.c1z"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout == "schema ok\n"
