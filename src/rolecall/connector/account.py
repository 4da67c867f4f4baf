"""`rolecall-notion account`: people join the workspace, change, and leave it. Parses, hands on."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from rolecall.connector.asking import Asked, change, change_options
from rolecall.connector.provision.wish import ATTRIBUTES, Wish
from rolecall.notion.model import WORKSPACE_ROLES

__all__ = ["command"]

_F = TypeVar("_F", bound=Callable[..., Any])


def _attributes(*names: str) -> Callable[[_F], _F]:
    """An option for each attribute."""

    def add(command: _F) -> _F:
        for name in reversed(names):
            flag = f"--{name.replace('_', '-')}"
            words = name.replace("_", " ")
            command = click.option(flag, name, metavar="TEXT", help=f"The {words}.")(command)
        return command

    return add


@click.group("account", short_help="Add people to the workspace, change or remove them.")
def command() -> None:
    """Add people to the workspace, change or remove them.

    WHO is an e-mail address, an id, or an unambiguous name.
    """


@command.command("create")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([role.id for role in WORKSPACE_ROLES]),
    help="The workspace role to begin with.  [default: member]",
)
@_attributes(*(name for name in ATTRIBUTES if name != "email"))
@change_options()
def _create(email: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Make somebody a member, by their Notion account if they have one.

    Who is a member already is left as they are; it is said in what they differ.
    """
    words, rest = _words(options)
    change([Wish(verb="account create", words={"who": email, **words})], Asked(**rest))


@command.command("update")
@click.argument("who")
@_attributes(*ATTRIBUTES)
@change_options()
def _update(who: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Change what Notion knows about a member.

    Notion allows it only where the domain of their e-mail address is verified.
    """
    words, rest = _words(options)
    change([Wish(verb="account update", words={"who": who, **words})], Asked(**rest))


@command.command("remove")
@click.argument("who")
@change_options()
def _remove(who: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Remove a member from the workspace.

    All their sessions end; the Notion account itself survives.
    """
    change([Wish(verb="account remove", words={"who": who})], Asked(**options))


def _words(options: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Separate what is said about the person from how it is to be done."""
    about = {"role", *ATTRIBUTES}
    words = {key: str(value) for key, value in options.items() if key in about and value}
    return words, {key: value for key, value in options.items() if key not in about}
