"""What the frame of every page needs: where one can go, and how it looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from rolecall.server.people.permissions import ACTIONS, roles_of

__all__ = ["THEMES", "THEME_COOKIE", "Entry", "Group", "shell"]

THEMES: Final = ("light", "dark")
THEME_COOKIE: Final = "rolecall-theme"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A place one can go to."""

    label: str
    icon: str
    address: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Group:
    """Places that belong together, under a label."""

    label: str
    entries: tuple[Entry, ...]


_PLACES: Final = (
    ("", (("Home", "home", "home", "home:read"),)),
    ("Access", (("Apps", "apps", "access:apps", "app:list"),
                ("Matching", "link", "access:matching", "account:read"),
                ("Administrators", "role", "policies:administrators", "policy:read"),
                ("Seats", "person", "seats:overview", "app:read"),
                ("Decisions", "change", "orders:decisions", "order:read"),
                ("People", "people", "people:persons", "person:read"),
                ("Evidence", "audit", "evidence:files", "account:export"))),
    ("Integrations", (("Connectors", "plug", "connectors:list", "connector:list"),)),
    ("Admin", (("Users", "key", "people:users", "user:read"),
               ("Audit", "audit", "audit:events", "audit:read"),
               ("Settings", "gear", "settings", "settings:read"))),
)  # fmt: skip
"""Group → label, icon, name of the address, action that one must be allowed."""
_INSIDE: Final = {
    "access:apps": ("/accounts/", "/entitlements/"),
    "orders:decisions": ("/orders/", "/by-hand", "/drift"),
}
"""Where one still is in a place, though its address begins otherwise."""


def shell(request: HttpRequest) -> dict[str, Any]:
    """The navigation this person may use, and the looks they chose."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    context = {"theme": theme if theme in THEMES else "", "navigation": ()}
    actor = getattr(request, "actor", None)
    if actor is None:
        return context
    held = {role for role, _scope in roles_of(actor)}
    groups = (
        Group(label=label, entries=tuple(_entries(places, held, request.path)))
        for label, places in _PLACES
    )
    return context | {"navigation": [group for group in groups if group.entries]}


def _entries(
    places: tuple[tuple[str, str, str, str], ...], held: set[str], path: str
) -> Iterator[Entry]:
    for label, icon, name, action in places:
        address = _address(name)
        if address and held & ACTIONS[action]:
            inside = (address, *_INSIDE.get(name, ()))
            here = path == address if address == "/" else path.startswith(inside)
            yield Entry(label=label, icon=icon, address=address, current=here)


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""  # a noun whose pages are not there yet
