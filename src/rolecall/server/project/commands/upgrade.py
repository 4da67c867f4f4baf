"""`rolecall upgrade`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("upgrade")
@located
def command(here: Installation) -> None:
    """Bring the embedded PostgreSQL to the major version that this Rolecall brings.

    Stop `rolecall up` first, and make a backup. It needs as much free space as the database takes;
    the old one is kept beside the new one until you delete it.
    """
    from rolecall.server.project.embedded import upgrade  # noqa: PLC0415 - not for --help

    click.echo(upgrade.upgrade(here.cluster(), click.echo))
