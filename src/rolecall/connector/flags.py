"""Every flag of `rolecall-notion` that does something: the Go connector's for Notion, and ours.

What we know and do not support is in `refused`. Imports click and nothing heavier, because `--help`
must be quick.
"""

from dataclasses import dataclass
from typing import Any, Final

import click

from rolecall.connector.refused import REFUSED, RefusedFlag, refuse_surroundings, refusing

__all__ = [
    "REFUSED",
    "SECRETS",
    "Flag",
    "RefusedFlag",
    "options",
    "refuse_surroundings",
    "supported",
]

SECRETS: Final = ("scim-token", "api-key", "client-secret")
"""Flags whose values must never be shown; `cli` takes them out of the process list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One supported flag; its variable is `BATON_` and the name in capitals."""

    name: str
    help: str
    short: str = ""
    default: Any = None
    kind: Any = str
    """A click type, or bool for a switch."""

    ops: bool = False
    """Whether it is about running, not about Notion (`isOps` in the output of `config`)."""

    metavar: str = ""
    hidden: bool = False

    one_shot: bool = False
    """Whether it asks for one thing to be done in one run; `config` leaves those out."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "BATON_" + self.name.upper().replace("-", "_")

    @property
    def key(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace("-", "_")

    def option(self) -> click.Option:
        """The click option; the help ends with the variable, as in the Go connector."""
        names = [f"-{self.short}"] if self.short else []
        switch = self.kind is bool
        return click.Option(
            [*names, f"--{self.name}", self.key],
            help=f"{self.help} (${self.variable})",
            default=self.default,
            show_default=self.default not in {None, "", False},
            type=None if switch else self.kind,
            is_flag=switch,
            metavar=self.metavar or None,
            hidden=self.hidden,
        )


_FLAGS: Final = (
    Flag(name="scim-token", help="Notion SCIM API token (Enterprise plan)", metavar="TOKEN"),
    Flag(
        name="api-key",
        help="Key of an internal Notion connection; alone it gives accounts, no roles or groups",
        metavar="KEY",
    ),
    Flag(name="file", short="f", help="The c1z file to write", default="sync.c1z", metavar="FILE"),
    Flag(
        name="base-url",
        help="Where SCIM is; the Go connector's default is https://www.notion.so/scim/v2",
        default="https://api.notion.com/scim/v2",
        metavar="URL",
    ),
    Flag(
        name="rest-base-url",
        help="Where the public API is",
        default="https://api.notion.com/v1",
        metavar="URL",
    ),
    Flag(
        name="workspaces",
        help="A YAML file that names several workspaces; each is synced into its own file",
        metavar="FILE",
    ),
    Flag(
        name="journal",
        help="The folder that records every change; without it, FILE.journal beside the file",
        metavar="DIR",
        ops=True,
    ),
    Flag(
        name="token-owner",
        help="Whose token it is (e-mail or id): they are never removed and stay owner",
        metavar="WHO",
    ),
    Flag(
        name="other-owner",
        help="Another workspace owner (e-mail or id), looked at before an owner is taken away",
        metavar="WHO",
    ),
    Flag(
        name="yes-really",
        help="Agree to change exactly so many people within an hour, above the cap",
        kind=click.IntRange(0, 1_000_000),
        default=0,
        metavar="N",
        ops=True,
    ),
    Flag(
        name="allow-accounts-only",
        help="If SCIM refuses and there is an API key, sync accounts only, marked partial",
        kind=bool,
        default=False,
    ),
    Flag(
        name="include-bots",
        help="List integrations as accounts too (needs the API key)",
        kind=bool,
        default=False,
    ),
    Flag(
        name="sync-resource-types",
        help="Sync only these types, comma separated: user, group, role",
        metavar="TYPES",
        ops=True,
    ),
    Flag(
        name="sync-resources",
        help="Sync only these resources, comma separated: bid:r:user/ID, bid:r:group/ID, ...",
        metavar="IDS",
        ops=True,
    ),
    Flag(
        name="workers",
        help="Requests under way at once; 0 or 1 is one after the other, -1 is 4",
        default=8,
        kind=click.IntRange(-1, 64),
        ops=True,
    ),
    Flag(
        name="requests-per-second",
        help="A fixed pace, 0 for none; without it, SCIM begins at 3 and rises to 10",
        kind=click.FloatRange(0, 1000),
        ops=True,
    ),
    Flag(
        name="page-size",
        help="Rows to ask for at once",
        default=100,
        kind=click.IntRange(1, 100),
        ops=True,
        hidden=True,
    ),
    Flag(
        name="ca-file",
        help="Certificates to trust beside the system's (PEM)",
        kind=click.Path(dir_okay=False),
        ops=True,
    ),
    Flag(
        name="http-timeout-seconds",
        help="How long an answer may take",
        default=300,
        kind=click.IntRange(1, 1800),
        ops=True,
    ),
    Flag(
        name="retry-seconds",
        help="How long a request is tried again before the sync gives up",
        default=300,
        kind=click.FloatRange(0, 86400),
        ops=True,
    ),
    Flag(
        name="client-id",
        help="Serve a controller: the client id that it showed; needs the client secret",
        metavar="ID",
        ops=True,
    ),
    Flag(
        name="client-secret",
        help="The client secret that the controller showed once",
        metavar="SECRET",
        ops=True,
    ),
    Flag(
        name="task-concurrency",
        help="Tasks of the controller under way at once",
        default=3,
        kind=click.IntRange(1, 100),
        ops=True,
    ),
    Flag(
        name="skip-full-sync",
        help="Refuse the controller's full syncs",
        kind=bool,
        default=False,
        ops=True,
    ),
    Flag(
        name="state-dir",
        help="Folder for service mode's work and journal; without it, one in the temporary folder",
        kind=click.Path(file_okay=False),
        metavar="DIR",
        ops=True,
    ),
    Flag(
        name="health-check",
        help="Answer /live, /ready, /health and /metrics by HTTP",
        kind=bool,
        default=False,
        ops=True,
    ),
    Flag(
        name="health-check-port",
        help="On this port",
        default=8081,
        kind=click.IntRange(1, 65535),
        ops=True,
    ),
    Flag(
        name="health-check-bind-address",
        help="On this address; 0.0.0.0 for every one",
        default="127.0.0.1",
        metavar="ADDRESS",
        ops=True,
    ),
    Flag(
        name="storage-engine",
        help="Always sqlite (c1z version 1)",
        default="sqlite",
        kind=click.Choice(["sqlite", "pebble"]),
        ops=True,
        hidden=True,
    ),
    Flag(
        name="log-level",
        help="The log level: debug, info, warn, error",
        default="info",
        kind=click.Choice(["debug", "info", "warn", "error"]),
        ops=True,
    ),
    Flag(
        name="log-format",
        help="json or console; without it, console on a terminal and json elsewhere",
        kind=click.Choice(["json", "console"]),
        ops=True,
    ),
    Flag(
        name="log-path",
        help="Where to log, comma separated; stderr and stdout are names too",
        default="stderr",
        metavar="PATHS",
        ops=True,
    ),
)

_ONE_SHOT: Final = {
    "grant-entitlement": ("Grant this entitlement of the file", "ID"),
    "grant-principal": ("To this account of the file", "ID"),
    "grant-principal-type": ("Its type: user", "TYPE"),
    "revoke-grant": ("Revoke this grant", "ID"),
    "create-account-login": ("Create an account with this login", "EMAIL"),
    "create-account-email": ("Its address, where the login is none", "EMAIL"),
    "create-account-profile": ("Create an account of this profile", "JSON"),
    "create-account-resource-type": ("Its type: user", "TYPE"),
    "delete-resource": ("Remove this account, or delete this group", "ID"),
    "delete-resource-type": ("Its type: user or group", "TYPE"),
    "invoke-action": ("Invoke this action", "NAME"),
    "invoke-action-args": ("Its arguments; {} without", "JSON"),
    "invoke-action-resource-type": ("The type that the action is on", "TYPE"),
    "list-action-schemas-resource-type": ("Only the actions on this type", "TYPE"),
}
"""What one run can do instead of a sync; see `dropin`."""

_DROP_IN: Final = (
    Flag(
        name="provisioning",
        short="p",
        help="Allow the flags below to change Notion",
        kind=bool,
        default=False,
        ops=True,
    ),
    *(
        Flag(name=name, help=words, metavar=metavar, one_shot=True)
        for name, (words, metavar) in _ONE_SHOT.items()
    ),
    Flag(
        name="list-action-schemas",
        help="Log what actions there are",
        kind=bool,
        default=False,
        one_shot=True,
    ),
)


def supported() -> tuple[Flag, ...]:
    """Every flag that does something."""
    return (*_FLAGS, *_DROP_IN)


def options() -> list[click.Option]:
    """All flags, for click; the refused ones are hidden."""
    return [flag.option() for flag in supported()] + [refusing(name) for name in REFUSED]
