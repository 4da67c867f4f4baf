"""`rolecall-notion check`: the checklist of `checklist`, printed, and its exit status."""

from typing import Final

import click

from rolecall.connector.checklist import checklist, status
from rolecall.connector.command import now, until_signalled
from rolecall.connector.files import output_option, standard_output
from rolecall.connector.job import check
from rolecall.connector.settings import job_of
from rolecall.connector.tables import Form, render

__all__ = ["command"]

COLUMNS: Final = ("what", "ok", "found", "missing")


@click.command("check", short_help="Say what the credentials can read, and what is missing.")
@output_option
@click.pass_context
def command(context: click.Context, output: Form) -> None:
    """Ask Notion what the given credentials can read; say what is missing, and why.

    The exit status is 0 if a sync would work, else that of the refusal.
    """
    job = job_of(context.find_root().params)
    check(job)
    lines = until_signalled(checklist(job, now))
    out = standard_output(output)
    if output == "table":
        told = [(f"{'✓' if one.ok else '✗'} {one.what}", one.found, one.missing) for one in lines]
        render(("what", "found", "missing"), told, form=output, out=out)
    else:
        rows = [(one.what, one.ok, one.found, one.missing) for one in lines]
        render(COLUMNS, rows, form=output, out=out)
    context.exit(status(job, lines))
