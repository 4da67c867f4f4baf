"""A request for a table, answered: the page, or what it shows as a file."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from rolecall.server import clock
from rolecall.server.tables.export import FORMS, file_name, written
from rolecall.server.tables.memory import remembered
from rolecall.server.tables.table import Table
from rolecall.server.tables.view import View

__all__ = ["pairs_of", "show", "wants_file"]

M = TypeVar("M", bound=Model)


def pairs_of(request: HttpRequest) -> list[tuple[str, str]]:
    """What stands in the address, in its order."""
    return [(name, value) for name, values in request.GET.lists() for value in values]


def wants_file(request: HttpRequest) -> bool:
    """Whether the address asks for an export: who shows a table may ask for another right."""
    return request.GET.get("as") in FORMS


def show(
    request: HttpRequest, template: str, table: Table[M], rows: QuerySet[M], **context: object
) -> HttpResponseBase:
    """The page with this table, as `table` in its template; or the file that the address asks for.

    Args:
        request: whose address says what of the table is shown.
        template: includes `project/tables/table.html`.
        table: what it is.
        rows: those that the viewer may see.
        context: what else the template needs; `prefix` begins the name of a file.
    """
    kept = remembered(request)
    view = View(table, rows, pairs_of(request), usual=kept.columns)
    if wants_file(request):
        form = request.GET["as"]
        name = file_name(
            str(context.get("prefix", "")), view, today=clock.now().date(), suffix=form
        )
        return written(view, form, name)
    return render(request, template, {**context, "table": view, "remembered": kept})
