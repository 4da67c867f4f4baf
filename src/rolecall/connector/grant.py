"""`rolecall-notion grant` and `revoke`: roles and memberships of groups. Parses and hands on."""

from typing import Any

import click

from rolecall.connector.asking import Asked, change, change_options
from rolecall.connector.provision.wish import Wish

__all__ = ["grant", "revoke"]


@click.command("grant", short_help="Give somebody a role, or membership of a group.")
@click.argument("entitlement")
@click.argument("who")
@change_options()
def grant(entitlement: str, who: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Give WHO a role or membership of a group; a role replaces the one that they have.

    ENTITLEMENT is a role or group by name, `role:owner`, `group:Design`, or Baton's id of it. WHO
    is an e-mail address, an id, or an unambiguous name.
    """
    _held("grant", entitlement, who, Asked(**options))


@click.command("revoke", short_help="Take a role, or membership of a group, away.")
@click.argument("entitlement")
@click.argument("who")
@change_options()
def revoke(entitlement: str, who: str, **options: Any) -> None:  # noqa: ANN401 - click's values
    """Take a role or membership of a group from WHO; without a role they are Restricted Member.

    ENTITLEMENT is a role or group by name, `role:owner`, `group:Design`, or Baton's id of it. WHO
    is an e-mail address, an id, or an unambiguous name.
    """
    _held("revoke", entitlement, who, Asked(**options))


def _held(verb: str, entitlement: str, who: str, asked: Asked) -> None:
    change([Wish(verb=verb, words={"entitlement": entitlement, "who": who})], asked)
