"""Which sync a file shows, which ones it keeps, and statistics."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.baton.c1z.syncs import (
    SyncRun,
    SyncStats,
    kept_syncs,
    last_two_full,
    newest_finished,
    shown_sync,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def a_run(name, day, *, kind="full", finished=True, linked=""):
    """A sync that ran for an hour on the given day."""
    began = START + timedelta(days=day)
    return SyncRun(
        sync_id=name,
        started_at=began,
        ended_at=began + timedelta(hours=1) if finished else None,
        sync_type=kind,
        linked_sync_id=linked,
    )


def test_the_newest_finished_sync_of_any_type_is_shown():
    """A newer partial sync beats an older full one; an unfinished one never does."""
    runs = [a_run("a", 0), a_run("b", 1, kind="partial"), a_run("c", 2, finished=False)]

    assert shown_sync(runs).sync_id == "b"
    assert newest_finished(runs, "full").sync_id == "a"


def test_without_a_finished_sync_the_newest_unfinished_one_is_shown():
    """Better than nothing, and labelled."""
    runs = [a_run("b", 2, finished=False), a_run("a", 1, finished=False)]

    assert shown_sync(runs).sync_id == "b"
    assert shown_sync([]) is None


def test_the_last_two_full_syncs_are_compared():
    """Older first; partial and unfinished ones do not count."""
    runs = [a_run("c", 3), a_run("a", 1), a_run("p", 4, kind="partial"), a_run("b", 2)]

    assert [run.sync_id for run in last_two_full(runs)] == ["b", "c"]
    assert last_two_full(runs[:1]) is None


def test_two_full_syncs_stay_and_what_is_older_goes():
    """Partial syncs stay only when they ended after the oldest kept full sync began."""
    runs = [
        a_run("old", 0),
        a_run("older-partial", 1, kind="partial"),
        a_run("b", 2),
        a_run("partial", 3, kind="partial"),
        a_run("c", 4),
    ]

    assert kept_syncs(runs) == {"b", "partial", "c"}


def test_the_sync_that_is_ending_takes_a_place():
    """Clean-up runs before the end is written, and afterwards two are left."""
    runs = [a_run("a", 0), a_run("b", 1), a_run("c", 2, finished=False)]

    assert kept_syncs(runs, ending="c") == {"b", "c"}
    assert kept_syncs(runs, 1, ending="c") == {"c"}


def test_a_partial_sync_that_is_ending_takes_no_place_of_a_full_one():
    """Otherwise an accounts-only day would throw a complete picture away."""
    runs = [a_run("a", 0), a_run("b", 1), a_run("p", 2, kind="partial", finished=False)]

    assert kept_syncs(runs, ending="p") == {"a", "b", "p"}


def test_an_unfinished_sync_goes_when_a_newer_full_one_is_there():
    """Never by age alone."""
    runs = [a_run("stale", 0, finished=False), a_run("a", 1), a_run("fresh", 2, finished=False)]

    assert kept_syncs(runs) == {"a", "fresh"}
    assert kept_syncs(runs[:1]) == {"stale"}


def test_only_the_last_pair_of_a_diff_stays():
    """Upserts and deletions point at each other."""
    runs = [
        a_run("u1", 0, kind="partial_upserts", linked="d1"),
        a_run("d1", 1, kind="partial_deletions", linked="u1"),
        a_run("u2", 2, kind="partial_upserts", linked="d2"),
        a_run("d2", 3, kind="partial_deletions", linked="u2"),
    ]

    assert kept_syncs(runs) == {"u2", "d2"}


KINDS = st.sampled_from(["full", "partial", "resources_only", "partial_upserts", "novel"])
RUNS = st.lists(st.tuples(st.integers(0, 30), KINDS, st.booleans()), max_size=12).map(
    lambda made: [
        a_run(f"s{at}", day, kind=kind, finished=finished)
        for at, (day, kind, finished) in enumerate(made)
    ]
)


@given(RUNS, st.integers(1, 4))
def test_cleaning_up_twice_is_cleaning_up_once(runs, keep):
    """The rule is stable, never keeps too many full syncs, and never loses the newest one."""
    kept = kept_syncs(runs, keep)
    left = [run for run in runs if run.sync_id in kept]
    full = [run for run in left if run.finished and run.sync_type == "full"]
    newest = newest_finished(runs, "full")

    assert kept_syncs(left, keep) == kept
    assert len(full) <= keep
    assert newest is None or newest.sync_id in kept


def test_keeping_none_is_refused():
    """A file without its newest sync is no file."""
    with pytest.raises(ValueError, match="at least one"):
        kept_syncs([], 0)


def test_a_run_refuses_times_without_a_zone():
    """They could not be compared."""
    with pytest.raises(ValueError, match="zone"):
        SyncRun(sync_id="a", started_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_statistics_leave_zeros_out_and_sort_their_maps():
    """The text is stable, so that two equal syncs have equal rows."""
    made = SyncStats(resources=3, resources_by_resource_type={"user": 2, "group": 1, "role": 0})

    assert made.to_json() == '{"resources":3,"resources_by_resource_type":{"group":1,"user":2}}'


COUNTS = st.integers(0, 2**40)
MAPS = st.dictionaries(st.text(), st.integers(1, 2**40))
STATS = st.builds(SyncStats, resources=COUNTS, grants=COUNTS, grants_by_resource_type=MAPS)


@given(STATS)
def test_statistics_come_back_as_they_went(stats):
    """Through JSON and back."""
    assert SyncStats.from_json(stats.to_json()) == stats


@pytest.mark.parametrize("text", [None, "", "{", "[]", "3"])
def test_unusable_statistics_are_none(text):
    """Then the rows are counted."""
    assert SyncStats.from_json(text) is None


def test_odd_statistics_are_read_as_far_as_they_go():
    """Numbers in quotes count, as protobuf's JSON writes them; the rest is nothing."""
    odd = '{"resources":"12","grants":-1,"assets":true,"entitlements_by_resource_type":7}'

    assert SyncStats.from_json(odd) == SyncStats(resources=12)
