"""Static files under addresses that change with their content, so that browsers keep them long."""

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage

__all__ = ["DigestedStorage"]


class DigestedStorage(StaticFilesStorage):
    """Django's, whose addresses end with a digest: another file, another address."""

    def url(self, name: str | None) -> str:
        """The address of a file, as templates name it."""
        address: str = super().url(name)
        digest = _digest(name or "")
        return f"{address}?v={digest}" if digest else address


@cache
def _digest(name: str) -> str:
    """Of the file's content; empty where there is no such file."""
    path = finders.find(name)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12] if path else ""
