"""The journal in a folder: what is on the disk when, and what a crash leaves."""

import gc
import json
import multiprocessing
import os
import stat
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.baton.ids import ksuid
from rolecall.connector.provision.journal import (
    HOUR,
    FolderJournal,
    Happened,
    Opened,
    locked_journal,
)
from rolecall.connector.provision.operations import AnyOperation, CreateAccount, GrantRole
from rolecall.connector.provision.step import State, Step, Undo
from rolecall.errors import BadConfig, BadFile, Conflict, Gone

NOW = datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC)
DICE = Random(3)


def opened(at: datetime = NOW, *people: str, operation: AnyOperation | None = None) -> Opened:
    """An entry's first line."""
    return Opened(
        id=ksuid(at, DICE.randbytes(16)),
        at=at,
        actor="a test",
        workspace="here",
        operation=operation or GrantRole(user_id="u1", role="owner"),
        step=Step(
            says="It is done.",
            before="this",
            after="that",
            changes=(),
            undo=Undo(how="exactly"),
            people=people or ("u1",),
        ),
        before=State(),
    )


def happened(event: str, at: datetime = NOW, **more: object) -> Happened:
    """A later line."""
    return Happened(event=event, at=at, **more)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FolderJournal]:
    """A journal, taken."""
    with locked_journal(tmp_path / "journal") as taken:
        yield taken


def file_of(tmp_path: Path, entry: Opened) -> Path:
    """Where an entry is."""
    return tmp_path / "journal" / f"{entry.id}.jsonl"


def test_what_is_written_is_read_again(journal: FolderJournal):
    """An entry comes back with all that happened, in order."""
    first = opened()
    journal.open(first)
    lines = [
        happened("calling", says="PATCH"),
        happened("answered", status=200),
        happened("verified", subject="u1"),
    ]
    for line in lines:
        journal.note(first.id, line)

    entry = journal.entry(first.id)
    assert (entry.opened, entry.happened) == (first, tuple(lines))
    assert (entry.state, entry.called, entry.ours, entry.subject) == ("verified", True, True, "u1")
    assert journal.opened == 1


@pytest.mark.parametrize(
    ("events", "state", "called", "ours"),
    [
        ([], "open", False, False),
        (["calling"], "open", True, True),
        (["calling", "unknown"], "open", True, True),
        (["calling", "refused"], "open", True, False),
        (["calling", "refused", "failed"], "failed", True, False),
        (["calling", "unknown", "calling", "refused", "verified"], "verified", True, True),
        (["calling", "answered", "verified", "undone"], "verified", True, True),
    ],
)
def test_what_the_events_come_to(
    journal: FolderJournal, events: list[str], state: str, *, called: bool, ours: bool
):
    """State, whether anything was sent, and whether it may have had an effect."""
    entry = opened()
    journal.open(entry)
    for event in events:
        status = 200 if event == "answered" else 0
        name = "answered" if event == "refused" else event
        journal.note(entry.id, happened(name, status=status))

    found = journal.entry(entry.id)
    assert (found.state, found.called, found.ours) == (state, called, ours)


def test_entries_come_oldest_first(journal: FolderJournal):
    """Also within a second, where the names do not tell."""
    moments = [NOW + timedelta(milliseconds=step) for step in (400, 0, 3000, 100, 200)]
    for moment in moments:
        journal.open(opened(moment))

    assert [one.opened.at for one in journal.entries()] == sorted(moments)
    assert len(list(journal.entries(since=NOW + timedelta(seconds=2)))) == 1


@settings(deadline=None)  # a disk that others use takes its time to write
@given(cut=st.integers(0, 400))
def test_a_torn_end_is_no_damage(tmp_path_factory: pytest.TempPathFactory, cut: int):
    """Wherever a crash cuts the file: what was whole is there, and writing goes on after it."""
    place = tmp_path_factory.mktemp("torn")
    entry = opened()
    with locked_journal(place / "journal") as journal:
        journal.open(entry)
        journal.note(entry.id, happened("calling"))
        path = file_of(place, entry)
        whole = path.read_bytes()
        first = len(whole.split(b"\n")[0]) + 1
        path.write_bytes(whole[: min(cut + first - 200, len(whole))])
        found = list(journal.entries())
        if cut + first - 200 < first:
            assert found == []
            with pytest.raises(Gone):
                journal.entry(entry.id)
            return
        assert [one.state for one in found] == ["open"]
        journal.note(entry.id, happened("failed"))

        assert journal.entry(entry.id).state == "failed"
        assert journal.entry(entry.id).called is (cut + first - 200 >= len(whole))


def test_damage_in_the_middle_is_named(journal: FolderJournal, tmp_path: Path):
    """A line that is no line of ours is not skipped: the folder is named and nothing goes on."""
    entry = opened()
    journal.open(entry)
    journal.note(entry.id, happened("calling"))
    path = file_of(tmp_path, entry)
    path.write_bytes(path.read_bytes().replace(b'"calling"', b'"call\xff'))

    with pytest.raises(BadFile, match=entry.id):
        list(journal.entries())
    with pytest.raises(BadFile):
        journal.changed_since(NOW - HOUR)


@pytest.mark.parametrize("name", ["../x", "", "a.b", "ünknown", "nobody"])
def test_what_is_no_entry(journal: FolderJournal, name: str):
    """Names that lead elsewhere, and names of nothing, are gone."""
    with pytest.raises(Gone):
        journal.entry(name)


def test_the_same_entry_is_not_begun_twice(journal: FolderJournal):
    """An id that exists is not written over."""
    entry = opened()
    journal.open(entry)

    with pytest.raises(BadConfig):
        journal.open(entry)


