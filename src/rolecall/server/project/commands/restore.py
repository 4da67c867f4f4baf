"""`rolecall restore`."""

from pathlib import Path

import click

from rolecall.errors import BadConfig
from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation
from rolecall.server.project.processes import give

__all__ = ["command"]

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command("restore")
@click.argument("file", type=_FILE)
@click.option("--keys", type=_FILE, help="The copy of the keys that belongs to the backup.")
@click.option("--without-keys", is_flag=True, help="They are lost: enter every secret again.")
@located
def command(here: Installation, file: Path, keys: Path | None, *, without_keys: bool) -> None:
    """Fill an empty installation from the backup FILE, and bring it up to this version.

    The data folder, or the database of DATABASE_URL, must be empty. Everybody logs in again.
    """
    from rolecall.server.project import backups, schema  # noqa: PLC0415 - not for --help

    backups.insist_on_sound(file)
    with here.reached("rolecall restore") as url:
        backups.insist_on_empty(url)
        _put_keys(here, keys, without_keys=without_keys)
        backups.fill(url, file)
        here.enter_django(url)
        for line in schema.migrate(url):
            click.echo(line)
        schema.note("installation:database:restore", file=file.name)
    click.echo(f"Restored from {file}.")


def _put_keys(here: Installation, keys: Path | None, *, without_keys: bool) -> None:
    """Put the keys in their place, or make new ones.

    Raises:
        BadConfig: nothing is said about them, or others are there already.
    """
    from rolecall.server.project import backups, keys_file  # noqa: PLC0415 - not for --help

    place = here.keys_file()
    if place.exists():
        if keys is not None and keys.read_bytes() != place.read_bytes():
            raise BadConfig(f"{place} holds other keys.", hint="Move it away, or leave out --keys.")
        return
    if keys is not None:
        backups.copy_keys(keys, place, None)
        give(place, here.user() if here.data else None, 0o600)
    elif without_keys:
        keys_file.write(place, keys_file.fresh(), here.user())
    else:
        raise BadConfig(
            "The backup's keys are missing: without them no secret in it can be read.",
            hint="Name their copy with --keys FILE, or say --without-keys.",
        )
