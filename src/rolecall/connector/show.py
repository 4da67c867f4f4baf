"""`rolecall-notion show`: accounts, groups, roles, and what one person holds, from the file.

Parses, calls `snapshot`, renders. Asks Notion nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

import click

from rolecall.connector.files import file_option, output_option, shown, standard_output
from rolecall.connector.snapshot import COLUMNS, What, find_account, rows, rows_of_access
from rolecall.connector.tables import Form, legible, render
from rolecall.errors import Invalid

__all__ = ["command"]

_FOR_PEOPLE: Final = ("name", "email", "role", "status", "title", "groups", "other emails", "id")
_OF_THE_PERSON: Final = 3  # the first cells of an access row repeat who is meant


@click.command("show", short_help="Show accounts, groups, roles, or somebody's access.")
@click.argument("what", type=click.Choice(["accounts", "groups", "roles", "access"]))
@click.argument("who", required=False)
@file_option
@output_option
def command(what: What, who: str | None, file: str | None, output: Form) -> None:
    """Show what the file knows: accounts, groups, roles, or everything that WHO holds.

    WHO is an id, any e-mail address of the person, or an unambiguous name.
    """
    if (what == "access") != (who is not None):
        raise Invalid(
            "`show access` needs to know whose." if what == "access" else f"What is {who!r} for?",
            hint="Write `show access WHO`, or `show accounts`, `show groups`, `show roles`.",
        )
    if who is None:
        _everything(what, file, output)
    else:
        _one_person(who, file, output)


def _everything(what: What, file: str | None, output: Form) -> None:
    """One of the three lists."""
    with shown(file) as (view, _):
        columns, found = COLUMNS[what], rows(view, what)
        if (output, what) == ("table", "accounts"):
            columns, found = _FOR_PEOPLE, (_for_people(row) for row in found)
        render(columns, found, form=output, out=standard_output(output))


def _for_people(row: Sequence[Any]) -> tuple[Any, ...]:
    """Who it is first, ids last, and only those addresses that are not yet there."""
    key, name, email, emails, role, status, title, groups = row
    others = [address for address in emails if address != email]
    return name, email, role, status, title, groups, others, key


def _one_person(who: str, file: str | None, output: Form) -> None:
    """Everything that one person holds; a table leaves out the columns that repeat the person."""
    with shown(file) as (view, _):
        person = find_account(view, who)
        columns, held = COLUMNS["access"], rows_of_access(view, person)
        if output == "table":
            click.echo(f"{legible(str(person))}, {person.status}", err=True)
            columns, held = columns[_OF_THE_PERSON:], (row[_OF_THE_PERSON:] for row in held)
        out = standard_output(output)
        render(columns, held, form=output, out=out)
