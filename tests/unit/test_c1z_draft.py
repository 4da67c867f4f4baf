"""A sync in its making: all of a phase or nothing, taken up only when everything fits."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drafting import NOON, a_draft, a_resume, a_user, an_entitlement, fill

from rolecall.baton.c1z.draft import Draft
from rolecall.baton.c1z.folder import WorkFolder
from rolecall.baton.c1z.reader import open_c1z
from rolecall.errors import BadConfig, BadFile, Conflict, Unfinished


def test_a_finished_draft_is_the_target(tmp_path: Path):
    """The file is there, the folder is gone, the statistics are true."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1", "u2")

    run, packed = draft.finish(NOON, keep=2)

    assert [one.name for one in tmp_path.iterdir()] == ["x.c1z"]
    assert (tmp_path / "x.c1z").stat().st_size == packed.compressed_bytes
    with open_c1z(tmp_path / "x.c1z") as reader:
        assert reader.sync() == run
        assert reader.counted("s1") == run.stats
        assert run.stats is not None
        assert (run.stats.resources, run.stats.grants) == (3, 2)


def test_a_phase_that_fails_leaves_nothing(tmp_path: Path):
    """Rows, progress and what was missing: all are as before the phase."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1", phase="one")

    def fail() -> None:
        with draft.phase("two") as missing:
            missing.append("something")
            draft.add_resources([a_user("u2")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert draft.resource_ids("user") == {"u1"}
    assert draft.progress.done == ("one",)
    assert draft.progress.missing == ()
    draft.discard()
    assert list(tmp_path.iterdir()) == []


def test_dropping(tmp_path: Path):
    """What a listing wrote before it was read again is forgotten, and nothing else."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1", "u2")
    with draft.phase("again"):
        draft.drop_grants_to("user")
        draft.drop("user")
        draft.add_resources([a_user("u3")])
        draft.add_grants(an_entitlement(), "user", ["u3"])
    draft.finish(NOON, keep=2)

    with open_c1z(tmp_path / "x.c1z") as reader:
        users = [one.id.resource for one in reader.resources("s1", "user")]
        grants = [one.principal.id.resource for one in reader.grants("s1")]
    assert users == grants == ["u3"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda draft: draft.add_grants(an_entitlement(), "user", ["stranger"]),
        lambda draft: draft.add_grants(an_entitlement("none"), "user", ["u1"]),
        lambda draft: draft.add_entitlements([an_entitlement("none")]),
    ],
    ids=["principal", "entitlement", "resource"],
)
def test_what_does_not_fit_together_is_never_finished(
    spoil: Callable[[Draft], None], tmp_path: Path
):
    """A reference to what was not seen ends the sync unfinished; there is no file."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1")
    with draft.phase("spoilt"):
        spoil(draft)

    with pytest.raises(Unfinished, match="does not fit together"):
        draft.finish(NOON, keep=2)
    draft.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_saved_draft_is_taken_up(tmp_path: Path):
    """Another run finds the finished phases, what was missing, and the same sync id."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1", phase="one")
    with draft.phase("two") as missing:
        missing.append("a record")
    draft.save()

    again = Draft.take_up(WorkFolder.claim(tmp_path / "x.c1z"), a_resume())

    assert again is not None
    assert again.run.sync_id == "s1"
    assert again.progress.done == ("one", "two")
    assert again.progress.missing == ("a record",)
    again.finish(NOON, keep=2)
    with open_c1z(tmp_path / "x.c1z") as reader:
        assert [one.id.resource for one in reader.resources("s1", "user")] == ["u1"]


