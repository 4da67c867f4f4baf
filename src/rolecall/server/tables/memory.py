"""What a user has saved of a table; whoever keeps that is told by `register`, and asked here."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

__all__ = ["Entry", "Remembered", "register", "remembered"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A saved view."""

    name: str
    address: str
    edit: str
    """Where it is changed; empty: it is somebody else's."""
    by: str
    """Whose it is, where it is somebody else's."""
    shared: bool
    current: bool
    """Whether it is what is shown."""


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What is known for one page and its viewer."""

    table: str = ""
    """The table's name; empty: nobody keeps anything."""
    savable: bool = False
    columns: tuple[str, ...] = ()
    """Those that the viewer wants to see; none: the usual ones."""
    views: tuple[Entry, ...] = ()


_keepers: list[Callable[[HttpRequest], Remembered]] = []


def register(keeper: Callable[[HttpRequest], Remembered]) -> None:
    """Ask this one from now on."""
    _keepers[:] = [keeper]


def remembered(request: HttpRequest) -> Remembered:
    """What is saved for this page."""
    return _keepers[0](request) if _keepers else Remembered()
