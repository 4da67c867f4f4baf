"""`rolecall verify`: needs neither the server's packages nor a database."""

from pathlib import Path

import click

from rolecall.server.evidence.signature import read_key, verify

__all__ = ["command"]


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="PUBLIC",
    envvar="ROLECALL_EVIDENCE_KEY",
    help="The installation's public key, as `rolecall keys evidence` prints it there; may be given "
    "several times, if it has had several.",
)
def command(file: Path, keys: tuple[str, ...]) -> None:
    """Prove that an evidence FILE is byte for byte as it was exported.

    Works anywhere: it asks no server and no database. With --key it proves as well who signed it;
    without, only that nobody changed it since somebody signed it.

    Exit status 15 if the file was changed or signed by somebody else, 3 if it has no signature.
    """
    found = verify(file, tuple(map(read_key, keys)))
    click.echo(f"{file.name} is unchanged since it was signed.")
    click.echo(f"SHA-256: {found.sha256}")
    if found.known:
        click.echo(f"Signed with the key that you named: {found.key}")
        return
    click.echo(f"Signed with the key: {found.key}")
    click.echo(
        "Whose key that is, you have not said, and anybody can make one: give --key with what "
        "`rolecall keys evidence` prints on the installation, or look for the SHA-256 in its "
        "audit log."
    )
