"""`rolecall-notion journal` and `undo`: what was changed, by whom, and the way back."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import click

from rolecall.connector import log
from rolecall.connector.asking import Asked, at_desk, change_options
from rolecall.connector.command import until_signalled
from rolecall.connector.files import output_option, standard_output
from rolecall.connector.provision.desk import journal_folder
from rolecall.connector.provision.journal import Entry, FolderJournal, Journal
from rolecall.connector.provision.line import Line, as_text, planned_line
from rolecall.connector.provision.settle import Result
from rolecall.connector.provision.undo import plan_undo
from rolecall.connector.provision.undo import undo as reverse
from rolecall.connector.provision.wish import Wish
from rolecall.connector.tables import Form, legible, render
from rolecall.connector.telling import tell_plan, tell_results

__all__ = ["journal", "undo"]

COLUMNS: Final = ("entry", "at", "actor", "state", "says", "undo", "undoes", "undone_by", "why")
_FOR_PEOPLE: Final = ("at", "actor", "state", "says", "entry")
_EVENTS: Final = ("at", "event", "status", "says")


@click.command(
    "journal",
    short_help="Show what was changed; look what became of open entries.",
    context_settings={"default_map": {}},  # the setting `journal` is not this command's defaults
)
@click.argument("entry", required=False)
@click.option(
    "--resolve", is_flag=True, help="Look in Notion what became of entries that a crash left open."
)
@click.option("-f", "--file", type=click.Path(), help="The c1z file beside which the journal is.")
@click.option("--journal", "folder", metavar="DIR", help="The folder that records every change.")
@output_option
def journal(
    entry: str | None, *, resolve: bool, file: str | None, folder: str | None, output: Form
) -> None:
    """Show every change of the journal, oldest first, or all that happened with one ENTRY."""
    if resolve:
        until_signalled(
            _resolve(Asked(dry_run=False, why="", output=output, file=file, journal=folder))
        )
    values = dict(click.get_current_context().find_root().params)
    values |= {key: value for key, value in (("file", file), ("journal", folder)) if value}
    book = FolderJournal(journal_folder(values))
    if entry:
        _show(book.entry(entry), output)
        return
    columns = COLUMNS if output != "table" else _FOR_PEOPLE
    rows = ([row[name] for name in columns] for row in _rows(book))
    render(columns, rows, form=output, out=standard_output(output))


async def _resolve(asked: Asked) -> None:
    async with at_desk(asked, changing=True) as desk:
        for entry, became in desk.resolved:
            log.info(f"{entry.opened.step.says} Now {became}.", entry=entry.opened.id)
        if not desk.resolved:
            log.info("No entry is open.")


def _rows(book: FolderJournal) -> Iterator[dict[str, str]]:
    entries = list(book.entries())
    undone = {e.opened.undoes: e.opened.id for e in entries if e.state == "verified"}
    for entry in entries:
        opened = entry.opened
        yield {
            "entry": opened.id,
            "at": f"{opened.at:%Y-%m-%d %H:%M:%S}Z",
            "actor": opened.actor,
            "state": entry.state,
            "says": opened.step.says,
            "undo": opened.step.undo.how,
            "undoes": opened.undoes,
            "undone_by": undone.get(opened.id, ""),
            "why": opened.why,
        }


def _show(entry: Entry, output: Form) -> None:
    """One entry: what was meant, then everything that happened."""
    opened, step = entry.opened, entry.opened.step
    if output == "table":
        facts = (
            ("what", step.says),
            ("from → to", f"{step.before} → {step.after}"),
            ("who, when", f"{opened.actor}, {opened.at:%Y-%m-%d %H:%M:%S} UTC"),
            ("why", opened.why),
            ("workspace", opened.workspace),
            ("undo", as_text(step.undo)),
            ("undoes", opened.undoes),
            ("state", entry.state),
        )
        for name, text in facts:
            if text:
                click.echo(legible(f"{name + ':':11} {text}"))
    rows = (
        (f"{one.at:%Y-%m-%d %H:%M:%S}Z", one.event, one.status or "", one.says)
        for one in entry.happened
    )
    render(_EVENTS, rows, form=output, out=standard_output(output))


@click.command("undo", short_help="Reverse a change of the journal.")
@click.argument("entry")
@change_options()
def undo(entry: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Reverse the change that ENTRY of the journal records, as long as Notion still shows it.

    It is a change like any other: planned, guarded, recorded and verified.
    """
    asked = Asked(**options)
    if asked.dry_run:
        tell_plan(until_signalled(_planned(entry, asked)), form=asked.output, batch=False)
        return
    tell_results(until_signalled(_undone(entry, asked)), form=asked.output, batch=False)


async def _planned(entry: str, asked: Asked) -> list[Line]:
    async with at_desk(asked, changing=False) as desk:
        first, following = await plan_undo(entry, desk)
        then = (Line(wish=_wish(n), outcome="planned", says=s) for n, s in enumerate(following, 2))
        return [planned_line(_wish(1), first), *then]


async def _undone(entry: str, asked: Asked) -> list[Line]:
    async with at_desk(asked, changing=True) as desk:
        results = await reverse(entry, desk, why=asked.why)
        empty = (Line(wish=_wish(n), outcome="done", says="") for n in range(1, len(results) + 1))
        ways = (_way(desk.journal, result) for result in results)
        lines = (replace(one, undo=way) for one, way in zip(empty, ways, strict=True))
        return [one.done(result) for one, result in zip(lines, results, strict=True)]


def _way(book: Journal, result: Result) -> str:
    """The way back from a reversal, which is a change like any other."""
    return as_text(book.entry(result.entry).opened.step.undo) if result.entry else ""


def _wish(row: int) -> Wish:
    return Wish(verb="undo", row=row)