@pytest.mark.parametrize(
    "other",
    [
        {"config": "other"},
        {"boot": "other"},
        {"not_before": NOON + timedelta(seconds=1)},
    ],
    ids=str,
)
def test_a_draft_that_does_not_fit_is_left(other: dict[str, Any], tmp_path: Path):
    """Another configuration or boot, or too old: no resumption."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1")
    draft.save()

    folder = WorkFolder.claim(tmp_path / "x.c1z")
    assert Draft.take_up(folder, a_resume(**other)) is None
    folder.remove()


def test_where_the_boot_cannot_be_told_nothing_is_taken_up(tmp_path: Path):
    """Two unknown boots are not the same boot."""
    folder = WorkFolder.claim(tmp_path / "x.c1z")
    draft = Draft.begin(folder, a_draft(tmp_path / "y.c1z").run, a_resume(boot=""))
    draft.save()

    again = WorkFolder.claim(tmp_path / "x.c1z")
    assert Draft.take_up(again, a_resume(boot="")) is None
    again.release()


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to be read" * 99])
def test_rubbish_in_the_work_folder_is_no_draft(content: bytes, tmp_path: Path):
    """What cannot be read is not resumed, and does not stop a new sync."""
    folder = WorkFolder.claim(tmp_path / "x.c1z")
    folder.database.write_bytes(content)

    assert Draft.take_up(folder, a_resume()) is None
    folder.release()
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1")
    draft.finish(NOON, keep=2)
    assert [one.name for one in tmp_path.iterdir()] == ["x.c1z"]


def test_kept_syncs_are_carried_over(tmp_path: Path):
    """Two full syncs stay by default, all when nothing is to be cleaned up."""
    for number in range(1, 6):
        draft = a_draft(tmp_path / "x.c1z", f"s{number}")
        fill(draft, f"u{number}")
        draft.finish(NOON + timedelta(minutes=number), keep=2 if number < 5 else None)

    with open_c1z(tmp_path / "x.c1z") as reader:
        assert {one.sync_id for one in reader.syncs()} == {"s3", "s4", "s5"}
        assert [one.id.resource for one in reader.resources("s3", "user")] == ["u3"]


def test_relabelled(tmp_path: Path):
    """A full sync that lacks something becomes a partial one of a parent."""
    draft = a_draft(tmp_path / "x.c1z")
    fill(draft, "u1")
    draft.relabel("partial", "parent")
    run, _ = draft.finish(NOON, keep=2)

    assert (run.sync_type, run.parent_sync_id, run.supports_diff) == ("partial", "parent", False)


def test_the_lock(tmp_path: Path):
    """One writer at a time; the lock ends with the draft."""
    draft = a_draft(tmp_path / "x.c1z")
    with pytest.raises(Conflict):
        WorkFolder.claim(tmp_path / "x.c1z")
    draft.discard()

    WorkFolder.claim(tmp_path / "x.c1z").remove()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_holds_nothing_of_others(tmp_path: Path):
    """What somebody else put into the work folder survives us."""
    folder = WorkFolder.claim(tmp_path / "x.c1z")
    (tmp_path / ".x.c1z.work" / "mine").write_text("x")

    folder.remove()

    assert (tmp_path / ".x.c1z.work" / "mine").read_text() == "x"


@pytest.mark.parametrize("name", ["folder", "none/x.c1z", "file/x.c1z", "blocked"])
def test_a_target_that_cannot_be(name: str, tmp_path: Path):
    """A folder, a missing folder, a file for a folder, a file where the work folder belongs."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / ".blocked.work").write_text("")

    with pytest.raises(BadConfig):
        WorkFolder.claim(tmp_path / name)


def test_a_foreign_target(tmp_path: Path):
    """Somebody's file is never taken for ours, and no work folder is made."""
    (tmp_path / "diary").write_text("dear diary")

    with pytest.raises(BadFile):
        WorkFolder.claim(tmp_path / "diary")
    assert [one.name for one in tmp_path.iterdir()] == ["diary"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600])
def test_the_mode_of_the_target_stays(mode: int, tmp_path: Path):
    """Who could read it before can read it after; a new file is for its owner alone."""
    for _ in range(2):
        draft = a_draft(tmp_path / "x.c1z")
        fill(draft, "u1")
        draft.finish(NOON, keep=1)
        (tmp_path / "x.c1z").chmod(mode)

    assert (tmp_path / "x.c1z").stat().st_mode & 0o777 == mode
    assert (tmp_path / "x.c1z").stat().st_uid == tmp_path.stat().st_uid
