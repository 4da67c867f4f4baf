"""Rows on their way to a person or a program: aligned text, JSON, CSV. Renders; reads nothing.

Text from Notion is hostile until shown otherwise: control characters (terminal escapes) are
replaced in tables, and spreadsheet cells that a program would take for a formula get an apostrophe.
Everything streams, except a table on a terminal, which is short or falls back to plain text.
"""

import csv
import itertools
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final, Literal

__all__ = [
    "Cell",
    "Form",
    "cell_text",
    "legible",
    "neutralised",
    "render",
    "write_csv",
    "write_json",
]

Cell = str | int | bool | list[str]
Form = Literal["table", "json", "csv"]

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_SAMPLE_ROWS: Final = 500  # widths are measured on so many rows; later, wider cells just stick out


def legible(text: str) -> str:
    """The text without characters that could command a terminal or turn its direction."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in text)


def neutralised(text: str) -> str:
    """The text with an apostrophe before it when a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def cell_text(cell: Cell) -> str:
    """One cell as a line of text; lists are joined with commas."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return ", ".join(cell) if isinstance(cell, list) else str(cell)


def render(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, form: Form, out: IO[str]
) -> None:
    """Write all rows to `out`.

    Args:
        columns: names, in the order of the cells.
        rows: one sequence of cells per row.
        form: `table` is drawn by rich on a terminal, and is aligned text elsewhere.
        out: a text stream; not closed.
    """
    match form:
        case "json":
            write_json(columns, rows, out)
        case "csv":
            write_csv(columns, rows, out)
        case "table":
            _write_table(columns, rows, out)


def write_json(columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: IO[str]) -> None:
    """One array of objects, an object per line."""
    separator = "["
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        out.write(f"{separator}\n{json.dumps(record, ensure_ascii=False)}")
        separator = ","
    out.write("[]\n" if separator == "[" else "\n]\n")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: IO[str]) -> None:
    """RFC 4180 with a header line; formulas neutralised, numbers left alone."""
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([c if isinstance(c, int) else neutralised(cell_text(c)) for c in row])


def _write_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], out: IO[str]) -> None:
    texts = ([legible(cell_text(cell)) for cell in row] for row in rows)
    sample = list(itertools.islice(texts, _SAMPLE_ROWS))
    if out.isatty() and len(sample) < _SAMPLE_ROWS:
        _draw(columns, sample, out)
        return
    _align(columns, sample, texts, out)


def _draw(columns: Sequence[str], rows: Iterable[Sequence[str]], out: IO[str]) -> None:
    """A drawn table, for eyes."""
    # Loaded here: a third of the start-up time of a command whose output goes to a file.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table()
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=out).print(table)


def _align(
    columns: Sequence[str], sample: list[list[str]], more: Iterator[list[str]], out: IO[str]
) -> None:
    """Plain text in columns."""
    widths = [max(_width(row[at]) for row in [columns, *sample]) for at in range(len(columns))]
    for row in itertools.chain([columns], sample, more):
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        out.write("  ".join(padded).rstrip() + "\n")


def _width(text: str) -> int:
    """How many places a terminal gives the text."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
