"""`rolecall`: parse, call, print, exit.

Imports click and our errors; every command imports what it needs when it runs, so that `--help`
answers at once. Exit statuses are gRPC codes (docs/adr/0007).
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Final

import click

from rolecall import __version__
from rolecall.errors import BadConfig, Code, Error

__all__ = ["main"]

_COMMANDS: Final = {
    "up": "Run everything on this machine: database, web, worker, controller.",
    "web": "Run the web processes.",
    "worker": "Run a worker.",
    "controller": "Serve self-hosted connectors.",
    "migrate": "Bring the database up to this version.",
    "check": "Say whether the installation is as it should be.",
    "backup": "Write the database into a file; the keys into another one.",
    "restore": "Fill an empty installation from a backup.",
    "upgrade": "Bring the embedded PostgreSQL to its next major version.",
    "admin-link": "Print a link that lets an administrator in once.",
    "keys": "Make new keys, encrypt everything anew with them; the key of evidence files.",
    "audit": "Prove that the audit trail is complete and unchanged.",
    "verify": "Prove that an evidence file is as it was exported; needs no server.",
}
_HELP: Final = """\
Rolecall: who has access to Notion, why, and until when.

`rolecall up --data DIR` runs everything on one machine. On several: set DATABASE_URL and
ROLECALL_KEYS_FILE, run `rolecall migrate` once, then `rolecall web` and `rolecall worker`, any
number of them; `rolecall controller` serves connectors that run on machines of their own. Settings
are in rolecall.toml and ROLECALL_* (docs/reference/settings.md).
"""


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"rolecall.server.project.commands.{name}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _group() -> click.Group:
    group = _Lazy(
        name="rolecall",
        help=_HELP,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    version = click.version_option(__version__, "-v", "--version", prog_name="rolecall")
    return version(group)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; never returns.

    Args:
        argv: without the program's name; the process's own if None.
    """
    sys.exit(_run(list(sys.argv[1:] if argv is None else argv)))


def _run(words: list[str]) -> int:
    """The exit status of a command line."""
    try:
        with _group().make_context("rolecall", words) as context:
            context.command.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (Error, ModuleNotFoundError) as error:
        return _failed(error if isinstance(error, Error) else _not_installed(error))
    except (click.Abort, KeyboardInterrupt):
        return int(Code.CANCELLED)
    return int(Code.OK)


def _failed(error: Error) -> int:
    click.echo(f"rolecall: {error}", err=True)
    return int(error.code)


def _not_installed(error: ModuleNotFoundError) -> Error:
    """How to install the server: the connector comes without what the server needs.

    Raises:
        ModuleNotFoundError: what is missing is a part of ours, and that is a bug.
    """
    if (error.name or "rolecall").startswith("rolecall"):
        raise error
    return BadConfig(f"{error.name} is not installed.", hint='Run: pip install "rolecall[server]"')


if __name__ == "__main__":
    main()
