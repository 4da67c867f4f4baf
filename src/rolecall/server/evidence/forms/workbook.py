"""Evidence as XLSX: the facts on one sheet, the rows on another, and on more if one is full.

Cells are written here, into the archive as they come: XlsxWriter takes four times as long for them,
keeps them all in a file beside it, and lets a text that begins with `<r>` be markup. What stands
around the sheets, from content types to fonts, is XlsxWriter's.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from string import ascii_uppercase
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter  # type: ignore[import-untyped]

from rolecall.errors import Invalid
from rolecall.server.evidence.report import Report, Row
from rolecall.server.evidence.signature import LINE_BYTES

__all__ = ["SHEET_ROWS", "write"]

SHEET_ROWS: Final = 1_048_575
"""What a sheet holds below its head line."""
_SHEET_BYTES: Final = 1 << 30
"""Of XML; a sheet that has more goes on in the next, so that no program needs ZIP64."""
_LONGEST: Final = 32_767
"""Characters of a cell."""
_COMMENT_LENGTH: Final = 2
"""Bytes; the last ones of a ZIP archive without a comment say that it has none."""
_BUFFER: Final = 1 << 16
_KEPT: Final = 1 << 14
"""So many texts are escaped once: most of those in a row stand in the one before it, too."""
_FIRST: Final = (1980, 1, 1, 0, 0, 0)
"""When every part was written, as the archive says: the earliest moment that it can say."""

_ODD: Final = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
"""What cannot stand in a cell as it is: markup, what XML has no place for, what looks escaped."""
_MARKUP: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BOLD: Final = ' s="1"'
"""A cell's style: the first that the workbook has."""
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<sheetViews><sheetView{selected} workbookViewId="0">{pane}</sheetView></sheetViews>'
    "<cols>{columns}</cols><sheetData>"
)
_PANE: Final = (
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '<selection pane="bottomLeft"/>'
)
_TAIL: Final = b"</sheetData></worksheet>"


def write(report: Report, out: IO[bytes]) -> None:
    """The report as a workbook; every cell is text. The signature becomes the archive's comment.

    Raises:
        Invalid: a text is longer than a cell can be.
    """
    with ZipFile(out, "w") as archive:
        sheets = _write_rows(archive, report)
        _write_about(archive, report)
        _write_frame(archive, report, sheets)
    out.seek(-_COMMENT_LENGTH, os.SEEK_END)
    out.write(LINE_BYTES.to_bytes(_COMMENT_LENGTH, "little"))


def _write_rows(archive: ZipFile, report: Report) -> int:
    """The rows; on how many sheets."""
    head = _HEAD.format(
        selected="", pane=_PANE, columns=_widths(2 * one for one in report.widths)
    ) + _line(1, report.columns, _BOLD)
    rows, sheets = iter(report.rows), 0
    left = next(rows, None)
    while left is not None or not sheets:
        sheets += 1
        with _part(archive, _sheet(sheets + 1)) as part:
            part.write(head.encode())
            left = _fill(part, chain([left] if left else [], rows))
            part.write(_TAIL)
    return sheets


def _fill(part: IO[bytes], rows: Iterator[Row]) -> Row | None:
    """Rows until a sheet is full; the first that found no room."""
    size = 0
    for at, row in enumerate(rows, start=2):
        if at > SHEET_ROWS + 1 or size > _SHEET_BYTES:
            return row
        size += part.write(_line(at, row).encode())
    return None


def _write_about(archive: ZipFile, report: Report) -> None:
    """The facts; and, now that the rows have passed, how many they were, and their digest."""
    end = f"{report.rows.total} rows, SHA-256 {report.rows.sha256}"
    facts = (("Evidence", report.title), *report.facts, ("End", end))
    head = _HEAD.format(selected=' tabSelected="1"', pane="", columns=_widths((16, 100)))
    with _part(archive, _sheet(1)) as part:
        part.write(head.encode())
        for at, (label, value) in enumerate(facts, start=1):
            cells = _cell("A", at, label, _BOLD) + _cell("B", at, value)
            part.write(f'<row r="{at}">{cells}</row>'.encode())
        part.write(_TAIL)


def _write_frame(archive: ZipFile, report: Report, sheets: int) -> None:
    """All other parts: those of a workbook with the same sheets, which has nothing in them."""
    empty = io.BytesIO()
    with xlsxwriter.Workbook(empty, {"in_memory": True}) as book:
        book.set_properties({"title": report.title, "author": "Rolecall"})
        about = book.add_worksheet("About")
        about.write_blank(0, 0, None, book.add_format({"bold": True}))  # only used styles are kept
        name = report.kind.capitalize()
        for number in range(1, sheets + 1):
            book.add_worksheet(f"{name} {number}" if number > 1 else name)
    with ZipFile(empty) as frame:
        for name in sorted(set(frame.namelist()) - set(archive.namelist())):
            archive.writestr(_info(name), frame.read(name))


def _part(archive: ZipFile, name: str) -> IO[bytes]:
    """A new part of the archive, to write into and to close."""
    return io.BufferedWriter(archive.open(_info(name), "w"), _BUFFER)


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _FIRST)
    info.compress_type = ZIP_DEFLATED
    return info


def _sheet(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _widths(widths: Iterable[int]) -> str:
    return "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
        for at, width in enumerate(widths, start=1)
    )


def _line(at: int, cells: Sequence[str], style: str = "") -> str:
    inner = "".join(
        [
            _cell(column, at, cell, style)
            for column, cell in zip(ascii_uppercase, cells, strict=False)
        ]
    )
    return f'<row r="{at}">{inner}</row>'


def _cell(column: str, at: int, text: str, style: str = "") -> str:
    return f'<c r="{column}{at}"{style} t="inlineStr"><is>{_inline(text)}</is></c>'


@lru_cache(maxsize=_KEPT)
def _inline(text: str) -> str:
    """Raises Invalid: it is longer than a cell can be."""
    if len(text) > _LONGEST:
        raise Invalid("A text is longer than a cell of XLSX can be.", hint="Ask for CSV instead.")
    said = _ODD.sub(_escaped, text)
    space = ' xml:space="preserve"' if said != said.strip() else ""
    return f"<t{space}>{said}</t>"


def _escaped(found: re.Match[str]) -> str:
    """Markup as XML has it; `_x000B_` for a character it has not, `_x005F_` before what is text."""
    odd = found[0]
    if len(odd) > 1:
        return f"_x005F{odd}"
    return _MARKUP.get(odd) or f"_x{ord(odd):04X}_"
