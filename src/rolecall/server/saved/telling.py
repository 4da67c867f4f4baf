"""What the viewer of a table has saved: told to the tables, which know nobody."""

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from rolecall.server.saved.models import ChosenColumns, SavedView
from rolecall.server.saved.seeing import can_be_saved
from rolecall.server.tables.memory import Entry, Remembered

__all__ = ["remembered"]


def remembered(request: HttpRequest) -> Remembered:
    """The columns and views for this page; who sees the page may see the views shared there."""
    user = getattr(request, "user", None)
    match = request.resolver_match
    if match is None or user is None or not user.is_authenticated:
        return Remembered()
    chosen = ChosenColumns.objects.filter(user=user, table=match.view_name).first()
    views = SavedView.objects.filter(Q(user=user) | Q(shared=True), path=request.path)
    return Remembered(
        table=match.view_name,
        savable=can_be_saved(match),
        columns=tuple(chosen.columns) if chosen else (),
        views=tuple(
            Entry(
                name=one.name,
                address=one.address,
                edit=reverse("saved:view", args=(one.public_id,)) if one.user == user else "",
                by="" if one.user == user else str(one.user),
                shared=one.shared,
                current=one.query == request.META.get("QUERY_STRING", ""),
            )
            for one in views.select_related("user")
        ),
    )
