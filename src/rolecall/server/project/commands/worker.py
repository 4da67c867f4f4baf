"""`rolecall worker`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.embedded.roles import Role
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.command("worker")
@click.option("--jobs", default=4, show_default=True, type=click.IntRange(1, 64),
              help="How many jobs run beside each other.")  # fmt: skip
@located
def command(here: Installation, jobs: int) -> None:
    """Carry out syncs, tests and mail until SIGTERM.

    Any number of these may run, on any number of machines. Never as root: under root it goes on as
    an unprivileged user, who must be able to read the keys file.
    """
    here.step_down()
    from rolecall.server.project import logs, work  # noqa: PLC0415 - not for --help

    with here.django("rolecall worker", Role.WORKER):
        logs.open_log("worker")
        work.work(jobs_at_once=jobs)
