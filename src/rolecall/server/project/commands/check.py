"""`rolecall check`."""

import click

from rolecall.errors import Code
from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]

_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


@click.command("check")
@click.option("--deploy", is_flag=True, help="As strict as for other people's use.")
@located
def command(here: Installation, *, deploy: bool) -> None:
    """Say whether the installation is as it should be, and what to do where it is not.

    Asks about keys, database, roles, worker, audit trail, public address, TLS, controller and mail.
    Exit status 9 if something is wrong.
    """
    with here.django("rolecall check"):
        from rolecall.server import clock  # noqa: PLC0415 - needs Django
        from rolecall.server.project import checks  # noqa: PLC0415 - needs Django

        wrong = 0
        settings = here.settings(DATABASE_URL="postgresql:///")
        for found in checks.findings(settings, now=clock.now(), data=here.data, deploy=deploy):
            click.echo(f"{_MARKS[found.state]} {found.what} {found.hint}".rstrip())
            wrong += found.state is checks.State.BAD
    if wrong:
        raise click.exceptions.Exit(int(Code.FAILED_PRECONDITION))
