"""`rolecall-notion health-check`: ask a running connector how it is, for containers without curl.

Asks the server of `health` and nobody else, and needs nothing of it but HTTP.
"""

from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final

import click

__all__ = ["command"]

MOST_SHOWN: Final = 8192

_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - asked, not bound
"""Where to ask a server that listens everywhere."""


@click.command("health-check", short_help="Ask a running connector how it is.")
@click.option(
    "--endpoint",
    type=click.Choice(["health", "ready", "live"]),
    default="health",
    show_default=True,
    help="health: does Notion answer; ready: is it at work; live: does it turn.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=5.0,
    show_default=True,
    help="Seconds to wait for the answer.",
)
@click.pass_context
def command(context: click.Context, endpoint: str, timeout: float) -> None:
    """Ask the connector that runs on this machine how it is; exit status 0 if well, else 1.

    It must have been started with --health-check; port and address are those of the flags
    --health-check-port and --health-check-bind-address, or their variables.
    """
    values = context.find_root().params
    host, port = values["health_check_bind_address"], values["health_check_port"]
    connection = HTTPConnection(_ANY.get(host, host), port, timeout=timeout)
    try:
        connection.request("GET", f"/{endpoint}")
        answer = connection.getresponse()
        said = answer.read(MOST_SHOWN).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as error:
        click.echo(f"No answer from port {port}: {error or type(error).__name__}", err=True)
        context.exit(1)
    finally:
        with suppress(OSError):
            connection.close()
    click.echo(said)
    context.exit(0 if answer.status == HTTPStatus.OK else 1)
