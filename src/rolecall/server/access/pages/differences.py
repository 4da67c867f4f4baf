"""What is different between the states that two syncs left."""

import re
from dataclasses import replace
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.safestring import SafeString

from rolecall.errors import Invalid
from rolecall.server.access.differences import Differences, between
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import AccountAttributes, Grant, Presence, Sync
from rolecall.server.access.pages.looks import account_cell, app_crumbs, entitlement_name
from rolecall.server.people.door import Request, page
from rolecall.server.people.permissions import require
from rolecall.server.tables.answer import show, wants_file
from rolecall.server.tables.look import mark
from rolecall.server.tables.table import Column, Table
from rolecall.server.tables.words import beginning_with

__all__ = ["differences"]

_NUMBER: Final = re.compile("[0-9]{1,9}")
_MOST_SYNCS: Final = 200
_KINDS: Final = {
    "joined": "Joined",
    "left": "Left",
    "gained": "Hold more",
    "lost": "Hold less",
    "edited": "Described differently",
}
Row = Presence | Grant | AccountAttributes


@page("app:read")
def differences(request: Request, app_id: str) -> HttpResponseBase:
    """One kind of difference in a table; how many of each on its tab."""
    app = app_for(request.actor, app_id)
    if wants_file(request):
        require(request.actor, "account:export", app.public_id)
    syncs = list(Sync.objects.filter(app=app)[:_MOST_SYNCS])
    older, newer = _two(request, syncs)
    found = between(older, newer) if older and newer else None
    kind = request.GET.get("kind", "joined")
    kind = kind if kind in _KINDS else "joined"
    counts = _counts(found)
    known = next(number for one, _label, number in counts if one == kind)
    said = (("from", str(older.number if older else 0)), ("to", str(newer.number if newer else 0)))
    return show(
        request,
        "access/differences.html",
        replace(_table(kind, (*said, ("kind", kind))), known=known),
        _rows(found, kind),
        app=app,
        syncs=syncs,
        older=older,
        newer=newer,
        kind=kind,
        kinds=counts,
        crumbs=app_crumbs(app, ("Changes", "access:feed")),
        prefix=f"{app.name} {kind} {' to '.join(number for _name, number in said)}",
    )


def _two(request: Request, syncs: list[Sync]) -> tuple[Sync | None, Sync | None]:
    """The two syncs that were asked for, older first; the last two unless said otherwise.

    Raises:
        Invalid: one of them is not there.
    """
    by_number = {one.number: one for one in syncs}
    texts = [request.GET.get(name, "") for name in ("from", "to")]
    if not any(texts):
        newest = sorted(by_number)[-2:]
        return (by_number[newest[0]], by_number[newest[-1]]) if newest else (None, None)
    numbers = sorted(int(text) for text in texts if _NUMBER.fullmatch(text))
    if len(numbers) != len(texts) or not set(numbers) <= set(by_number):
        raise Invalid("This app has no such sync.", hint="Choose two of the list.")
    return by_number[numbers[0]], by_number[numbers[1]]


def _rows(found: Differences | None, kind: str) -> QuerySet[Any]:
    return getattr(found, kind) if found else Presence.objects.none()


def _counts(found: Differences | None) -> list[tuple[str, str, int]]:
    return [
        (kind, label, getattr(found, kind).count() if found else 0)
        for kind, label in _KINDS.items()
    ]


_OF_ACCOUNT: Final[tuple[Column[Any], ...]] = (
    Column(
        name="account",
        label="Account",
        value=lambda row: str(row.account),
        show=lambda row: account_cell(row.account),
        sort=("account__name",),
        filed=True,
    ),
    Column(
        name="email", label="E-mail", value=lambda row: row.account.email, usual=False,
        sort=("account__email",), filed=True,
    ),
    Column(
        name="id", label="Id", value=lambda row: row.account.external_id, usual=False,
        filed=True,
    ),
)  # fmt: skip


def _table(kind: str, keep: tuple[tuple[str, str], ...]) -> Table[Any]:
    columns = list(_OF_ACCOUNT)
    related = ["account"]
    if kind in {"gained", "lost"}:
        related.append("entitlement")
        columns.append(
            Column(
                name="entitlement",
                label="Role or group",
                value=lambda row: row.entitlement.name,
                show=lambda row: entitlement_name(row.entitlement),
                sort=("entitlement__name", "account__name"),
            )
        )
        columns.append(Column(name="what", label="Kind", value=_kind_text, show=_kind_mark))
    if kind == "edited":
        columns.append(Column(name="now", label="Now", value=lambda row: f"{row.name} {row.email}"))
    return Table(
        noun=f"accounts that {_KINDS[kind].lower()}" if kind != "edited" else "descriptions",
        columns=tuple(columns),
        order="account",
        search=beginning_with("account__search"),
        search_label="Search names and e-mails",
        fetch=lambda rows: rows.select_related(*related),
        keep=keep,
    )


def _kind_text(row: Grant) -> str:
    return row.entitlement.get_kind_display()


def _kind_mark(row: Grant) -> SafeString:
    return mark(_kind_text(row), row.entitlement.kind)
