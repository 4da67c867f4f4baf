"""Evidence as CSV: lines with # before and after the rows, so that programs can skip them."""

import csv
import io
from typing import IO, Final

from rolecall.connector.tables import neutralised
from rolecall.server.evidence.report import Report

__all__ = ["write"]

_REMARK: Final = "# "


def write(report: Report, out: IO[bytes]) -> None:
    """The report in UTF-8, RFC 4180; cells that a spreadsheet would compute get an apostrophe.

    The signature becomes its last line.
    """
    lines = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(lines, lineterminator="\r\n")
    for label, value in (("Evidence", report.title), *report.facts):
        writer.writerow((f"{_REMARK}{label}", neutralised(value)))
    writer.writerow(report.columns)
    for row in report.rows:
        writer.writerow([neutralised(cell) for cell in row])
    writer.writerow((f"{_REMARK}End", f"{report.rows.total} rows", f"SHA-256 {report.rows.sha256}"))
    lines.flush()
    lines.detach()  # the file belongs to whoever gave it
