"""`rolecall controller`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("controller")
@located
def command(here: Installation) -> None:
    """Serve self-hosted connectors until SIGTERM: access tokens and tasks, over TLS on one port.

    Any number of these may run, on any number of machines. Never as root: under root it goes on as
    an unprivileged user, who must be able to read the keys file and the certificate's key.
    """
    here.step_down()
    from rolecall.server.project import controlling, logs  # noqa: PLC0415 - not for --help

    with here.django("rolecall controller", Role.WEB):
        logs.open_log("controller")
        controlling.control(here.settings().controller)
