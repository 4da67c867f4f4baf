"""Long lists in pieces: `?limit=` at most 500, `?after=` the id of the last row one has seen.

Rows are in the order of their making, so that nothing is missed or told twice while others write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Schema
from pydantic import Field

from rolecall.errors import Invalid
from rolecall.server.api.values import Query

__all__ = ["Cut", "Page", "Window", "cut"]

T = TypeVar("T")
M = TypeVar("M", bound=Model)


class Window(Schema):
    """Which piece."""

    limit: int = Field(50, ge=1, le=500, description="How many rows at most.")
    after: Query = Field("", description="`next` of the piece before.")


class Page(Schema, Generic[T]):
    """A piece of a list."""

    items: list[T]
    next: str | None = Field(description="For `after`; null is: this was the last piece.")


@dataclass(frozen=True, kw_only=True)
class Cut(Generic[M]):
    """A piece, before it is described."""

    items: Sequence[M]
    next: str | None


def cut(
    rows: QuerySet[M], window: Window, *, by: str = "public_id", newest_first: bool = False
) -> Cut[M]:
    """One piece of these rows.

    Args:
        rows: those that the caller may see.
        window: which piece.
        by: the field that names a row to callers.
        newest_first: for what grows at its end.

    Raises:
        Invalid: `after` is no row of this list.
    """
    ordered = rows.order_by("-pk" if newest_first else "pk")
    if window.after:
        try:
            seen = rows.order_by().filter(**{by: window.after}).values_list("pk", flat=True).first()
        except ValueError:  # a number was wanted
            seen = None
        if seen is None:
            raise Invalid(
                f"after={window.after!r} is no row of this list.", hint="Begin without it."
            )
        ordered = ordered.filter(**{"pk__lt" if newest_first else "pk__gt": seen})
    found = list(ordered[: window.limit + 1])
    items, more = found[: window.limit], len(found) > window.limit
    return Cut(items=items, next=str(getattr(items[-1], by)) if more else None)
