"""`show`: what people and programs get to see of a file."""

import json

import click
import pytest
from c1z_scenes import ANA, BOB, CEM, HOLDS, THINGS, Scene, a_person
from click.testing import CliRunner

from rolecall.connector import show
from rolecall.errors import BadFile, Gone, Invalid


@pytest.fixture
def scene(tmp_path):
    """An empty database."""
    made = Scene(tmp_path)
    yield made
    made.close()


@pytest.fixture
def path(scene, tmp_path):
    """Three people, two groups, two roles."""
    scene.sync([*THINGS, CEM, BOB, ANA], HOLDS)
    return scene.file(tmp_path / "sync.c1z")


def run(*arguments):
    """What the command prints: stdout, stderr."""
    result = CliRunner().invoke(
        show.command, [str(a) for a in arguments], standalone_mode=False, catch_exceptions=False
    )
    return result.stdout, result.stderr


def listed(*arguments):
    """The same as JSON."""
    return json.loads(run(*arguments, "-o", "json")[0])


def test_accounts_tell_everything_about_people(path):
    """Whether the writer put profile and status on the resource or only in the trait."""
    ana, bob, cem = listed("accounts", "-f", path)

    assert ana == {
        "id": "u1",
        "name": "Ana Lopez",
        "email": "ana@acme.test",
        "emails": ["ana@acme.test", "ana.lopez@old.test"],
        "role": "owner",
        "status": "enabled",
        "title": "Lead",
        "groups": 0,
    }
    assert (bob["role"], bob["status"], bob["groups"]) == ("member", "enabled", 1)
    assert (cem["name"], cem["status"]) == ("Cem Aydin", "disabled")


def test_groups_and_roles_tell_their_members(path):
    """Also those that nobody is in."""
    assert listed("groups", "-f", path) == [
        {"id": "g1", "name": "Design", "members": 2},
        {"id": "g2", "name": "Empty", "members": 0},
    ]
    assert listed("roles", "-f", path) == [
        {"role": "member", "name": "Member", "members": 2},
        {"role": "owner", "name": "Workspace owner", "members": 1},
    ]


def test_a_plain_table_is_aligned_and_a_full_sync_is_not_labelled(path):
    """Header first, no frame, nothing on stderr."""
    out, err = run("groups", "-f", path)

    assert out.splitlines() == ["id  name    members", "g1  Design  2", "g2  Empty   0"]
    assert err == ""


def test_csv_neutralises_formulas(scene, tmp_path):
    """A person who calls himself =HYPERLINK does not compute in a spreadsheet."""
    scene.sync([a_person("u9", "=HYPERLINK(1)", "+x@acme.test")], [])
    out, _ = run("accounts", "-o", "csv", "-f", scene.file(tmp_path / "a.c1z"))

    assert out.splitlines()[1] == "u9,'=HYPERLINK(1),'+x@acme.test,'+x@acme.test,member,enabled,,0"


def test_terminal_escapes_in_names_do_not_reach_the_terminal(scene, tmp_path):
    """Nobody's name clears the screen or turns the text around."""
    scene.sync([a_person("u9", "\x1b[2J\u202eEve", "e@acme.test")], [])
    out, _ = run("accounts", "-f", scene.file(tmp_path / "a.c1z"))

    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "Eve" in out


@pytest.mark.parametrize(
    "who", ["u2", "bob@acme.test", "BOB@ACME.TEST", "bob kim", " Bob Kim "], ids=str
)
def test_access_finds_the_person_and_tells_all_they_hold(path, who):
    """By id, by e-mail, by name; case does not matter."""
    held = listed("access", who, "-f", path)

    assert [(h["kind"], h["name"], h["permission"], h["id"]) for h in held] == [
        ("group", "Design", "member", "g1"),
        ("role", "Member", "assigned", "member"),
    ]
    assert {h["account"] for h in held} == {"Bob Kim"}


def test_access_finds_people_by_any_of_their_addresses(path):
    """Also by one they no longer use."""
    assert [h["id"] for h in listed("access", "ana.lopez@old.test", "-f", path)] == ["owner"]


def test_nobody_of_that_name_is_gone_with_near_matches(path):
    """Exit status 5, and a suggestion."""
    with pytest.raises(Gone) as caught:
        run("access", "Bob Kimm", "-f", path)

    assert "Bob Kim <bob@acme.test>" in caught.value.hint
    assert "Cem" not in caught.value.hint


def test_an_ambiguous_name_lists_who_is_meant(scene, tmp_path):
    """And asks for the id."""
    twin = a_person("u7", "Bob Kim", "bob2@acme.test")
    scene.sync([*THINGS, BOB, twin], [])
    with pytest.raises(Invalid) as caught:
        run("access", "bob kim", "-f", scene.file(tmp_path / "a.c1z"))

    assert "(u2)" in caught.value.what
    assert "(u7)" in caught.value.what


@pytest.mark.parametrize("arguments", [("access",), ("accounts", "bob")])
def test_who_belongs_to_access_alone(path, arguments):
    """Missing or superfluous, it is refused."""
    with pytest.raises(Invalid):
        run(*arguments, "-f", path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"finished": False}, "unfinished"),
        ({"kind": "partial", "types": ("user",)}, "roles and groups are missing"),
        ({"kind": "partial", "token": '{"missing":["user 3: no id."]}'}, "partial: user 3: no id"),
        ({"kind": "resources_only"}, "who holds what is missing"),
        ({"kind": "partial_upserts"}, "not a state"),
        ({"kind": "partial", "token": "no JSON"}, "something is missing"),
    ],
    ids=["unfinished", "accounts-only", "own-words", "resources-only", "upserts", "no-words"],
)
def test_a_sync_that_is_not_full_is_labelled(scene, tmp_path, options, said):
    """One line on stderr: which sync, when, and what it lacks."""
    things = [] if options.get("types") else THINGS
    sync_id = scene.sync([*things, ANA], [], **options)
    out, err = run("accounts", "-o", "json", "-f", scene.file(tmp_path / "a.c1z"))

    assert len(json.loads(out)) == 1
    assert err.count("\n") == 1
    assert sync_id in err
    assert "2026-03-01 09:0" in err
    assert said in err


def test_the_file_may_be_named_before_the_command(path):
    """`rolecall-notion -f FILE show accounts`."""
    root = click.Group("root", params=[click.Option(["-f", "--file"])], commands=[show.command])
    result = CliRunner().invoke(root, ["-f", str(path), "show", "groups", "-o", "json"])

    assert [group["id"] for group in json.loads(result.stdout)] == ["g1", "g2"]


def test_an_empty_list_is_still_json(scene, tmp_path):
    """`[]`, not nothing."""
    scene.sync([], [])

    assert listed("accounts", "-f", scene.file(tmp_path / "a.c1z")) == []


def test_a_missing_file_and_a_file_without_a_sync_are_said_plainly(scene, tmp_path):
    """Two messages, not a trace."""
    with pytest.raises(BadFile, match="There is no"):
        run("accounts", "-f", tmp_path / "nothing.c1z")
    with pytest.raises(Gone, match="holds no sync"):
        run("accounts", "-f", scene.file(tmp_path / "a.c1z"))
