"""Cells of XLSX that hold exactly the text they are given: no formula, link, number or markup."""

from types import MappingProxyType
from typing import Any, Final

from xlsxwriter.format import Format  # type: ignore[import-untyped]

__all__ = ["OPTIONS", "write_text"]

OPTIONS: Final = MappingProxyType({
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
})  # fmt: skip
"""Of XlsxWriter: a text stays a text, and memory does not grow with the rows."""
_LONGEST: Final = 32_767
"""UTF-16 units of a cell."""
_PLAIN: Final = Format()


def write_text(
    sheet: Any,  # noqa: ANN401 - it comes without types
    row: int,
    column: int,
    text: str,
    *style: Any,  # noqa: ANN401
) -> int:
    """Write one cell; also to be given to `add_write_handler`.

    XlsxWriter takes a text from `<r>` to `</r>` for markup of its own; in two pieces it is none.

    Returns:
        0; below it the text is longer than a cell can be, and was cut.
    """
    markup = text.startswith("<r>") and text.endswith("</r>")
    code: int
    if markup and len(text.encode("utf-16-le")) // 2 <= _LONGEST:
        pieces = (text[:1], _PLAIN, text[1:], *(one for one in style if one))
        code = sheet.write_rich_string(row, column, *pieces)
    else:
        code = sheet.write_string(row, column, text, *style)
    return code
