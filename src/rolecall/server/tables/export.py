"""What a table shows, all pages of it, as CSV or XLSX.

Rows are read in one snapshot of the database and written as they are read, so that memory does not
grow with them. A cell that a spreadsheet would compute gets an apostrophe in CSV; in XLSX it is
stored as text.
"""

import csv
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import IO, Final, TypeVar

import xlsxwriter  # type: ignore[import-untyped]
from django.db import connection, transaction
from django.db.models import Model
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from rolecall.connector.tables import neutralised
from rolecall.server.tables import cells
from rolecall.server.tables.table import Plain
from rolecall.server.tables.view import View, fetched

__all__ = ["FORMS", "file_name", "lines_of", "steady", "written"]

M = TypeVar("M", bound=Model)
_CHUNK = 1000
_SHEET_ROWS = 1_048_575
"""What a sheet holds below its head line."""


def lines_of(view: View[M]) -> Iterator[list[Plain]]:
    """Every row that was found, as the values of the columns of a file."""
    columns, model = view.exported, view.everything.model
    with transaction.atomic():
        steady()
        keys = list(view.found.values_list("pk", flat=True))
        for start in range(0, len(keys), _CHUNK):
            for row in fetched(view.table, model, keys[start : start + _CHUNK]):
                yield [column.value(row) for column in columns]


def file_name(prefix: str, view: View[M], *, today: date, suffix: str) -> str:
    """`acme-accounts-2026-03-03-status-enabled.csv`: app, what, date, filter."""
    said = [word for name, values in view.state.filters for word in (name, *values)]
    parts = [prefix, view.table.noun, today.isoformat(), *said, view.state.search]
    words = "-".join(parts).lower()
    return f"{re.sub(r'[^a-z0-9.]+', '-', words).strip('-.')[:120]}.{suffix}"


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _csv(view: View[M], name: str) -> HttpResponseBase:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    heads = [column.label for column in view.exported]

    def written() -> Iterator[str]:
        yield writer.writerow([neutralised(head) for head in heads])
        for line in lines_of(view):
            yield writer.writerow([_csv_cell(value) for value in line])

    return StreamingHttpResponse(
        written(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _xlsx(view: View[M], name: str) -> HttpResponseBase:
    out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    dates = {"remove_timezone": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    with xlsxwriter.Workbook(out, {**cells.OPTIONS, **dates}) as book:
        sheet = book.add_worksheet()
        sheet.add_write_handler(str, cells.write_text)
        sheet.write_row(0, 0, [column.label for column in view.exported])
        for at, line in enumerate(lines_of(view), start=1):
            if at > _SHEET_ROWS:
                break
            sheet.write_row(at, 0, [_xlsx_cell(value) for value in line])
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=name)


FORMS: Final = ("csv", "xlsx")
"""The forms there are, as an address calls them."""


def written(view: View[M], form: str, name: str) -> HttpResponseBase:
    """What is shown as a file of this form and name."""
    return _csv(view, name) if form == "csv" else _xlsx(view, name)


def steady() -> None:
    """All reads of this transaction see one moment, and it writes nothing.

    Inside another transaction, where that comes too late, nothing happens.
    """
    if connection.savepoint_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")


def _csv_cell(value: Plain) -> str | int:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return neutralised(_words(value))


def _xlsx_cell(value: Plain) -> str | int | datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return str(_csv_cell(value)) if isinstance(value, bool) else _words(value)


def _words(value: str | date | object) -> str:
    """Text; a list joined, nothing empty."""
    if value is None:
        return ""
    if isinstance(value, str | date):
        return str(value)
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)
