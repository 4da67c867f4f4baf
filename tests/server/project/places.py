"""Folders for clusters of a test's own: short, and open to the database's user on the way."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def a_place() -> Iterator[Path]:
    """A new folder that everybody can pass through; pytest's own are closed to the database."""
    folder = Path(tempfile.mkdtemp(prefix="rolecall-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
