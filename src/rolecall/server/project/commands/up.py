"""`rolecall up`."""

import click

from rolecall.errors import Interrupted
from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("up")
@located
def command(here: Installation) -> None:
    """Run everything on this machine until Ctrl-C: database, web, worker, controller.

    Everything is kept in the data folder, which is made if it is not there. The first start prints
    a link that lets the first administrator in, once. Under root nothing but this process is root.
    """
    from rolecall.server.project import logs, supervisor  # noqa: PLC0415 - not for --help

    logs.open_log("up")
    if (user := here.user()) is not None:
        click.echo(f"This is root, so everything runs as the user {user.name}.", err=True)
    try:
        supervisor.Supervisor(here, click.echo).run()
    except Interrupted:
        click.echo("Stopped.", err=True)
