"""Search by the beginning of words, with PostgreSQL's own index.

Words are prefixes and all must fit: `an co` finds Ana Costa.
"""

import re
from collections.abc import Callable
from typing import Final

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

__all__ = ["beginning_with", "prefix_query", "words_of"]

_WORD: Final = re.compile(r"\w+")
_MOST: Final = 6


def words_of(text: str) -> list[str]:
    """The words of what somebody typed; the first six."""
    return _WORD.findall(text)[:_MOST]


def prefix_query(words: list[str]) -> SearchQuery:
    """A query that each word begins some word of the row."""
    return SearchQuery(
        " & ".join(f"'{word}':*" for word in words), search_type="raw", config="simple"
    )


def beginning_with(column: str) -> Callable[[str], Q]:
    """The search of a table by a column of search vectors; nothing but signs finds nothing."""

    def condition(text: str) -> Q:
        words = words_of(text)
        return Q(**{column: prefix_query(words)}) if words else Q(pk__in=())

    return condition
