"""People by file: upload, look at what it would change, say yes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from rolecall.errors import Error
from rolecall.server import clock
from rolecall.server.people.door import Request, page, sheet_of, status_of
from rolecall.server.people.roster import importing
from rolecall.server.people.roster.reading import COLUMNS

__all__ = ["apply", "preview", "upload"]

_SHOWN = 200
"""Rows of each kind on the page; the counts are of all."""


@page("person:edit")
def upload(request: Request) -> HttpResponse:
    """Choose a file; nothing is changed by it yet."""
    if request.method != "POST":
        return _upload(request)
    try:
        sent = sheet_of(request)
        made = importing.preview(
            request.actor, sent.read(), name=sent.name or "roster.csv", now=clock.now()
        )
    except Error as error:
        return _upload(request, error)
    return redirect("people:roster", made.file)


@page("person:edit")
def preview(request: Request, file_id: str) -> HttpResponse:
    """What it would change."""
    return _preview(request, file_id)


@require_POST
@page("person:edit")
def apply(request: Request, file_id: str) -> HttpResponse:
    """Change it."""
    sent = request.POST
    try:
        done = importing.apply(
            request.actor,
            file_id,
            digest=sent.get("digest", ""),
            absent_left="absent" in sent,
            now=clock.now(),
        )
    except Error as error:
        return _preview(request, file_id, error)
    messages.success(
        request,
        f"{done.added:,} added, {done.changed:,} changed, {done.returned:,} returned, "
        f"{done.left:,} left.",
    )
    return redirect("people:persons")


def _upload(request: Request, error: Error | None = None) -> HttpResponse:
    context = {"error": error, "columns": COLUMNS}
    status = status_of(error) if error else 200
    return render(request, "people/roster_upload.html", context, status=status)


def _preview(request: Request, file_id: str, error: Error | None = None) -> HttpResponse:
    seen = importing.look(request.actor, file_id, now=clock.now())
    found = seen.plan
    context = {
        "file": seen.file,
        "plan": found,
        "added": found.added[:_SHOWN],
        "changed": found.changed[:_SHOWN],
        "returned": found.returned[:_SHOWN],
        "absent": found.absent[:_SHOWN],
        "faults": found.faults[:_SHOWN],
        "shown": _SHOWN,
        "error": error,
    }
    status = status_of(error) if error else 200
    return render(request, "people/roster.html", context, status=status)
