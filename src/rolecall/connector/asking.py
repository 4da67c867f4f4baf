"""What all commands that change Notion share: their options, the way from words to an exit status.

Parses, plans, carries out, and hands the lines to `telling`. Decides nothing about Notion.
"""

import asyncio
import os
import pwd
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import click

from rolecall.connector import log
from rolecall.connector.command import until_signalled, world
from rolecall.connector.guard import Denied
from rolecall.connector.progress import progress
from rolecall.connector.provision.batch import Plan, carry_out, make_plan
from rolecall.connector.provision.desk import LiveDesk, open_desk
from rolecall.connector.provision.line import Line
from rolecall.connector.provision.wish import Wish
from rolecall.connector.tables import Form
from rolecall.connector.telling import announce, tell_plan, tell_results
from rolecall.errors import Error, Refused

__all__ = ["Asked", "actor", "at_desk", "change", "change_options"]

_F = TypeVar("_F", bound=Callable[..., Any])

WATCHED: Final = 5
"""From so many wishes on it takes seconds, and somebody wants to see how far it is."""

_OVERRIDING: Final = ("file", "journal", "yes_really")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of a command that changes Notion."""

    dry_run: bool
    why: str
    output: Form
    stop_on_error: bool = True
    file: str | None = None
    journal: str | None = None
    yes_really: int | None = None


def change_options(*, forms: Sequence[str] = ("table", "json")) -> Callable[[_F], _F]:
    """Add the options that every changing command has; they may stand before it as well.

    Args:
        forms: of the output.
    """
    options = (
        click.option("-n", "--dry-run", is_flag=True, help="Print the plan, and change nothing."),
        click.option("--why", default="", metavar="TEXT", help="The reason, for the journal."),
        click.option(
            "-o",
            "--output",
            type=click.Choice(list(forms)),
            default="table",
            show_default=True,
            help="Sentences for people, or lines for programs.",
        ),
        click.option(
            "--yes-really",
            type=click.IntRange(1),
            metavar="N",
            help="Agree to exactly so many people changed within the hour, above the cap.",
        ),
        click.option(
            "-f", "--file", type=click.Path(), help="The c1z file beside which the journal is."
        ),
        click.option("--journal", metavar="DIR", help="The folder that records every change."),
    )

    def add(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def at_desk(asked: Asked, *, changing: bool) -> AbstractAsyncContextManager[LiveDesk]:
    """A desk for a command, by the flags before and after it."""
    root = click.get_current_context().find_root().params
    own = {key: value for key in _OVERRIDING if (value := getattr(asked, key)) is not None}
    return open_desk({**root, **own}, world(), actor=actor(), notice=log.warn, changing=changing)


def actor() -> str:
    """Who asks: the user of the operating system."""
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run as a number without a name
        return f"uid {user}"


def change(wishes: Sequence[Wish], asked: Asked, *, batch: bool = False) -> None:
    """Plan, carry out unless it is a dry run, and print; then leave with the right status.

    Args:
        wishes: what is asked for.
        asked: the options.
        batch: whether it is a file of wishes, shown as a table.

    Raises:
        Error: the one wish failed, or all did for the same reason.
    """
    lines = list[Line]()
    try:
        until_signalled(_dry(wishes, asked, lines) if asked.dry_run else _do(wishes, asked, lines))
    finally:  # what was done before a signal or a failure is told as well
        lines.sort(key=lambda line: line.wish.row)
        told = tell_plan if asked.dry_run else tell_results
        if lines:
            told(lines, form=asked.output, batch=batch)
    _leave(lines, alone=not batch and len(wishes) == 1)


async def _dry(wishes: Sequence[Wish], asked: Asked, lines: list[Line]) -> None:
    async with at_desk(asked, changing=False) as desk:
        plan = await make_plan(wishes, desk)
        lines += plan.lines()
        _say_notes(plan)
        if plan.people:
            hour = f"; with those of the last hour, {plan.counted}"
            log.info(f"People who would be changed: {len(plan.people)}{hour}.")
        log.info("A dry run: nothing was changed.")
        if isinstance(plan.verdict, Denied):
            lines[:] = [_denied(line, plan.verdict) for line in lines]


def _denied(line: Line, verdict: Denied) -> Line:
    """More people than may be changed: nothing of the plan would be done."""
    if line.outcome not in {"planned", "refused"}:
        return line
    error = Refused(verdict.why, hint=verdict.way_out)
    return replace(line, outcome="refused", guard=f"refused: {error}", error=error)


async def _do(wishes: Sequence[Wish], asked: Asked, lines: list[Line]) -> None:
    async with at_desk(asked, changing=True) as desk:
        for entry, became in desk.resolved:
            log.warn(f"Left open by an earlier run: {entry.opened.step.says} Now {became}.")
        plan = await make_plan(wishes, desk)
        _say_notes(plan)
        announce(plan.lines())
        watched = sys.stderr.isatty() and len(wishes) >= WATCHED
        with progress(terminal=watched, doing="Changing Notion") as tick:

            def report(line: Line) -> None:
                lines.append(line)
                tick("changes", len(lines), len(wishes))

            try:
                await carry_out(
                    plan, desk, report, why=asked.why, stop_on_error=asked.stop_on_error
                )
            except asyncio.CancelledError:
                log.warn("Interrupted; what was under way is looked at by the next change.")
                raise


def _say_notes(plan: Plan) -> None:
    for note in plan.notes:
        log.warn(note)


def _leave(lines: Sequence[Line], *, alone: bool) -> None:
    """With the status of the first failure; one wish alone fails as an error."""
    failures = [line.error for line in lines if line.error]
    if alone and failures:
        raise failures[0]
    if failures:
        _same(failures)
        click.get_current_context().exit(int(failures[0].code))


def _same(failures: Sequence[Error]) -> None:
    """Raise what is the same for all; it is said once, not for each."""
    if len({str(one) for one in failures}) == 1:
        raise failures[0]
