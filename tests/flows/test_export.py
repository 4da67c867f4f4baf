"""`export`: whole documents or none."""

import csv
import json
import stat
import zipfile

import pytest
from c1z_scenes import ANA, BOB, CEM, HOLDS, THINGS, Scene, a_person
from click.testing import CliRunner

from rolecall.connector import export
from rolecall.connector.snapshot import COLUMNS
from rolecall.errors import BadConfig, BadFile, Invalid

ODD = a_person("u9", "=1+1", "-odd@acme.test")


@pytest.fixture
def path(tmp_path):
    """Four people, one of whom is called like a formula; a grant to somebody never listed."""
    scene = Scene(tmp_path)
    scene.sync([*THINGS, ANA, BOB, CEM, ODD], [*HOLDS, ("ghost", "group", "g1", "member")])
    made = scene.file(tmp_path / "sync.c1z")
    scene.close()
    return made


def run(*arguments):
    """Call the command; errors come through."""
    arguments = [str(a) for a in arguments]
    CliRunner().invoke(export.command, arguments, standalone_mode=False, catch_exceptions=False)


def test_csv_has_every_row_and_no_formula(path, tmp_path):
    """UTF-8, a header, and an apostrophe before what would compute."""
    run(tmp_path / "a.csv", "--what", "accounts", "-f", path)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as made:
        rows = list(csv.DictReader(made))

    assert [row["name"] for row in rows] == ["'=1+1", "Ana Lopez", "Bob Kim", "Cem Aydin"]
    assert rows[0]["email"] == "'-odd@acme.test"
    assert list(rows[0]) == list(COLUMNS["accounts"])


def test_a_spreadsheet_holds_texts_and_no_formula(path, tmp_path):
    """No cell with a formula element; numbers stay numbers."""
    run(tmp_path / "a.xlsx", "--what", "groups", "-f", path)
    run(tmp_path / "b.xlsx", "--what", "accounts", "-f", path)
    groups = zipfile.ZipFile(tmp_path / "a.xlsx").read("xl/worksheets/sheet1.xml").decode()
    accounts = zipfile.ZipFile(tmp_path / "b.xlsx").read("xl/worksheets/sheet1.xml").decode()

    assert "Design" in groups
    assert "<v>3</v>" in groups
    assert "&#39;=1+1" in accounts.replace("'", "&#39;")
    assert "<f>" not in accounts


def test_access_lists_also_what_unlisted_accounts_hold(path, tmp_path):
    """A grant to an account that the sync does not know is not swept under the carpet."""
    run(tmp_path / "a.json", "--what", "access", "-f", path)
    rows = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))

    assert len(rows) == len(HOLDS) + 1
    assert rows[-1] | {"account_id": "ghost", "account": "", "name": "Design"} == rows[-1]


def test_the_document_is_for_its_owner_only_and_nothing_else_is_left(path, tmp_path):
    """It names people; and the half-made file is gone."""
    before = set(tmp_path.iterdir())
    run(tmp_path / "a.csv", "--what", "accounts", "-f", path)

    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600
    assert set(tmp_path.iterdir()) - before == {tmp_path / "a.csv"}


def test_a_failure_leaves_the_old_document(path, tmp_path):
    """The new one takes its place whole or not at all."""
    (tmp_path / "a.csv").write_text("old")
    path.write_bytes(path.read_bytes()[:-9])
    before = set(tmp_path.iterdir())
    with pytest.raises(BadFile):
        run(tmp_path / "a.csv", "--what", "accounts", "-f", path)

    assert (tmp_path / "a.csv").read_text() == "old"
    assert set(tmp_path.iterdir()) == before


def test_an_unknown_ending_and_an_unwritable_folder_are_refused(path, tmp_path):
    """With what to do instead."""
    with pytest.raises(Invalid) as caught:
        run(tmp_path / "a.pdf", "--what", "accounts", "-f", path)
    assert ".csv" in caught.value.hint
    with pytest.raises(BadConfig):
        run(tmp_path / "nowhere" / "a.csv", "--what", "accounts", "-f", path)
