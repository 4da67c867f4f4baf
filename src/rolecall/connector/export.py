"""`rolecall-notion export`: one list of the file as a CSV, spreadsheet or JSON document.

The document appears whole or not at all, readable by its owner only, since it names people. Cells
that a spreadsheet would compute are neutralised. Asks Notion nothing.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import click

from rolecall.connector.files import file_option, shown
from rolecall.connector.snapshot import COLUMNS, What, rows
from rolecall.connector.tables import Cell, cell_text, neutralised, write_csv, write_json
from rolecall.errors import BadConfig, DiskFull, Invalid

__all__ = ["MAX_SHEET_ROWS", "command", "write_sheet"]

MAX_SHEET_ROWS: Final = 2**20 - 1
"""What a worksheet holds below its header."""

_MAX_CELL: Final = 32_767  # characters; a longer text makes Excel call the file damaged


class _Sheet(Protocol):
    """What we use of a worksheet."""

    def write_number(self, row: int, col: int, number: float, /) -> object: ...
    def write_string(self, row: int, col: int, string: str, /) -> object: ...


_Writer = Callable[[Path, Sequence[str], Iterable[Sequence[Cell]], datetime], None]


@click.command("export", short_help="Write a list as CSV, spreadsheet or JSON.")
@click.argument("target", metavar="FILE.csv|.xlsx|.json", type=click.Path(path_type=Path))
@click.option(
    "--what",
    type=click.Choice(["accounts", "groups", "access"]),
    required=True,
    help="Which list.",
)
@file_option
def command(target: Path, what: What, file: str | None) -> None:
    """Write accounts, groups, or who holds what to FILE; its ending decides the format."""
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise Invalid(
            f"{target.name} ends in no format that we write.", hint="Use .csv, .xlsx or .json."
        )
    count = 0

    def counted(every: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
        nonlocal count
        for row in every:
            count += 1
            yield row

    with shown(file) as (view, run), _replacing(target) as part:
        write(part, COLUMNS[what], counted(rows(view, what)), run.ended_at or run.started_at)
    click.echo(f"{count} rows of {what} written to {target}", err=True)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A file beside the target that takes its place at the end, or vanishes."""
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(
            prefix=".rolecall-", suffix=target.suffix.lower(), dir=target.parent
        )
        os.close(handle)
        part = Path(name)
        yield part
        with part.open("rb") as done:
            os.fsync(done.fileno())
        part.replace(target)
    except OSError as error:
        raise _said(target, error) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _said(target: Path, error: OSError) -> BadConfig | DiskFull:
    """What the system says about the target, in our words."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(
            f"No space left for {target.name}.", hint=f"Free some in {target.parent}, try again."
        )
    return BadConfig(
        f"Cannot write {target}: {error.strerror}.", hint="Check the folder and its permissions."
    )


def _csv(
    path: Path, columns: Sequence[str], every: Iterable[Sequence[Cell]], _made: datetime
) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        write_csv(columns, every, out)


def _json(
    path: Path, columns: Sequence[str], every: Iterable[Sequence[Cell]], _made: datetime
) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        write_json(columns, every, out)


def write_sheet(
    path: Path, columns: Sequence[str], every: Iterable[Sequence[Cell]], made: datetime
) -> None:
    """Write a workbook with one sheet, row by row in constant memory.

    Args:
        path: the file, overwritten.
        columns: the header.
        every: the rows.
        made: what the document calls its time of creation.

    Raises:
        Invalid: more rows than a worksheet holds.
    """
    # Loaded here: only this format needs it.
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), options | {"tmpdir": str(path.parent)})
    book.set_properties({"created": made.replace(tzinfo=None)})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    try:
        _write_row(sheet, 0, columns)
        for number, row in enumerate(every, start=1):
            if number > MAX_SHEET_ROWS:
                raise Invalid(
                    f"A worksheet holds {MAX_SHEET_ROWS} rows, and there are more.",
                    hint="Export to .csv or .json.",
                )
            _write_row(sheet, number, row)
    finally:
        book.close()


def _write_row(sheet: _Sheet, number: int, row: Sequence[Cell]) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, int):
            sheet.write_number(number, column, cell)
        else:
            sheet.write_string(number, column, neutralised(cell_text(cell))[:_MAX_CELL])


_WRITERS: Final[dict[str, _Writer]] = {".csv": _csv, ".json": _json, ".xlsx": write_sheet}
