"""The rows that a form is about: those with a tick, or all that its table had found."""

from typing import TypeVar
from urllib.parse import parse_qsl

from django.db.models import Model, QuerySet
from django.http import QueryDict

from rolecall.errors import Gone, Invalid
from rolecall.server.tables.table import Table
from rolecall.server.tables.view import View

__all__ = ["chosen", "kept"]

M = TypeVar("M", bound=Model)
_NAMES = ("row", "all", "query", "of")


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
    """What the next form has to say again."""
    return [(name, value) for name in _NAMES for value in said.getlist(name)]
