"""Where an access comes from, as far as a noun above knows: from us, from before us, from outside.

Access sees what is there and not who brought it; whoever orders changes registers what it knows.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from rolecall.server.access.models import Change, Grant, Presence
from rolecall.server.tables.look import Look

__all__ = ["Sources", "known", "look_of", "mark", "register"]

Origined = Grant | Presence | Change


class Sources(Protocol):
    """What is asked: for each row, by its key, `ours`, `before` or `outside`."""

    def of_grants(self, grants: Collection[Grant]) -> Mapping[int, str]:
        """Of grants, held now or before."""

    def of_presences(self, presences: Collection[Presence]) -> Mapping[int, str]:
        """Of accounts that are or were there."""

    def of_changes(self, changes: Collection[Change]) -> Mapping[int, str]:
        """Of what syncs found different."""


_LOOKS: Final = MappingProxyType({
    "ours": Look(word="By us", tone="good", icon="rolecall"),
    "before": Look(word="Before us", tone="idle", icon="clock"),
    "outside": Look(word="Outside", tone="warn", icon="globe"),
})  # fmt: skip
_sources: list[Sources] = []


def register(sources: Sources) -> None:
    """Ask this from now on."""
    _sources[:] = [sources]


def look_of(origin: str) -> Look | None:
    """How it is marked; None where it is not known."""
    return _LOOKS.get(origin)


def mark(rows: Sequence[Origined]) -> None:
    """Give rows of one kind their mark, as `origin`; None where nobody knows."""
    told = known(rows)
    for row in rows:
        row.origin = look_of(told.get(row.pk, ""))  # type: ignore[union-attr]


def known(rows: Sequence[Origined]) -> Mapping[int, str]:
    """Of rows of one kind, by their keys: `ours`, `before`, `outside`; missing where nobody knows.

    What syncs found different is never called `before`.
    """
    if not rows:
        return {}
    questions: dict[type, str] = {
        Grant: "of_grants", Presence: "of_presences", Change: "of_changes"
    }  # fmt: skip
    name = questions[type(rows[0])]
    return {key: origin for one in _sources for key, origin in getattr(one, name)(rows).items()}
