"""Tell the nouns above that access was seen to change in an app: seats are counted there.

Access knows no seats; whoever does registers a function, which runs in the same transaction, under
the app's lock, once the periods and the columns of current facts agree.
"""

from datetime import datetime
from typing import Protocol

from rolecall.server.access.models import App

__all__ = ["Listener", "register", "tell"]


class Listener(Protocol):
    """What is called."""

    def __call__(self, app: App, *, since: datetime) -> None:
        """Given the app, and the moment from which on its periods may have changed."""


_listeners: dict[str, Listener] = {}


def register(noun: str, listener: Listener) -> None:
    """Have this called whenever accounts or what they hold have changed."""
    _listeners[noun] = listener


def tell(app: App, *, since: datetime) -> None:
    """Tell all of them."""
    for listener in _listeners.values():
        listener(app, since=since)
