"""Which c1z a reading command means, and opening it. Shared by `show`, `diff` and `export`.

Owns the option `-f`, which may stand before or after the sub-command, and the line on stderr that
labels a sync which is not a full one. Writes nothing else.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click

from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.c1z.syncs import SyncRun
from rolecall.baton.c1z.views import View
from rolecall.connector.snapshot import label
from rolecall.connector.tables import Form

__all__ = [
    "DEFAULT_FILE",
    "chosen_file",
    "file_option",
    "output_option",
    "scratch",
    "shown",
    "standard_output",
]

DEFAULT_FILE: Final = "sync.c1z"
_F = TypeVar("_F", bound=Callable[..., Any])


def file_option(command: _F) -> _F:
    """Add `-f/--file` to a command."""
    return click.option(
        "-f", "--file", "file", type=click.Path(), default=None, help="The c1z file to read."
    )(command)


def output_option(command: _F) -> _F:
    """Add `-o/--output` to a command."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json", "csv"]),
        default="table",
        show_default=True,
        help="A table for people, or JSON or CSV for programs.",
    )(command)


def _of_root(name: str) -> Any:  # noqa: ANN401  # whatever click parsed
    """An option of the outermost command, None when it has no such option."""
    return click.get_current_context().find_root().params.get(name)


def chosen_file(given: str | None) -> Path:
    """The file named after the sub-command, else before it, else `sync.c1z` here."""
    return Path(given or _of_root("file") or DEFAULT_FILE)


def scratch() -> Path | None:
    """Where to unpack; None for the system's temporary folder."""
    folder = _of_root("c1z_temp_dir")
    return Path(folder) if folder else None


def standard_output(form: Form) -> IO[str]:
    """Standard output, prepared so that no name on earth makes it fail.

    Programs get UTF-8 whatever the locale; people get a question mark for what they cannot see.
    """
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and form == "table":
        out.reconfigure(errors="replace")
    elif isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8")
    return out


@contextmanager
def shown(given: str | None) -> Iterator[tuple[View, SyncRun]]:
    """Open the chosen file at the sync it shows, and label that sync on stderr unless it is full.

    Raises:
        BadFile: the file is missing, foreign or damaged.
        Gone: it holds no sync.
    """
    with open_c1z(chosen_file(given), scratch=scratch()) as reader:
        run = reader.sync()
        view = View(reader, run.sync_id)
        said = label(run, view.kinds)
        if said:
            click.echo(said, err=True)
        yield view, run
