"""The forms of evidence, for any text: the cells are the cells, and nothing is computed."""

import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.errors import Invalid
from rolecall.server.evidence.forms import paper, text, workbook
from rolecall.server.evidence.report import Report, Rows
from rolecall.server.evidence.signature import signature_line, verify

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
HOSTILE = st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "# End", '"', ","]), TEXTS)
CELLS = st.one_of(TEXTS, HOSTILE)
ROWS = st.lists(st.tuples(st.sampled_from(["role", "group"]), CELLS, CELLS), max_size=8)
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def a_report(rows, **more) -> Report:
    """A report with these rows, counted."""
    counts = {kind: sum(row[0] == kind for row in rows) for kind in ("role", "group")}
    return Report(**{
        "kind": "access", "title": "Access", "facts": (("Made", "=now()"),), "counts": counts,
        "columns": ("Kind", "One", "Two"), "widths": (1, 2, 3), "rows": Rows(rows), "stem": "x",
    } | more)  # fmt: skip


def written(form, report: Report) -> bytes:
    """The file, signed."""
    with TemporaryFile() as out:
        form.write(report, out)
        out.seek(0)
        body = out.read()
    return body + signature_line(hashlib.sha256(body).hexdigest(), bytes(32))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example writes its file."""
    return tmp_path_factory.mktemp("forms") / "file"


@settings(max_examples=30, deadline=None)
@given(rows=ROWS)
def test_csv_says_the_rows(place: Path, rows):
    """Whole, and no cell of them begins with the sign of a formula."""
    report = a_report(rows)
    place.write_bytes(written(text, report))
    lines = list(csv.reader(io.StringIO(place.read_text(encoding="utf-8"), newline="")))
    found = [line for line in lines if not line[0].startswith("# ")]

    assert verify(place)
    assert report.whole()
    assert [[cell.removeprefix("'") for cell in line] for line in found[1:]] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)


@settings(max_examples=15, deadline=None)
@given(rows=ROWS)
def test_xlsx_says_the_rows(place: Path, rows):
    """As text, and the archive is whole for a reader that knows nothing of signatures."""
    place.write_bytes(written(workbook, a_report(rows)))
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        assert archive.comment.startswith(b"# rolecall-evidence-1 sha256:")
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet2.xml"))  # noqa: S314 - ours
    found = [
        [cell.findtext(f".//{SPACE}t") or "" for cell in row] for row in sheet.iter(f"{SPACE}row")
    ]

    assert verify(place)
    assert found[1:] == [list(row) for row in rows]
    assert list(sheet.iter(f"{SPACE}f")) == []


def rows_of(file: Path | IO[bytes], sheet: str) -> bytes:
    """The rows of a sheet, as they stand in the archive."""
    with zipfile.ZipFile(file) as archive:
        part = archive.read(f"xl/worksheets/{sheet}.xml")
    return part.partition(b"<sheetData>")[2].partition(b"</sheetData>")[0]


def test_xlsx_takes_no_name_for_markup(place: Path):
    """Whoever calls themselves what a cell with fonts in it looks like is called so."""
    name = "<r><t>Somebody else</t></r>"
    place.write_bytes(written(workbook, a_report([("role", name, "")])))

    with zipfile.ZipFile(place) as archive:
        sheet = ET.fromstring(archive.read("xl/worksheets/sheet2.xml"))  # noqa: S314 - ours
    assert name in ["".join(cell.itertext()) for cell in sheet.iter(f"{SPACE}is")]


def test_xlsx_goes_on_where_a_sheet_is_full(place: Path, monkeypatch: pytest.MonkeyPatch):
    """Each sheet has the head line, the workbook has each sheet, and no row is left out."""
    monkeypatch.setattr(workbook, "SHEET_ROWS", 2)
    rows = [("role", str(number), "") for number in range(5)]
    place.write_bytes(written(workbook, a_report(rows)))
    with zipfile.ZipFile(place) as archive:
        named = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
        types = archive.read("[Content_Types].xml").decode()

    assert named == ["About", "Access", "Access 2", "Access 3"]
    assert re.findall(r"/xl/worksheets/(sheet\d).xml", types) == [f"sheet{n}" for n in (1, 2, 3, 4)]
    found = [rows_of(place, f"sheet{number}").count(b"<row ") for number in (2, 3, 4)]
    assert found == [3, 3, 2]


def test_xlsx_refuses_what_no_cell_holds(place: Path):
    """A text of more than 32,767 characters, before anything is signed."""
    with pytest.raises(Invalid, match="longer than a cell"):
        place.write_bytes(written(workbook, a_report([("role", "x" * 32_768, "")])))


@settings(max_examples=15, deadline=None)
@given(rows=ROWS)
def test_pdf_takes_any_text(place: Path, rows):
    """Letters that the font lacks, and words longer than a page is wide."""
    long = [("role", "x" * 900, "\u5c71" * 90)]
    place.write_bytes(written(paper, a_report([*rows, *long])))

    assert verify(place)


def test_the_digest_over_the_rows():
    """By hand: each row a JSON array and a line feed; the order counts, and where cells end."""
    rows = [("role", '\u00e9"', ""), ("group", "a", "b")]
    report = a_report(rows)
    list(report.rows)
    other = a_report([("role", '\u00e9"', ""), ("group", "ab", "")])
    list(other.rows)

    by_hand = hashlib.sha256('["role","\u00e9\\"",""]\n["group","a","b"]\n'.encode()).hexdigest()
    assert report.rows.sha256 == by_hand
    assert other.rows.sha256 != by_hand


def test_a_report_that_lost_a_row_is_not_whole():
    """More was counted than was written, or of another kind."""
    report = a_report([("role", "a", "b")], counts={"role": 1, "group": 1})
    list(report.rows)

    assert not report.whole()


def test_paper_has_an_end():
    """More rows than anybody reads are refused, and the other forms are named."""
    report = a_report([], counts={"role": paper.MOST + 1})

    with pytest.raises(Invalid, match="20,001 rows") as refused:
        written(paper, report)
    assert "CSV" in refused.value.hint
