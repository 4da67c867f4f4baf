"""`rolecall backup`."""

from pathlib import Path

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=_FILE)
@click.option("--keys", type=_FILE, help="Copy the keys into this file; keep it elsewhere.")
@located
def command(here: Installation, file: Path, keys: Path | None) -> None:
    """Write the whole database into FILE, as it is at one moment; nothing needs to be stopped.

    The keys are never in it: without them nobody can read the secrets in a backup, so keep a copy
    of them (--keys), and not beside the backup.
    """
    from rolecall.server.project import backups  # noqa: PLC0415 - not for --help

    with here.reached("rolecall backup") as url:
        if keys is not None:
            backups.copy_keys(here.keys_file(), keys, file)
            click.echo(f"The keys are in {keys}. Keep them apart from the backup.")
        size = backups.dump(url, file)
    click.echo(f"The backup is in {file}: {size:,} bytes, without the keys.")
