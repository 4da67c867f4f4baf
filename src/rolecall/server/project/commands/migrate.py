"""`rolecall migrate`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("migrate")
@click.option(
    "--first-administrator", is_flag=True, help="Print a link for the first one, if there is none."
)
@located
def command(here: Installation, *, first_administrator: bool) -> None:
    """Bring the database up to this version, and give the daily roles their rights.

    DATABASE_URL must be the owner's. One at a time: a second one waits for the first.
    """
    from rolecall.server.project import schema  # noqa: PLC0415 - not for --help

    with here.django("rolecall migrate") as url:
        for line in schema.migrate(url):
            click.echo(line)
        if first_administrator:
            from rolecall.server import clock  # noqa: PLC0415 - needs Django
            from rolecall.server.people import links  # noqa: PLC0415 - needs Django

            if path := links.first(clock.now()):
                click.echo(f"The first administrator comes in here, once: {here.link(path)}")
