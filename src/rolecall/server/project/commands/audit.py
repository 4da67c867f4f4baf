"""`rolecall audit`."""

from pathlib import Path

import click

from rolecall.server.project.commands.located import located
from rolecall.server.project.installation import Installation

__all__ = ["command"]


@click.group("audit")
def command() -> None:
    """Prove that the audit trail is complete and unchanged."""


@command.command("verify")
@click.option(
    "--checkpoints",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Links that were noted outside the database; the worker's own file if left out.",
)
@located
def _verify(here: Installation, checkpoints: Path | None) -> None:
    """Walk the whole chain, and hold it against links that were noted outside the database.

    Exit status 15 if a row was changed, is missing, or was put in.
    """
    with here.django("rolecall audit verify"):
        from rolecall.server.audit import sealing  # noqa: PLC0415 - needs Django

        noted = checkpoints or Path(here.settings().audit_checkpoints or "nowhere")
        known = list(sealing.checkpoints(noted)) if noted.exists() else []
        verdict = sealing.verify(known)
    click.echo(
        f"The audit trail is complete and unchanged: {verdict.sealed} sealed, "
        f"{verdict.unsealed} too young for it, {verdict.checkpoints} links noted outside."
    )
    if not verdict.checkpoints:
        click.echo("Nothing was noted outside, so whoever can rewrite the database can rewrite it.")
