"""`rolecall-notion diff`: what changed between two files, or between the last two syncs of one.

Parses, opens, renders; what a difference means is told by `changes`. Exit status 0 whether or not
anything changed. Asks Notion nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from rolecall.baton.c1z.reader import open_c1z
from rolecall.baton.c1z.syncs import last_two_full, newest_finished
from rolecall.baton.c1z.views import View
from rolecall.connector.changes import COLUMNS, Change, Past, reservations, story
from rolecall.connector.files import (
    chosen_file,
    file_option,
    output_option,
    scratch,
    standard_output,
)
from rolecall.connector.snapshot import label, stamp
from rolecall.connector.tables import Form, legible, render
from rolecall.errors import Gone, Invalid

__all__ = ["command"]

_TWO = 2


@click.command("diff", short_help="Show what changed between two syncs.")
@click.argument("files", nargs=-1, metavar="[OLD NEW]", type=click.Path(path_type=Path))
@file_option
@output_option
def command(files: tuple[Path, ...], file: str | None, output: Form) -> None:
    """Show what changed: from OLD to NEW, or between the last two full syncs of one file."""
    if len(files) not in {0, _TWO}:
        raise Invalid(
            f"`diff` compares two files, not {len(files)}.",
            hint="Write `diff OLD NEW`, or `diff -f FILE` for the last two syncs in it.",
        )
    with ExitStack() as stack:
        if files:
            old, new = (_newest(path, stack) for path in files)
        else:
            old, new = _last_two(chosen_file(file), stack)
        for line in [*_labels(old, new), *reservations(old, new)]:
            click.echo(line, err=True)
        _write(story(old, new), output)


def _newest(path: Path, stack: ExitStack) -> Past:
    """The newest finished sync of a file."""
    reader = stack.enter_context(open_c1z(path, scratch=scratch()))
    run = newest_finished(reader.syncs())
    if run is None:
        raise Gone(f"{path} holds no finished sync.", hint="Sync again, or name another file.")
    return Past(view=View(reader, run.sync_id), run=run)


def _last_two(path: Path, stack: ExitStack) -> tuple[Past, Past]:
    """The two newest finished full syncs of one file, older one first."""
    reader = stack.enter_context(open_c1z(path, scratch=scratch()))
    pair = last_two_full(reader.syncs())
    if pair is None:
        raise Gone(
            f"{path} holds fewer than two finished full syncs.",
            hint="Sync again, or compare two files: `diff OLD NEW`.",
        )
    old, new = (Past(view=View(reader, run.sync_id), run=run) for run in pair)
    return old, new


def _labels(old: Past, new: Past) -> Iterator[str]:
    """Which syncs these are, and what they lack."""
    yield f"From sync {old.run.sync_id}, {stamp(old.run)}, to {new.run.sync_id}, {stamp(new.run)}."
    for past in (old, new):
        if said := label(past.run, past.view.kinds):
            yield said


def _write(changes: Iterable[Change], output: Form) -> None:
    """Sentences for people, every change with all its fields for programs."""
    out = standard_output(output)
    if output != "table":
        render(COLUMNS, (change.cells for change in changes), form=output, out=out)
        return
    told = 0
    for change in changes:
        if not change.implied:
            out.write(f"{legible(change.sentence)}\n")
            told += 1
    if not told:
        out.write("Nothing changed.\n")
