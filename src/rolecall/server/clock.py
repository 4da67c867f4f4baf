"""The one place of the server that reads the clock; views, API doors and jobs ask here."""

from datetime import UTC, datetime

__all__ = ["now"]


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)
