"""Evidence as XLSX: the facts on one sheet, the rows on another, and on more if one is full."""

import os
from collections.abc import Sequence
from typing import IO, Any, Final

import xlsxwriter  # type: ignore[import-untyped]

from rolecall.errors import Invalid
from rolecall.server.evidence.report import Report
from rolecall.server.evidence.signature import LINE_BYTES
from rolecall.server.tables.cells import OPTIONS, write_text

__all__ = ["SHEET_ROWS", "write"]

SHEET_ROWS: Final = 1_048_575
"""What a sheet holds below its head line."""
_COMMENT_LENGTH: Final = 2
"""Bytes; the last ones of a ZIP archive without a comment say that it has none."""


def write(report: Report, out: IO[bytes]) -> None:
    """The report as a workbook; every cell is text. The signature becomes the archive's comment.

    Raises:
        Invalid: a text is longer than a cell can be.
    """
    with xlsxwriter.Workbook(out, dict(OPTIONS)) as book:
        book.set_properties({"title": report.title, "author": "Rolecall"})
        bold = book.add_format({"bold": True})
        about = book.add_worksheet("About")
        about.set_column(0, 0, 16, bold)
        about.set_column(1, 1, 100)
        _rows(book, report, bold)
        end = f"{report.rows.total} rows, SHA-256 {report.rows.sha256}"
        facts = (("Evidence", report.title), *report.facts, ("End", end))
        for at, fact in enumerate(facts):
            _line(about, at, fact)
    out.seek(-_COMMENT_LENGTH, os.SEEK_END)
    out.write(LINE_BYTES.to_bytes(_COMMENT_LENGTH, "little"))


def _rows(book: Any, report: Report, bold: Any) -> None:  # noqa: ANN401 - it comes without types
    sheet = _sheet(book, report, bold, 1)
    at, sheets = 0, 1
    for row in report.rows:
        if at == SHEET_ROWS:
            at, sheets = 0, sheets + 1
            sheet = _sheet(book, report, bold, sheets)
        at += 1
        _line(sheet, at, row)


def _sheet(book: Any, report: Report, bold: Any, number: int) -> Any:  # noqa: ANN401 - the same
    name = report.kind.capitalize()
    sheet = book.add_worksheet(f"{name} {number}" if number > 1 else name)
    sheet.freeze_panes(1, 0)
    for at, (label, width) in enumerate(zip(report.columns, report.widths, strict=True)):
        sheet.set_column(at, at, 2 * width)
        sheet.write_string(0, at, label, bold)
    return sheet


def _line(sheet: Any, at: int, cells: Sequence[str]) -> None:  # noqa: ANN401 - the same
    for column, cell in enumerate(cells):
        if write_text(sheet, at, column, cell):
            raise Invalid(
                "A text is longer than a cell of XLSX can be.", hint="Ask for CSV instead."
            )
