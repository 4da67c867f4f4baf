"""The forms of saved views and of chosen columns; each goes back to its table."""

from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Gone, NotAllowed
from rolecall.server import clock
from rolecall.server.people.door import Request, done, page
from rolecall.server.saved import saving

__all__ = ["change", "choose_columns", "delete", "save", "view"]


@require_POST
@page("view:own")
def save(request: Request) -> HttpResponse:
    """Save what a table shows, and show it."""
    said = request.POST
    path = said.get("path", "")
    query = urlencode(parse_qsl(said.get("query", "").replace("\x00", "")))
    back = _local(path)
    return done(
        request,
        lambda: saving.save(
            request.actor, name=said.get("name", ""), path=path, query=query,
            shared="shared" in said, now=clock.now(),
        ),
        "Saved: it stands under Views.",
        back=f"{back}?{query}" if query else back,
    )  # fmt: skip


@page("view:own")
def view(request: Request, view_id: str) -> HttpResponse:
    """One view: its name, whether it is shared, and its end."""
    one = saving.for_actor(request.actor, view_id)
    return render(request, "saved/view.html", {"view": one})


@require_POST
@page("view:own")
def change(request: Request, view_id: str) -> HttpResponse:
    """Rename, share, keep for oneself."""
    one = saving.for_actor(request.actor, view_id)
    try:
        one = saving.change(
            request.actor, view_id, name=request.POST.get("name", ""),
            shared="shared" in request.POST, now=clock.now(),
        )  # fmt: skip
    except (NotAllowed, Gone):
        raise
    except Error as error:
        return render(request, "saved/view.html", {"view": one, "error": error}, status=422)
    messages.success(request, "Saved.")
    return HttpResponseRedirect(one.address)


@require_POST
@page("view:own")
def delete(request: Request, view_id: str) -> HttpResponse:
    """Delete it; the table stays."""
    path = saving.delete(request.actor, view_id, now=clock.now())
    messages.success(request, "The view is deleted.")
    return HttpResponseRedirect(path)


@require_POST
@page("view:own")
def choose_columns(request: Request) -> HttpResponse:
    """Keep the columns that are chosen, or go back to the usual ones."""
    said = request.POST
    columns = [] if "usual" in said else said.getlist("cols")
    return done(
        request,
        lambda: saving.choose_columns(
            request.actor, said.get("table", ""), columns, now=clock.now()
        ),
        "These columns are shown to you from now on.",
        back=_local(said.get("next", "")),
    )


def _local(address: str) -> str:
    """An address of ours, or home."""
    ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if ours else "/"
