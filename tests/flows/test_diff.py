"""`diff`: what happened, in sentences."""

import json

import pytest
from c1z_scenes import (
    ANA,
    BOB,
    CEM,
    DESIGN,
    EMPTY,
    HOLDS,
    MEMBER,
    OWNER,
    THINGS,
    Scene,
    a_person,
    a_thing,
)
from click.testing import CliRunner

from rolecall.connector import diff
from rolecall.errors import Gone, Invalid

LATER = [
    ("u1", "group", "g1", "member"),
    ("u1", "role", "owner", "assigned"),
    ("u2", "role", "owner", "assigned"),
    ("u4", "role", "member", "assigned"),
]
DANA = a_person("u4", "Dana Fox", "dana@acme.test")
MOVED_ANA = a_person("u1", "Ana Ruiz", "ana@acme.test", more=["ana.lopez@old.test"], title="Lead")


@pytest.fixture
def scene(tmp_path):
    """An empty database."""
    made = Scene(tmp_path)
    yield made
    made.close()


def run(*arguments):
    """What the command prints: stdout, stderr."""
    result = CliRunner().invoke(
        diff.command, [str(a) for a in arguments], standalone_mode=False, catch_exceptions=False
    )
    assert not result.exception
    return result.stdout, result.stderr


def a_busy_week(scene):
    """Everything that can happen."""
    scene.sync([*THINGS, ANA, BOB, CEM], HOLDS)
    studio = a_thing("group", "g2", "Studio")
    scene.sync([DESIGN, studio, OWNER, MEMBER, MOVED_ANA, BOB, DANA], LATER)


TOLD = [
    "Group Empty is now called Studio",
    "Ana Lopez changed: name Ana Lopez → Ana Ruiz",
    "Cem Aydin left the workspace",
    "Dana Fox joined the workspace",
    "Ana Ruiz joined Design",
    "Bob Kim left Design",
    "Bob Kim is now owner (was member)",
    "Dana Fox is now member",
]


def test_the_last_two_syncs_of_one_file_are_told_in_sentences(scene, tmp_path):
    """Who joined, left, moved and changed; not that the one who left also left the group."""
    a_busy_week(scene)
    out, err = run("-f", scene.file(tmp_path / "a.c1z"))

    assert out.splitlines() == TOLD
    assert err.startswith("From sync ")
    assert err.count("\n") == 1


def test_two_files_are_compared_as_two_syncs_are(scene, tmp_path):
    """The newest finished sync of each."""
    scene.sync([*THINGS, ANA, BOB, CEM], HOLDS)
    old = scene.file(tmp_path / "old.c1z")
    scene.sync(
        [DESIGN, a_thing("group", "g2", "Studio"), OWNER, MEMBER, MOVED_ANA, BOB, DANA], LATER
    )

    assert run(old, scene.file(tmp_path / "new.c1z"))[0].splitlines() == TOLD


def test_json_tells_all_changes_also_implied_ones(scene, tmp_path):
    """One object per change, with before and after."""
    a_busy_week(scene)
    changes = json.loads(run("-o", "json", "-f", scene.file(tmp_path / "a.c1z"))[0])
    told = {change["sentence"]: change for change in changes}
    moved = told["Bob Kim is now owner (was member)"]
    implied = {sentence for sentence, change in told.items() if change["implied"]}

    assert [s for s in told if s not in implied] == TOLD
    assert {"Cem Aydin left Design", "Cem Aydin is no longer member"} <= implied
    assert (moved["what"], moved["change"], moved["account_id"]) == ("assignment", "changed", "u2")
    assert (moved["before"], moved["after"]) == ("member", "owner")
    assert list(moved) == list(diff.COLUMNS)


def test_nothing_is_called_gone_on_the_strength_of_a_partial_sync(scene, tmp_path):
    """What it lacks may just not have been read."""
    scene.sync([*THINGS, ANA, BOB, CEM], HOLDS)
    old = scene.file(tmp_path / "old.c1z")
    scene.sync([ANA, DANA], [], kind="partial", types=("user",))
    new = scene.file(tmp_path / "new.c1z")
    out, err = run(old, new)
    back, warned = run(new, old)

    assert out.splitlines() == ["Dana Fox joined the workspace"]
    assert "not reported as gone" in err
    assert "roles and groups are missing" in err
    assert back.splitlines() == ["Dana Fox left the workspace"]
    assert "not reported as new" in warned


def test_equal_syncs_differ_in_nothing(scene, tmp_path):
    """And that is said; for programs it is an empty array."""
    scene.sync([*THINGS, ANA, BOB], HOLDS)
    scene.sync([BOB, ANA, EMPTY, *reversed([DESIGN, OWNER, MEMBER])], HOLDS)
    path = scene.file(tmp_path / "a.c1z")

    assert run("-f", path)[0] == "Nothing changed.\n"
    assert json.loads(run("-o", "json", "-f", path)[0]) == []


def test_one_sync_or_one_name_is_too_little(scene, tmp_path):
    """Both say what to do."""
    scene.sync([*THINGS, ANA], [])
    path = scene.file(tmp_path / "a.c1z")
    with pytest.raises(Gone, match="fewer than two"):
        run("-f", path)
    with pytest.raises(Invalid):
        run(path)