def test_the_hour_slides(journal: FolderJournal):
    """People count from the request, not from the opening, and no longer than an hour."""
    early, late, unsent = opened(NOW, "a"), opened(NOW, "b"), opened(NOW, "c")
    for entry in (early, late, unsent):
        journal.open(entry)
    journal.note(early.id, happened("calling", NOW))
    journal.note(early.id, happened("failed", NOW))
    journal.note(late.id, happened("calling", NOW))
    journal.note(late.id, happened("calling", NOW + timedelta(minutes=20)))
    journal.note(late.id, happened("verified", NOW + timedelta(minutes=20)))

    def changed(minutes: int) -> frozenset[str]:
        return journal.changed_since(NOW + timedelta(minutes=minutes) - HOUR)

    assert changed(0) == changed(60) == {"a", "b"}
    assert changed(61) == changed(80) == {"b"}
    assert changed(81) == frozenset()


def test_memory_does_not_grow_with_the_number_of_changes(journal: FolderJournal):
    """A service that gives and takes for ever remembers people, and not each of its changes."""

    def give_and_take(times: int) -> None:
        for _ in range(times):
            entry = opened(NOW, "a")
            journal.open(entry)
            journal.note(entry.id, happened("calling"))
            journal.note(entry.id, happened("verified"))
            assert journal.changed_since(NOW - HOUR) == {"a"}

    give_and_take(20)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        give_and_take(100)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert grown < 100 * 100


def test_what_others_have_noted_counts(journal: FolderJournal, tmp_path: Path):
    """Entries from before we came are read, and a longer window reads further back."""
    for minutes, who in ((0, "a"), (30, "b")):
        moment = NOW + timedelta(minutes=minutes)
        entry = opened(moment, who)
        journal.open(entry)
        journal.note(entry.id, happened("calling", moment))
        journal.note(entry.id, happened("failed", moment))
    later = FolderJournal(tmp_path / "journal")

    assert later.changed_since(NOW + timedelta(minutes=20)) == {"b"}
    assert later.changed_since(NOW - HOUR) == {"a", "b"}
    assert later.changed_since(NOW + timedelta(minutes=40)) == frozenset()
    assert later.changed_since(NOW) == {"a", "b"}


def test_an_open_entry_is_read_anew(journal: FolderJournal):
    """What is not final may still reach somebody."""
    entry = opened(NOW, "a")
    journal.open(entry)
    assert journal.changed_since(NOW - HOUR) == frozenset()
    journal.note(entry.id, happened("calling"))

    assert journal.changed_since(NOW - HOUR) == {"a"}


def test_somebody_new_counts_by_the_id(journal: FolderJournal):
    """An e-mail address counts until there is an id; then later changes are of the same person."""
    entry = opened(NOW, "x@corp.example", operation=CreateAccount(user_name="x@corp.example"))
    journal.open(entry)
    journal.note(entry.id, happened("calling"))
    assert journal.changed_since(NOW - HOUR) == {"x@corp.example"}
    journal.note(entry.id, happened("verified", subject="u9"))

    assert journal.changed_since(NOW - HOUR) == {"u9"}


def test_nobody_else_may_read_it(journal: FolderJournal, tmp_path: Path):
    """The folder is the owner's alone: it names people."""
    journal.open(opened())

    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700


def _take(folder: Path, answer: "multiprocessing.Queue[str]") -> None:
    try:
        with locked_journal(folder):
            answer.put("taken")
    except Conflict as error:
        answer.put(str(error))


def test_two_processes_never_have_it_both(tmp_path: Path):
    """A second process is told who has it, and gets it when the first has finished."""
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[str] = context.Queue()
    said = []
    with locked_journal(tmp_path / "journal"):
        other = context.Process(target=_take, args=(tmp_path / "journal", answer))
        other.start()
        said.append(answer.get(timeout=30))
        other.join(30)
    again = context.Process(target=_take, args=(tmp_path / "journal", answer))
    again.start()
    said.append(answer.get(timeout=30))
    again.join(30)
    answer.close()
    answer.join_thread()

    assert "Another process" in said[0]
    assert said[1] == "taken"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path):
    """It is said before anything is changed."""
    tmp_path.chmod(0o500)
    with pytest.raises(BadConfig), locked_journal(tmp_path / "journal"):
        pass


def test_a_file_in_the_place_of_the_folder(tmp_path: Path):
    """What is no folder is no journal."""
    (tmp_path / "journal").write_text("", encoding="utf-8")

    with pytest.raises(BadConfig, match="journal"), locked_journal(tmp_path / "journal"):
        pass


def test_each_line_is_json_with_its_time(journal: FolderJournal, tmp_path: Path):
    """Other tools can read it: one object a line, times with their zone."""
    entry = opened()
    journal.open(entry)
    journal.note(entry.id, happened("calling"))

    lines = [json.loads(line) for line in file_of(tmp_path, entry).read_text().splitlines()]
    assert [datetime.fromisoformat(line["at"]).utcoffset() for line in lines] == [timedelta(0)] * 2
    assert lines[0]["operation"]["operation"] == "grant_role"


def test_the_weight_grows_with_everything_that_is_noted(journal: FolderJournal, tmp_path: Path):
    """An entry and each line of it weigh something, also for who reads the folder besides us."""
    besides = FolderJournal(tmp_path / "journal")
    weights = [besides.weight(NOW)]
    entry = opened()
    journal.open(entry)
    weights.append(besides.weight(NOW))
    for event in ("calling", "verified"):
        journal.note(entry.id, happened(event))
        weights.append(besides.weight(NOW))

    assert weights[0] == 0
    assert weights == sorted(set(weights))
    assert besides.weight(NOW + timedelta(hours=1)) == 0
