"""Views are saved, renamed, shared and deleted; columns are chosen."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import User
from rolecall.server.people.permissions import may, require
from rolecall.server.saved.models import ChosenColumns, SavedView
from rolecall.server.saved.seeing import may_open, page_of

__all__ = ["change", "choose_columns", "delete", "for_actor", "on_page", "save"]

_MOST: Final = 200
"""Views of one user: more are a mistake of a program."""
_MAX_NAME: Final = 100
_MAX_QUERY: Final = 4_000
_COLUMN = re.compile(r"[a-z0-9_]{1,40}")
_TABLE = re.compile(r"[a-z0-9_:]{1,100}")
_MAX_COLUMNS: Final = 60


@transaction.atomic
def save(
    actor: Actor, *, name: str, path: str, query: str, shared: bool = False, now: datetime
) -> SavedView:
    """Keep what a page shows under a name; of the same name, the newer one stays.

    Args:
        actor: whose it will be.
        name: at most 100 characters.
        path: of the page.
        query: search, filters, order, size and columns, as in an address.
        shared: whether everybody who may open the page sees it there.
        now: when.

    Raises:
        NotAllowed: they may not have views, or not open that page.
        Invalid: there is no such page, the name is empty or too long, the query too long, or they
            have too many views.
    """
    require(actor, "view:own")
    if page_of(path) is None:
        raise Invalid("There is no such page with a table.", hint="Save a view above its table.")
    if not may_open(actor, path):
        raise NotAllowed("You may not open this page.", hint="Ask whoever looks after it.")
    user = _user(actor)
    if len(query) > _MAX_QUERY:
        raise Invalid("This view says too much.", hint="Take some filters away.")
    if SavedView.objects.filter(user=user).count() >= _MOST:
        raise Invalid(f"You have {_MOST} views.", hint="Delete some that you do not need.")
    view, _made = SavedView.objects.update_or_create(
        user=user, path=path, name=_named(name),
        defaults={"query": query, "shared": shared, "changed_at": now},
        create_defaults={"query": query, "shared": shared, "created_at": now, "changed_at": now},
    )  # fmt: skip
    record(actor, "view:save", view, now=now, path=path, query=query, shared=shared)
    return view


@transaction.atomic
def change(
    actor: Actor, view_id: str, *, name: str | None = None, shared: bool | None = None,
    now: datetime,
) -> SavedView:  # fmt: skip
    """Rename a view, share it, or keep it for oneself; None leaves a thing as it is.

    Raises:
        NotAllowed, Gone: as `for_actor`.
        Invalid: the name is empty or too long.
        Conflict: another view of theirs on that page has the name.
    """
    view = for_actor(actor, view_id)
    before = {"name": view.name, "shared": view.shared}
    view.name = view.name if name is None else _named(name)
    view.shared = view.shared if shared is None else shared
    view.changed_at = now
    others = SavedView.objects.filter(user=view.user, path=view.path, name=view.name)
    if others.exclude(pk=view.pk).exists():
        raise Conflict("Another view of this page has this name.", hint="Choose another name.")
    view.save(update_fields=["name", "shared", "changed_at"])
    record(
        actor, "view:change", view, now=now, before=before, after={
            "name": view.name, "shared": view.shared},
    )  # fmt: skip
    return view


@transaction.atomic
def delete(actor: Actor, view_id: str, *, now: datetime) -> str:
    """Delete a view; the path of its page.

    Raises:
        NotAllowed, Gone: as `change`.
    """
    view = for_actor(actor, view_id)
    record(actor, "view:delete", view, now=now, path=view.path, query=view.query)
    view.delete()
    return view.path


@transaction.atomic
def choose_columns(actor: Actor, table: str, columns: Sequence[str], *, now: datetime) -> None:
    """Say which columns of a table one wants to see; none is: the usual ones.

    Args:
        actor: who wants to see them.
        table: the name of the page's address.
        columns: their names; those that the table does not have are left out when it is shown.
        now: when.

    Raises:
        NotAllowed: they may not choose.
        Invalid: a name is no column's, or there are too many.
    """
    require(actor, "view:own")
    names = len(columns) <= _MAX_COLUMNS and all(map(_COLUMN.fullmatch, columns))
    if not names or not _TABLE.fullmatch(table):
        raise Invalid("These are no columns of a table.", hint="Choose those of the list.")
    user = _user(actor)
    if columns:
        ChosenColumns.objects.update_or_create(
            user=user, table=table, defaults={"columns": [*columns], "changed_at": now}
        )
    else:
        ChosenColumns.objects.filter(user=user, table=table).delete()
    record(actor, "columns:choose", None, now=now, table=table, columns=[*columns])


def for_actor(actor: Actor, view_id: str) -> SavedView:
    """A view that the actor may change: their own, or, for super administrators, a shared one.

    Raises:
        NotAllowed: they may not have views, or have no such view; whether others have is not said.
        Gone: there is none, and nobody is in the way.
    """
    require(actor, "view:own")
    any_ = bool(may(actor, "view:any"))
    mine = Q(user=actor.user) | Q(shared=True) if any_ else Q(user=actor.user)
    found = SavedView.objects.select_related("user").filter(mine, public_id=view_id).first()
    if found is not None:
        return found
    hint = "Its owner may have deleted it, or keep it for themselves."
    if any_:
        raise Gone("There is no such view.", hint=hint)
    raise NotAllowed("This is no view of yours.", hint=hint)


def on_page(actor: Actor, path: str) -> QuerySet[SavedView]:
    """One's own views, and with a path also those that others share on that page.

    Raises:
        NotAllowed: they may not have views.
    """
    require(actor, "view:own")
    mine = SavedView.objects.filter(user=actor.user)
    if not path:
        return mine
    on_it = SavedView.objects.filter(path=path)
    shared = Q(shared=True) if may_open(actor, path) else Q(pk__in=())
    return on_it.filter(shared | Q(user=actor.user))


def _user(actor: Actor) -> User:
    found = User.objects.filter(pk=actor.user or 0).first()
    if found is None:
        raise NotAllowed("Only a user has views.", hint="Log in, or use a key of a user's.")
    return found


def _named(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > _MAX_NAME:
        raise Invalid(f"A view has a name of 1 to {_MAX_NAME} characters.")
    return name
