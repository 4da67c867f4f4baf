"""What apps and connectors are called over which somebody has a role.

A role is over an id, and people know neither apps nor connectors; the nouns that do say how to name
them, once everything is loaded.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Named", "named", "register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something that a role is over."""

    name: str
    address: str
    """Of its page."""


Names = Callable[[Collection[str]], Iterator[tuple[str, Named]]]
"""Public ids → those that are there, each with its name."""

_nouns: dict[str, Names] = {}


def register(noun: str, names: Names) -> None:
    """Have these named by this function."""
    _nouns[noun] = names


def named(scopes: Collection[str]) -> Mapping[str, Named]:
    """Those that anybody knows, by their ids."""
    return {one: found for names in _nouns.values() for one, found in names(scopes)}
