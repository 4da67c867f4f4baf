"""`rolecall keys`."""

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.group("keys")
def command() -> None:
    """Make new keys, encrypt everything anew with them; say what evidence is signed with."""


@command.command("evidence")
@click.option("--new", is_flag=True, help="Make a new one; files that were signed keep theirs.")
@located
def _evidence(here: Installation, *, new: bool) -> None:
    """Print the public key of the evidence files that this installation signs.

    Give it to whoever verifies them, by a way on which nobody can change it.
    """
    from rolecall.server.evidence.signature import public_key  # noqa: PLC0415 - not for --help
    from rolecall.server.project import keys_file  # noqa: PLC0415 - not for --help

    keys = here.settings().read_keys()
    if new:
        keys = keys_file.with_new_evidence_key(keys)
        with here.django("rolecall keys evidence"):
            from rolecall.server.project import schema  # noqa: PLC0415 - needs Django

            keys_file.write(here.keys_file(), keys, here.keys_owner())
            schema.note("installation:keys:evidence", key=public_key(keys.evidence_seed()))
    click.echo(public_key(keys.evidence_seed()))
    if new:
        click.echo("Copy the keys file to where you keep its backup.", err=True)


@command.command("rotate")
@located
def _rotate(here: Installation) -> None:
    """Add a new key to the keys file, and encrypt every secret anew with it.

    Nothing needs to be stopped. The older keys stay in the file: backups of the database need them.
    Whatever interrupts it, every secret can still be read; run it again.
    """
    from rolecall.server.project import keys_file  # noqa: PLC0415 - not for --help

    with here.django("rolecall keys rotate"):
        from rolecall.server.keys.rotation import reseal  # noqa: PLC0415 - needs Django
        from rolecall.server.project import schema  # noqa: PLC0415 - needs Django

        keys = keys_file.with_new_key(here.settings().read_keys())
        keys_file.write(here.keys_file(), keys, here.keys_owner())
        done = reseal()
        schema.note("installation:keys:rotate", key=keys.active, **done)
    told = ", ".join(f"{count} of {noun}" for noun, count in done.items()) or "none there"
    click.echo(f"The key {keys.active} is active. Secrets encrypted anew: {told}.")
    click.echo("Copy the keys file to where you keep its backup.")
