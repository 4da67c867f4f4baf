"""What refers to nothing is found, whatever other syncs in the file hold."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from drafting import NOON, a_draft, fill

from rolecall.baton.c1z.envelope import unpack
from rolecall.baton.c1z.history import copy_kept, runs_of
from rolecall.baton.c1z.soundness import dangling, statistics


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Two sound syncs: u1 in g, then u2 in h."""
    for sync_id, user, group in (("s1", "u1", "g"), ("s2", "u2", "h")):
        draft = a_draft(tmp_path / "x.c1z", sync_id)
        fill(draft, user, group=group)
        draft.finish(NOON, keep=2)
    unpack(tmp_path / "x.c1z", tmp_path / "db")
    connection = sqlite3.connect(tmp_path / "db", isolation_level=None)
    yield connection
    connection.close()


def test_sound_syncs(database: sqlite3.Connection):
    """Nothing is found where all is well."""
    assert dangling(database, "s1") == dangling(database, "s2") == []


@pytest.mark.parametrize(
    ("lost", "found"),
    [
        ("delete from v1_resources where external_id = 'user:u2'", ["principals"]),
        ("delete from v1_entitlements where sync_id = 's2'", ["of entitlements"]),
        (
            "delete from v1_resources where external_id = 'group:h'",
            ["entitlements of resources", "grants on resources"],
        ),
        (
            "update v1_resources set sync_id = 's1' where external_id = 'user:u2'",
            ["principals"],
        ),
    ],
)
def test_what_is_lost_is_named(database: sqlite3.Connection, lost: str, found: list[str]):
    """Each kind of reference is checked, within its own sync only."""
    database.execute(lost)

    said = dangling(database, "s2")

    assert len(said) == len(found)
    for part, whole in zip(found, said, strict=True):
        assert part in whole
    assert dangling(database, "s1") == []


def test_statistics_count_one_sync(database: sqlite3.Connection):
    """With several syncs in the file only the wanted one is counted."""
    counted = statistics(database, "s1")

    assert (counted.resource_types, counted.resources, counted.grants) == (2, 2, 1)
    assert counted.resources_by_resource_type == {"user": 1, "group": 1}


def test_an_old_file_that_cannot_be_copied_leaves_no_transaction(
    database: sqlite3.Connection, tmp_path: Path
):
    """When the old file breaks in mid-copy, the draft can still be rolled back and discarded."""
    (run, _) = runs_of(database)
    unpack(tmp_path / "x.c1z", tmp_path / "old")
    with sqlite3.connect(tmp_path / "old") as old:
        old.execute("drop table v1_grants")
        old.execute("create view v1_grants as select * from missing")
    old.close()

    with pytest.raises(sqlite3.Error):
        copy_kept(database, tmp_path / "old", run, None)

    assert not database.in_transaction
    assert database.execute("pragma database_list").fetchall()[1:] == []
