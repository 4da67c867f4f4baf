"""Tell the nouns above that persons have changed: accounts are matched to them there.

People knows no accounts; whoever does registers a function, which runs in the same transaction.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

__all__ = ["Listener", "register", "tell"]


class Listener(Protocol):
    """What is called."""

    def __call__(
        self, persons: Collection[int], addresses: Collection[str], *, now: datetime
    ) -> None:
        """Given the persons (keys), and the folded addresses that any of them has or had."""


_listeners: dict[str, Listener] = {}


def register(noun: str, listener: Listener) -> None:
    """Have this called whenever persons or their addresses change."""
    _listeners[noun] = listener


def tell(persons: Collection[int], addresses: Collection[str], now: datetime) -> None:
    """Tell all of them."""
    for listener in _listeners.values():
        listener(persons, addresses, now=now)
