"""`rolecall web`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("web")
@located
def command(here: Installation) -> None:
    """Serve the pages and the API until SIGTERM.

    Any number of these may run, on any number of machines. Never as root: under root it goes on as
    an unprivileged user, who must be able to read the keys file.
    """
    here.step_down()
    from rolecall.server.project import logs, web  # noqa: PLC0415 - not for --help

    with here.django("rolecall web", Role.WEB):
        logs.open_log("web")
        web.serve(here.settings().web)
