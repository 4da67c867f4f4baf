"""Saved views of tables: private, or shared with whoever may open the page."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.server import clock
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Line, Query
from rolecall.server.saved import saving
from rolecall.server.saved.models import SavedView

__all__ = [
    "Change",
    "OnPage",
    "ViewIn",
    "ViewOut",
    "change_view",
    "delete_view",
    "get_view",
    "list_views",
    "router",
    "save_view",
]

router = Router(tags=["views"])


class ViewOut(Schema):
    """A saved view."""

    id: str
    name: str
    path: str
    """Of the page."""
    query: str
    """Search, filters, order, size and columns, as in an address."""
    shared: bool
    by: str
    """Whose it is."""
    changed_at: datetime

    @staticmethod
    def resolve_id(row: SavedView) -> str:
        """The public one."""
        return row.public_id

    @staticmethod
    def resolve_by(row: SavedView) -> str:
        """By name."""
        return str(row.user)


class ViewIn(Schema):
    """A view to save."""

    name: Line
    path: Line
    query: str = Field("", max_length=4_000, pattern=r"^[\x20-\x7e]*$")
    shared: bool = False


class Change(Schema):
    """What is to be otherwise; what is left out stays."""

    name: Line | None = None
    shared: bool | None = None


class OnPage(Window):
    """Of which page."""

    path: Query = ""
    """Then also those that others share there; empty: all one's own."""


@router.get("", response=answers(Page[ViewOut]))
def list_views(request: HttpRequest, find: Asked[OnPage]) -> Cut[SavedView]:
    """One's own views; with a path, those that are shared on that page too."""
    return cut(saving.on_page(actor_of(request), find.path).select_related("user"), find)


@router.post("", response=answers(ViewOut, 201))
def save_view(request: HttpRequest, said: ViewIn) -> Status[SavedView]:
    """Save a view; one's own of the same name on the same page is replaced."""
    made = saving.save(actor_of(request), **said.model_dump(), now=clock.now())
    return Status(201, made)


@router.get("/{view}", response=answers(ViewOut))
def get_view(request: HttpRequest, view: Id) -> SavedView:
    """One view of one's own."""
    return saving.for_actor(actor_of(request), view)


@router.patch("/{view}", response=answers(ViewOut))
def change_view(request: HttpRequest, view: Id, said: Change) -> SavedView:
    """Rename, share, keep for oneself."""
    return saving.change(actor_of(request), view, **said.model_dump(), now=clock.now())


@router.delete("/{view}", response=answers(None, 204))
def delete_view(request: HttpRequest, view: Id) -> Status[None]:
    """Delete a view."""
    saving.delete(actor_of(request), view, now=clock.now())
    return Status(204, None)
