"""The rows that a form is about: those with a tick, or all that its table had found.

Nobody has looked at all that were found one by one. So whatever is done to them is asked once more,
with their number: by the form that comes next anyway, or by `ask`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from rolecall.errors import Gone, Invalid
from rolecall.server.tables.table import Table
from rolecall.server.tables.view import View

__all__ = ["Question", "agreed", "ask", "chosen", "kept", "returning"]

M = TypeVar("M", bound=Model)
_NAMES = ("row", "all", "query", "of")
_SHOWN = 20
"""Names of rows that a question shows."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked before all that were found are changed."""

    title: str
    """What would be done, in words without a number: `Hold`."""
    nouns: tuple[str, str]
    """What one row is, and what many are: `change`, `changes`."""
    rows: Sequence[object]
    back: str
    """The path of the table."""
    deed: str = ""
    """Which button was pressed, where there are several."""


def chosen(rows: QuerySet[M], table: Table[M], said: QueryDict, *, most: int) -> list[M]:
    """What a form says was chosen.

    Args:
        rows: those that can be chosen; each has a public id.
        table: in which.
        said: `row` as often as rows have a tick, or `all` with the table's `query`.
        most: more are refused.

    Raises:
        Invalid: none was chosen, or too many were.
        Gone: a row is not there any more.
    """
    if "all" in said:
        found = list(View(table, rows, parse_qsl(said.get("query", ""))).found[: most + 1])
    else:
        wanted = list(dict.fromkeys(said.getlist("row")))[: most + 1]
        found = list(rows.filter(public_id__in=wanted))
        if len(found) != len(wanted):
            raise Gone("One of these rows is not there any more.", hint="Choose again.")
    if len(found) > most:
        raise Invalid(
            f"This can be done to {most:,} rows at most.", hint="Filter the table further."
        )
    if not found:
        raise Invalid("Nothing was chosen.", hint="Tick rows of the table, and press again.")
    return found


def kept(said: QueryDict) -> list[tuple[str, str]]:
    """What the next form has to say again: of all that were found, not each row as well."""
    names = [name for name in _NAMES if not ("all" in said and name == "row")]
    return [(name, value) for name in names for value in said.getlist(name)]


def agreed(said: QueryDict, number: int) -> bool:
    """Whether the form is about rows with a tick, or has named just this number of rows."""
    return "all" not in said or said.get("number", "") == str(number)


def ask(request: HttpRequest, question: Question) -> HttpResponse:
    """The page that repeats the number; its button sends the same form once more, with it."""
    rows = question.rows
    context = {
        "question": question,
        "number": len(rows),
        "noun": question.nouns[len(rows) != 1],
        "moved": "number" in request.POST,
        "chosen": rows[:_SHOWN],
        "more": max(0, len(rows) - _SHOWN),
        "kept": kept(request.POST),
        "back": returning(question.back, request.POST),
    }
    return render(request, "project/tables/ask.html", context)


def returning(path: str, said: QueryDict) -> str:
    """The address of the table that a form came from, with its search, filters and page."""
    query = urlencode(parse_qsl(said.get("query", "")))
    return f"{path}?{query}" if query else path
