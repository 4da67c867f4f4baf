"""`rolecall-notion`: parse, call, print, exit.

Imports click and our errors; every command imports what it needs when it runs, so that `--help`
answers at once. Exit statuses are gRPC codes, as with Baton's own runner (docs/adr/0007).
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click
from click.core import ParameterSource

from rolecall import __version__
from rolecall.connector import flags
from rolecall.errors import Code, Error

__all__ = ["main"]

_COMMANDS: Final = {
    "check": "rolecall.connector.check",
    "serve": "rolecall.connector.serve",
    "show": "rolecall.connector.show",
    "diff": "rolecall.connector.diff",
    "export": "rolecall.connector.export",
    "grant": "rolecall.connector.grant:grant",
    "revoke": "rolecall.connector.grant:revoke",
    "account": "rolecall.connector.account",
    "group": "rolecall.connector.group",
    "apply": "rolecall.connector.apply",
    "journal": "rolecall.connector.record:journal",
    "undo": "rolecall.connector.record:undo",
    "health-check": "rolecall.connector.probe",
    "capabilities": "rolecall.connector.describe:capabilities",
    "config": "rolecall.connector.describe:config",
    "completion": "rolecall.connector.describe:completion",
}
_ASKS_NOTION: Final = {
    *(None, "check", "serve"),
    *("grant", "revoke", "account", "group", "apply", "undo"),
}
"""None is a sync; the others only read files."""

_SECRET_FLAGS: Final = {f"--{name}" for name in flags.SECRETS}
_SYNC_HELP: Final = """\
Read a Notion workspace into a Baton c1z file: accounts, groups, roles, and who holds what.

Without a command it syncs: give a SCIM token (Enterprise plan) by BATON_SCIM_TOKEN, or an API key
by BATON_API_KEY for accounts alone. Flags win over variables, variables over .baton.yaml.
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
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name or "command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{_COMMANDS[cmd_name]} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list without importing anything."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT_HELP.items()))


_SHORT_HELP: Final = {
    "check": "Say what the credentials can read, and what is missing.",
    "serve": "Sync at once, then at intervals, and tell what changed.",
    "show": "Show accounts, groups, roles, or somebody's access.",
    "diff": "Show what changed between two syncs.",
    "export": "Write accounts, groups or access as CSV, XLSX or JSON.",
    "grant": "Give somebody a role, or membership of a group.",
    "revoke": "Take a role, or membership of a group, away.",
    "account": "Add people to the workspace, change or remove them.",
    "group": "Change who is in a group; create, rename, delete groups.",
    "apply": "Carry out a CSV file of changes, one per row.",
    "journal": "Show what was changed; look what became of open entries.",
    "undo": "Reverse a change of the journal.",
    "health-check": "Ask a running connector how it is.",
    "capabilities": "Print what this connector can do, as Baton's JSON.",
    "config": "Print the settings of this connector, as Baton's JSON.",
    "completion": "Print the completion script of a shell.",
}


def _sync(**values: Any) -> None:  # noqa: ANN401 - click hands over whatever the flags are
    context = click.get_current_context()
    from rolecall.connector import log, settings  # noqa: PLC0415 - not for --help

    log.hide(*settings.secrets_of(values))
    if context.invoked_subcommand in _ASKS_NOTION:
        flags.refuse_surroundings(context)
        found = settings.secrets_from_files(_given(context))
        values |= found
        context.params |= found  # which commands read
    context.obj = values
    paths = [path.strip() for path in values["log_path"].split(",") if path.strip()]
    log.open_log(values["log_level"], values["log_format"], paths or ["stderr"])
    if context.invoked_subcommand is None:
        context.exit(_work(values))
    _insist_on_one_order(context)


def _given(context: click.Context) -> set[str]:
    """The keys of flags that were given on the command line or by a variable."""
    sources = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
    return {key for key in context.params if context.get_parameter_source(key) in sources}


def _insist_on_one_order(context: click.Context) -> None:
    """Refuse a one-shot flag before a command: one of the two would silently not be done."""
    for flag in flags.supported():
        source = context.get_parameter_source(flag.key)
        if flag.one_shot and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{flag.name} and the command {context.invoked_subcommand} are two orders; "
                "give one of them."
            )


def _work(values: dict[str, Any]) -> int:
    """Serve a controller if there is a client id, whatever else is given; else one thing once."""
    if _serves_a_controller(values):
        from rolecall.connector import service  # noqa: PLC0415 - not for --help

        return service.serve(values)
    if values.get("health_check"):
        raise flags.RefusedFlag(
            "--health-check ($BATON_HEALTH_CHECK) is for `serve` and for service mode; "
            "this is one run."
        )
    if any(values.get(flag.key) for flag in flags.supported() if flag.one_shot):
        from rolecall.connector import dropin  # noqa: PLC0415 - not for --help

        return dropin.run(values)
    from rolecall.connector import command  # noqa: PLC0415 - not for --help

    return command.sync(values)


def _serves_a_controller(values: dict[str, Any]) -> bool:
    """Whether there is a client id and a client secret; one without the other is a mistake."""
    given = {name: bool(values.get(name)) for name in ("client_id", "client_secret")}
    if any(given.values()) and not all(given.values()):
        missing = next(name for name, there in given.items() if not there)
        flag = missing.replace("_", "-")
        raise click.UsageError(f"Service mode also needs --{flag} ($BATON_{missing.upper()}).")
    return all(given.values())


def _group() -> click.Group:
    version = click.version_option(__version__, "-v", "--version", prog_name="rolecall-notion")
    group = _Lazy(
        name="rolecall-notion",
        callback=_sync,
        invoke_without_command=True,
        params=list(flags.options()),
        help=_SYNC_HELP,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    return version(group)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; never returns.

    Args:
        argv: without the program's name; the process's own if None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None and any(word.partition("=")[0] in _SECRET_FLAGS for word in words):
        _start_again_without_secrets(words)
    sys.exit(_run(words))


def _start_again_without_secrets(words: list[str]) -> None:
    """Replace this process by one whose command line everybody may read."""
    from rolecall.connector import settings  # noqa: PLC0415 - not for --help

    rest, found = settings.hide_secrets(words)
    before = sys.orig_argv[: len(sys.orig_argv) - len(words)]
    os.execve(sys.executable, [*before, *rest], {**os.environ, **found})  # noqa: S606 - ourselves


def _run(words: list[str]) -> int:
    """The exit status of a command line."""
    try:
        return _invoke(words)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Error as error:
        return _failed(error)
    except (click.Abort, KeyboardInterrupt):
        return int(Code.CANCELLED)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Code.OK)


def _invoke(words: list[str]) -> int:
    group, defaults = _group(), _defaults(words)
    try:
        with group.make_context(
            "rolecall-notion", words, auto_envvar_prefix="BATON", default_map=defaults
        ) as context:
            group.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    return int(Code.OK)


def _defaults(words: list[str]) -> dict[str, Any]:
    """What the configuration file says; not read when only help is wanted."""
    if {"-h", "--help", "-v", "--version"} & set(words):
        return {}
    from rolecall.connector import settings  # noqa: PLC0415 - not for --help

    return settings.read_config()


def _failed(error: Error) -> int:
    """Log it, and say it once more in one line that a person finds below the log."""
    from rolecall.connector import log  # noqa: PLC0415 - not for --help

    if not log.is_open():  # what is wrong was found before, or is the log itself
        log.open_log("info", None, ["stderr"])
    log.error(str(error), code=int(error.code), error=type(error).__name__)
    click.echo(log.clean(f"rolecall-notion: {error}"), err=True)
    return int(error.code)


if __name__ == "__main__":
    main()
