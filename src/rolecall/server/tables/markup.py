"""The rows of a table as HTML, put together here and not by a template.

A page has hundreds of cells, and a template that is asked for each of them takes most of the time
that the whole page does. Everything that is not marked as safe is escaped, as in a template.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from rolecall.server.tables.look import as_html, icon
from rolecall.server.tables.table import Column

__all__ = ["body"]


def body(
    columns: Sequence[Column[Any]],
    rows: Iterable[Any],
    box: Callable[[Any], tuple[str, str]] | None = None,
    peek: Callable[[Any], tuple[str, str]] | None = None,
) -> SafeString:
    """A `tr` for each row: its first cell is the head of the row.

    Narrow screens show a row as a card; there each cell says the label of its column.

    Args:
        columns: those that are shown.
        rows: those of this page.
        box: where rows can be chosen: value and name of a row's box; without a value it has none.
        peek: path and name of what is looked at without leaving the table; no path: nothing is.
    """
    frames = [_frame(column, first=column is columns[0]) for column in columns]
    first = columns[0] if peek else None
    lines = (
        (_pick(*box(row)) if box else "")
        + "".join(
            f"{before}{as_html(column.cell(row))}"
            f"{_peek(*peek(row)) if peek and column is first else ''}{after}"
            for column, (before, after) in zip(columns, frames, strict=True)
        )
        for row in rows
    )
    # Its parts are: the frames by `format_html`, the cells by `as_html`.
    return mark_safe("".join(f'<tr role="row">{line}</tr>\n' for line in lines))  # noqa: S308


def _pick(value: str, name: str) -> str:
    if not value:
        return '<td role="cell" class="pick"></td>'
    return format_html(
        '<td role="cell" class="pick">'
        '<input type="checkbox" form="bulk" name="row" value="{}" aria-label="Choose {}"></td>',
        value,
        name,
    )


def _peek(path: str, name: str) -> str:
    """After the row's own link, so that this stays the first."""
    if not path:
        return ""
    return format_html(
        '<a class="button quiet square peek" href="{}" data-peek aria-label="Peek at {}">{}</a>',
        path,
        name,
        icon("peek"),
    )


def _frame(column: Column[Any], *, first: bool) -> tuple[str, str]:
    """What stands before and after a cell of this column."""
    if first:
        return '<th role="rowheader" scope="row">', "</th>"
    number = mark_safe(' class="number"') if column.number else ""
    opening = format_html('<td role="cell" data-label="{}"{}><span>', column.label, number)
    return opening, "</span></td>"
