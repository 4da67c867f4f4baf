"""Evidence as PDF: the facts, then the rows in a table, for reading and printing.

Its font has the letters of western Europe. Any other character stands there as its code point, such
as [U+0141]: that is ugly, and cannot be taken for another name.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import IO, Final

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from rolecall.errors import Invalid
from rolecall.server.evidence.report import Report

__all__ = ["MOST", "insist", "write"]

MOST: Final = 20_000
"""Rows; more than some 600 pages nobody prints."""
_KEPT: Final = 1 << 12
"""So many texts are measured once: most of those in a row stand in the one before it, too."""
_WIDTH, _HEIGHT = landscape(A4)
_MARGIN: Final = 36.0
_SIZE: Final = 6.5
_LEAD: Final = 8.5
_GAP: Final = 5.0
_LABEL: Final = 70.0
_PLAIN, _BOLD = "Vera", "VeraBd"


class _Legible(dict[int, str | int]):
    """Characters → themselves, or their code point where the font lacks them."""

    def __init__(self, glyphs: Iterable[int]) -> None:
        super().__init__((one, one) for one in glyphs)

    def __missing__(self, code: int) -> str:
        return f"[U+{code:04X}]"


@lru_cache(maxsize=1)
def _legible() -> _Legible:
    """Makes the fonts known, and says which characters both of them have."""
    fonts = []
    for name in (_PLAIN, _BOLD):
        font = TTFont(name, str(files("reportlab") / "fonts" / f"{name}.ttf"))
        registerFont(font)
        fonts.append(set(font.face.charToGlyph))
    return _Legible(one for one in fonts[0] & fonts[1] if chr(one).isprintable())


class _Pages:
    """A canvas that is written from the top, page after page."""

    def __init__(self, report: Report, out: IO[bytes]) -> None:
        self._report = report
        self._legible = _legible()
        self._canvas = Canvas(out, pagesize=(_WIDTH, _HEIGHT), pageCompression=1, lang="en")
        self._canvas.setTitle(report.title)
        self._canvas.setCreator("Rolecall")
        self._page = 0
        self._y = 0.0
        self._begin()

    def title(self) -> None:
        """What it is."""
        self._canvas.setFont(_BOLD, 13)
        self._canvas.drawString(_MARGIN, self._y - 8, self._report.title.translate(self._legible))
        self._y -= 26

    def line(self, cells: Sequence[str], widths: Sequence[float], *, font: str = _PLAIN) -> None:
        """One row; a cell that is too long for its column goes on below."""
        shown = [cell.translate(self._legible) for cell in cells]
        lines = [_wrapped(one, width - _GAP) for one, width in zip(shown, widths, strict=True)]
        deep = max(map(len, lines))
        if self._y - deep * _LEAD < _MARGIN + _LEAD:
            self._turn(widths)
        self._canvas.setFont(font, _SIZE)
        x = _MARGIN
        for own, width in zip(lines, widths, strict=True):
            for down, text in enumerate(own, start=1):
                self._canvas.drawString(x, self._y - down * _LEAD, text)
            x += width
        self._y -= deep * _LEAD + 2

    def space(self) -> None:
        """A little of nothing."""
        self._y -= _LEAD

    def end(self) -> None:
        """Write it."""
        self._foot()
        self._canvas.save()

    def _turn(self, widths: Sequence[float]) -> None:
        self._foot()
        self._canvas.showPage()
        self._begin()
        if len(widths) == len(self._report.columns):
            self.line(self._report.columns, widths, font=_BOLD)

    def _begin(self) -> None:
        self._page += 1
        self._y = _HEIGHT - _MARGIN

    def _foot(self) -> None:
        words = f"{self._report.title} \u00b7 page {self._page}"
        self._canvas.setFont(_PLAIN, _SIZE)
        self._canvas.drawString(_MARGIN, _MARGIN - 12, words.translate(self._legible))


def write(report: Report, out: IO[bytes]) -> None:
    """The report on pages of A4. The signature becomes a comment after the document's end.

    Raises:
        Invalid: it has too many rows to be read on paper.
    """
    insist(report)
    room = _WIDTH - 2 * _MARGIN
    widths = [room * one / sum(report.widths) for one in report.widths]
    pages = _Pages(report, out)
    pages.title()
    for fact in report.facts:
        pages.line(fact, (_LABEL, room - _LABEL))
    pages.space()
    pages.line(report.columns, widths, font=_BOLD)
    for row in report.rows:
        pages.line(row, widths)
    pages.space()
    end = f"{report.rows.total} rows, SHA-256 {report.rows.sha256}"
    pages.line(("End", end), (_LABEL, room - _LABEL), font=_BOLD)
    pages.end()
    out.write(b"\n%")  # what follows, the signature, is a comment


def insist(report: Report) -> None:
    """Whether it fits on paper.

    Raises:
        Invalid: it has too many rows to be read there.
    """
    if report.total > MOST:
        raise Invalid(
            f"These are {report.total:,} rows, and a PDF is for at most {MOST:,}.",
            hint="Ask for CSV or XLSX, which hold all of them.",
        )


@lru_cache(maxsize=_KEPT)
def _wrapped(text: str, width: float) -> Sequence[str]:
    """A text in lines that fit; broken anywhere if a word is longer than a line."""
    if stringWidth(text, _BOLD, _SIZE) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if stringWidth(longer, _BOLD, _SIZE) <= width:
            line = longer
            continue
        lines += [line] if line else []
        *whole, line = _broken(word, width)
        lines += whole
    return [*lines, line]


def _broken(word: str, width: float) -> list[str]:
    """A word in pieces that fit; the last one may be continued."""
    pieces, piece = [], ""
    for letter in word:
        if piece and stringWidth(piece + letter, _BOLD, _SIZE) > width:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]
