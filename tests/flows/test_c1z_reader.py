"""Reading files of older and odd writers, and damaged ones."""

import sqlite3
from contextlib import closing

import pytest
from c1z_scenes import ANA, BOB, HOLDS, THINGS, Scene, stored

from rolecall.baton.c1z import compare, envelope
from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.proto._generated.c1.connector.v2.grant_pb2 import Grant
from rolecall.errors import BadFile, Gone


@pytest.fixture
def scene(tmp_path):
    """One full sync."""
    made = Scene(tmp_path)
    made.sync([*THINGS, ANA, BOB], HOLDS)
    yield made
    made.close()


def altered(scene, tmp_path, *statements):
    """The file after some SQL."""
    for statement in statements:
        scene.connection.execute(statement)
    return scene.file(tmp_path / "a.c1z")


def contents(path):
    """Everything in the shown sync, as counts."""
    with open_c1z(path) as reader:
        run = reader.sync()
        return reader.stats(run.sync_id)


OLDER = {
    "no assets": ["drop table v1_assets"],
    "no sessions": ["drop table v1_connector_sessions"],
    "no statistics": ["alter table v1_sync_runs drop column stats"],
    "no links": ["alter table v1_sync_runs drop column linked_sync_id"],
    "no expansion": [
        "drop index idx_grants_sync_expansion_v1",
        "alter table v1_grants drop column expansion",
    ],
    "no indices": [
        "drop index idx_grants_principal_id_v1",
        "drop index idx_grants_external_sync_v1",
    ],
    "extra column": ["alter table v1_grants add column colour text default 'red'"],
    "extra table": ["create table v9_new (x)"],
    "broken statistics": ["update v1_sync_runs set stats = '{'"],
    "another time": ["update v1_sync_runs set started_at = '2026-03-01T09:00:00Z'"],
    "write-ahead log": ["commit", "pragma journal_mode = wal"],
}


@pytest.mark.parametrize("name", OLDER)
def test_what_other_writers_leave_out_or_add_is_tolerated(scene, tmp_path, name):
    """The same content is read, whatever is missing around it."""
    want = contents(scene.file(tmp_path / "plain.c1z"))
    if name == "write-ahead log":
        scene.connection.commit()
        scene.connection.execute("pragma journal_mode = wal")
        scene.connection.execute("pragma wal_checkpoint(truncate)")
        found = contents(scene.file(tmp_path / "a.c1z"))
    else:
        found = contents(altered(scene, tmp_path, *OLDER[name]))

    assert found == want
    assert (found.resources, found.grants) == (6, len(HOLDS))


def test_slim_grants_are_filled_from_the_columns(scene, tmp_path):
    """Entitlement and principal stand in the row when the message lacks them."""
    scene.connection.execute("update v1_grants set data = ?", (stored(Grant()),))
    path = scene.file(tmp_path / "a.c1z")
    with open_c1z(path) as reader:
        found = list(reader.grants(reader.sync().sync_id, "role"))

    assert found[0].id == "role:owner:assigned:user:u1"
    assert found[0].entitlement.id == "role:owner:assigned"
    assert found[0].entitlement.resource.id.resource == "owner"
    assert found[0].principal.id.resource == "u1"
    assert len(found) == 3


def test_a_missing_column_without_a_default_is_no_c1z(scene, tmp_path):
    """Such a table cannot be repaired, and the message names the column."""
    path = altered(scene, tmp_path, "alter table v1_resource_types rename column data to date")
    with pytest.raises(BadFile, match="no column data"):
        open_c1z(path)


def test_a_damaged_page_is_a_bad_file(tmp_path, scene):
    """Not a trace of SQLite's, and nothing left behind."""
    scene.connection.commit()
    raw = bytearray(scene.database.read_bytes())
    raw[4096 : len(raw) - 4096] = b"\xa5" * (len(raw) - 8192)
    (tmp_path / "bad.db").write_bytes(raw)
    envelope.pack(tmp_path / "bad.db", tmp_path / "bad.c1z")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(BadFile, match="damaged"), open_c1z(tmp_path / "bad.c1z", scratch=scratch):
        pass

    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("table", ["v1_resources", "v1_grants", "v1_entitlements"])
def test_a_record_that_cannot_be_decoded_is_named(scene, tmp_path, table):
    """BadFile, with the record's id."""
    path = altered(scene, tmp_path, f"update {table} set data = x'ff'")  # noqa: S608
    with open_c1z(path) as reader, pytest.raises(BadFile, match="cannot be decoded"):
        list(getattr(reader, table.removeprefix("v1_"))(reader.sync().sync_id))


def test_reading_changes_no_file_and_leaves_no_copy(scene, tmp_path):
    """Nothing is in the scratch folder even while the file is open."""
    path = scene.file(tmp_path / "a.c1z")
    before = path.read_bytes(), path.stat().st_mtime_ns
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with open_c1z(path, scratch=scratch) as reader:
        assert list(scratch.iterdir()) == []
        with pytest.raises(BadFile):
            list(reader.rows("delete from v1_grants"))
        assert reader.counted(reader.sync().sync_id).grants == len(HOLDS)

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(scratch.iterdir()) == []


def test_magic_alone_is_a_file_without_syncs(tmp_path):
    """It opens, and holds nothing."""
    (tmp_path / "a.c1z").write_bytes(envelope.MAGIC)
    with open_c1z(tmp_path / "a.c1z") as reader:
        assert reader.syncs() == []
        with pytest.raises(Gone):
            reader.sync()


def test_a_sync_is_found_by_its_id(scene, tmp_path):
    """And an unknown id is Gone."""
    later = scene.sync([ANA], [])
    with open_c1z(scene.file(tmp_path / "a.c1z")) as reader:
        first, second = reader.syncs()
        assert reader.sync().sync_id == later == second.sync_id
        assert reader.sync(first.sync_id) == first
        with pytest.raises(Gone):
            reader.sync("nothing")


def test_differences_are_found_in_order(scene, tmp_path):
    """Created, deleted and modified, by external id."""
    changed = type(BOB).FromString(stored(BOB))
    changed.display_name = "Bobby"
    scene.sync([*THINGS[1:], changed, ANA], HOLDS[:-1])
    with open_c1z(scene.file(tmp_path / "a.c1z")) as reader:
        old, new = (compare.Side(reader=reader, sync_id=run.sync_id) for run in reader.syncs())
        found = [
            (one.change, one.external_id)
            for kind in ("resources", "entitlements", "grants")
            for one in compare.differences(old, new, kind)
        ]

    assert found == [
        ("deleted", "group:g1"),
        ("modified", "user:u2"),
        ("deleted", "group:g1:member:user:u3"),
    ]


def test_the_copy_is_really_a_read_only_one(scene, tmp_path):
    """The original opens as SQLite and equals what was packed."""
    path = scene.file(tmp_path / "a.c1z")
    envelope.unpack(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("pragma integrity_check").fetchone() == ("ok",)


def test_stopping_half_way_after_closing_is_harmless(scene, tmp_path):
    """As when the output is a pipe that closes early."""
    with open_c1z(scene.file(tmp_path / "a.c1z")) as reader:
        half = reader.grants(reader.sync().sync_id)
        next(half)

    half.close()
    assert list(half) == []
