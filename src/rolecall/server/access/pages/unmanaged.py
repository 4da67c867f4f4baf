"""The pages of unmanaged apps: listed, added by hand or by file, taken under management."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.errors import Error, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.access.pages.apps import list_frame, visible
from rolecall.server.access.unmanaged import apps as use_cases
from rolecall.server.access.unmanaged import importing
from rolecall.server.access.unmanaged.reading import COLUMNS
from rolecall.server.people.door import Request, done, page, sheet_of, status_of
from rolecall.server.people.models import User
from rolecall.server.people.permissions import may
from rolecall.server.tables.answer import show
from rolecall.server.tables.choosing import agreed, chosen, kept
from rolecall.server.tables.look import link, moment
from rolecall.server.tables.table import Column, Table

__all__ = ["add", "apply", "forget", "manage", "preview", "unmanaged", "upload"]

_NAMED = 20
"""Apps that are managed, by name; the number is of all."""
_SHOWN = 200
"""Rows of each kind on the page; the counts are of all."""
_COLUMNS: tuple[Column[App], ...] = (
    Column(
        name="name",
        label="App",
        value=lambda a: a.name,
        show=lambda a: link(a.name, reverse("access:app", args=(a.public_id,))),
        sort=("name",),
    ),
    Column(name="description", label="Description", value=lambda a: a.description),
    Column(
        name="added",
        label="Added",
        value=lambda a: a.created_at,
        show=lambda a: moment(a.created_at),
        sort=("created_at",),
    ),
)


@page("app:list")
def unmanaged(request: Request) -> HttpResponseBase:
    """Apps that are only known by name."""
    may_manage = bool(may(request.actor, "app:manage"))
    return show(
        request,
        "access/unmanaged.html",
        _table(pick=may_manage),
        visible(request.actor).filter(state=App.State.UNMANAGED),
        may_add=bool(may(request.actor, "app:create")),
        bulk="access/bulk_apps.html" if may_manage else "",
        prefix="unmanaged",
        **list_frame(request.actor),
    )


def _table(*, pick: bool) -> Table[App]:
    return Table(
        noun="apps",
        columns=_COLUMNS,
        order="name",
        search=lambda text: Q(name__icontains=text) | Q(description__icontains=text),
        search_label="Search apps",
        pick=(lambda a: a.public_id) if pick else None,
    )


@page("app:create")
def add(request: Request) -> HttpResponse:
    """One app, by hand."""
    if request.method != "POST":
        return render(request, "access/add_app.html", {"said": {}})
    said = request.POST
    try:
        app = use_cases.add(
            request.actor,
            name=said.get("name", ""),
            description=said.get("description", ""),
            now=clock.now(),
        )
    except Error as error:
        context = {"said": said, "error": error}
        return render(request, "access/add_app.html", context, status=status_of(error))
    messages.success(request, f"{app} was added.")
    return redirect("access:unmanaged")


@page("app:manage")
def manage(request: Request) -> HttpResponse:
    """Which apps, and who looks after them; then they are managed."""
    said = request.POST if request.method == "POST" else request.GET
    try:
        apps = _chosen(request, said)
    except Invalid as error:
        return _manage(request, [], error)
    if request.method != "POST" or "ask" in said or not agreed(said, len(apps)):
        return _manage(request, apps)
    ids = [one.public_id for one in apps]
    try:
        found = use_cases.manage(request.actor, ids, owners=said.getlist("owner"), now=clock.now())
    except NotAllowed:
        raise
    except Error as error:
        return _manage(request, apps, error)
    names = str(found[0]) if len(found) == 1 else f"{len(found):,} apps"
    messages.success(request, f"{names} managed from now on. Add a connector to read it.")
    return redirect("access:apps")


@require_POST
@page("app:create")
def forget(request: Request, app_id: str) -> HttpResponse:
    """Strike it off the list."""
    return done(
        request,
        lambda: use_cases.forget(request.actor, app_id, now=clock.now()),
        "It is no longer on the list.",
        back=reverse("access:unmanaged"),
    )


@page("app:create")
def upload(request: Request) -> HttpResponse:
    """Choose a file; nothing is changed by it yet."""
    if request.method != "POST":
        return _upload(request)
    try:
        sent = sheet_of(request)
        kept = importing.preview(
            request.actor, sent.read(), name=sent.name or "apps.csv", now=clock.now()
        )
    except Error as error:
        return _upload(request, error)
    return redirect("access:import", kept)


@page("app:create")
def preview(request: Request, file_id: str) -> HttpResponse:
    """What it would change."""
    return _preview(request, file_id)


@require_POST
@page("app:create")
def apply(request: Request, file_id: str) -> HttpResponse:
    """Change it."""
    digest = request.POST.get("digest", "")
    try:
        did = importing.apply(request.actor, file_id, digest=digest, now=clock.now())
    except Error as error:
        return _preview(request, file_id, error)
    messages.success(request, f"{len(did.added):,} added, {len(did.described):,} described anew.")
    return redirect("access:unmanaged")


def _chosen(request: Request, said: QueryDict) -> list[App]:
    rows = visible(request.actor).filter(state=App.State.UNMANAGED)
    return chosen(rows, _table(pick=True), said, most=use_cases.MOST)


def _manage(request: Request, apps: list[App], error: Error | None = None) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    context = {
        "apps": apps[:_NAMED],
        "more": max(0, len(apps) - _NAMED),
        "number": len(apps),
        "kept": kept(said),
        "users": User.objects.filter(is_active=True),
        "chosen_owners": said.getlist("owner") or [request.actor.id],
        "error": error,
    }
    status = status_of(error) if error else 200
    return render(request, "access/manage_apps.html", context, status=status)


def _upload(request: Request, error: Error | None = None) -> HttpResponse:
    context = {"error": error, "columns": COLUMNS}
    status = status_of(error) if error else 200
    return render(request, "access/apps_upload.html", context, status=status)


def _preview(request: Request, file_id: str, error: Error | None = None) -> HttpResponse:
    found = importing.look(request.actor, file_id, now=clock.now())
    context = {
        "file": file_id,
        "plan": found,
        "added": found.added[:_SHOWN],
        "described": found.described[:_SHOWN],
        "managed": found.managed[:_SHOWN],
        "faults": found.faults[:_SHOWN],
        "shown": _SHOWN,
        "error": error,
    }
    status = status_of(error) if error else 200
    return render(request, "access/apps_preview.html", context, status=status)
