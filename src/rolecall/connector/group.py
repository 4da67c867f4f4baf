"""`rolecall-notion group`: who is in which group, and which groups there are. Parses, hands on."""

from typing import Any

import click

from rolecall.connector.asking import Asked, change, change_options
from rolecall.connector.provision.wish import Wish

__all__ = ["command"]


@click.group("group", short_help="Change who is in a group; create, rename, delete groups.")
def command() -> None:
    """Change who is in a group; create, rename and delete groups.

    GROUP is a name or id. WHO is an e-mail address, an id, or an unambiguous name.
    """


@command.command("add")
@click.argument("group")
@click.argument("who", nargs=-1, required=True)
@change_options()
def _add(group: str, who: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - click's values
    """Add people to a group.

    If one of them cannot be found, nobody is added.
    """
    change(_each("group add", group, who), Asked(**options))


@command.command("remove")
@click.argument("group")
@click.argument("who", nargs=-1, required=True)
@change_options()
def _remove(group: str, who: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - the same
    """Take people out of a group.

    If a name cannot be found, nobody is taken out.
    """
    change(_each("group remove", group, who), Asked(**options))


@command.command("create")
@click.argument("name")
@change_options()
def _create(name: str, **options: Any) -> None:  # noqa: ANN401 - the same
    """Make an empty group."""
    change([Wish(verb="group create", words={"name": name})], Asked(**options))


@command.command("rename")
@click.argument("group")
@click.argument("name")
@change_options()
def _rename(group: str, name: str, **options: Any) -> None:  # noqa: ANN401 - the same
    """Give a group another name."""
    change([Wish(verb="group rename", words={"group": group, "name": name})], Asked(**options))


@command.command("delete")
@click.argument("group")
@change_options()
def _delete(group: str, **options: Any) -> None:  # noqa: ANN401 - the same
    """Delete a group; its members lose what it gave them."""
    change([Wish(verb="group delete", words={"group": group})], Asked(**options))


def _each(verb: str, group: str, who: tuple[str, ...]) -> list[Wish]:
    """A wish per person, numbered as they stand on the command line."""
    return [
        Wish(verb=verb, row=number, words={"group": group, "who": one})
        for number, one in enumerate(who, 1)
    ]
