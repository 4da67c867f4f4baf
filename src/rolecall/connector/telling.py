"""Plans and results of changes, for people as sentences and for programs as lines. Only prints."""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

import click

from rolecall.connector.files import standard_output
from rolecall.connector.provision.line import COLUMNS, Line
from rolecall.connector.tables import Form, legible, render

__all__ = ["announce", "tell_plan", "tell_results", "verified"]

_PLANNED: Final = ("row", "outcome", "says", "undo")
_RESULTS: Final = ("row", "outcome", "says", "entry")
SHOWN: Final = 10
"""So many steps are announced one by one; more are counted."""


def announce(lines: Sequence[Line]) -> None:
    """Say on stderr what is about to be done; nobody is asked, scripts run this."""
    planned = [line for line in lines if line.outcome == "planned"]
    if len(lines) > SHOWN:
        wrong = sum(line.error is not None or line.outcome == "refused" for line in lines)
        already = sum(line.outcome == "already" for line in lines)
        click.echo(f"{len(planned)} to do, {already} already so, {wrong} impossible.", err=True)
        return
    for line in planned:
        if line.before:  # otherwise it is worked out later
            click.echo(legible(f"→ {line.says} ({line.before} → {line.after})"), err=True)


def tell_plan(lines: Sequence[Line], *, form: Form, batch: bool) -> None:
    """What would be done, in the order in which it was asked."""
    if form != "table" or batch:
        _render(lines, form, _PLANNED)
        return
    for line in lines:
        for text in _plan(line):
            click.echo(legible(text))


def _plan(line: Line) -> list[str]:
    """One wish of a plan, as lines of text."""
    facts = (
        ("from → to", f"{line.before} → {line.after}" if line.before else ""),
        ("calls", ", ".join(line.calls)),
        ("guard", line.guard),
        ("undo", line.undo),
        ("differs", "; ".join(line.differs)),
        ("note", " ".join(line.notes)),
    )
    first = f"Already so: {line.says}" if line.outcome == "already" else line.says
    return [first, *(f"  {name + ':':10} {text}" for name, text in facts if text)]


def tell_results(lines: Sequence[Line], *, form: Form, batch: bool) -> None:
    """What became of each wish; failures of a single one are the caller's to raise."""
    if form != "table" or batch:
        _render(lines, form, _RESULTS)
        return
    for line, following in zip_longest(lines, lines[1:]):
        shared = following is not None and following.entry == line.entry != ""
        if line.outcome != "failed" or len(lines) > 1:
            click.echo(legible(_result(line, last=not shared)))
        for text in (*(f"  differs: {one}" for one in line.differs), *line.notes):
            click.echo(legible(f"  {text.strip()}"))


def _result(line: Line, *, last: bool) -> str:
    """One result as a sentence; people who share an entry are followed by it once."""
    if line.outcome == "already":
        return line.says if "already" in line.says else f"Already so: {line.says}"
    if line.outcome != "done":
        return f"{line.wish.who or 'Not done'}: {line.says}"
    return f"{line.says} {verified(line.seen_at)}{_way_back(line)}" if last else line.says


def verified(seen_at: datetime | None) -> str:
    """When Notion showed it."""
    return f"Verified {seen_at:%H:%M:%S} UTC." if seen_at else ""


def _way_back(line: Line) -> str:
    if not line.entry:
        return ""
    how, _, why = line.undo.partition(": ")
    if how == "not":
        return f" There is no way back: {why}."
    note = f" ({why})" if why else ""
    return f" Undo{note}: rolecall-notion undo {line.entry}"


def _render(lines: Sequence[Line], form: Form, for_people: Sequence[str]) -> None:
    out = standard_output(form)
    if form == "json":
        click.echo(json.dumps([_record(one) for one in lines], ensure_ascii=False, indent=1))
        return
    wanted = COLUMNS if form == "csv" else for_people
    rows = (_record(line) for line in lines)
    render(wanted, ([row[name] for name in wanted] for row in rows), form=form, out=out)


def _record(line: Line) -> dict[str, Any]:
    return dict(zip(COLUMNS, line.cells(), strict=True))
