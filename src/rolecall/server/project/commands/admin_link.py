"""`rolecall admin-link`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("admin-link")
@click.argument("email", default="")
@located
def command(here: Installation, email: str) -> None:
    """Print a link that lets a super administrator in once, within the hour.

    For when nobody can log in any more. EMAIL says whom; they are made, activated and made super
    administrator where they are not. Without it: the one who is it for longest. The audit trail
    keeps that this was done.
    """
    with here.django("rolecall admin-link"):
        from rolecall.server import clock  # noqa: PLC0415 - needs Django
        from rolecall.server.people import links  # noqa: PLC0415 - needs Django

        click.echo(here.link(links.lock_out(email or None, clock.now())))
