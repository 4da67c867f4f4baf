"""Every flag of `rolecall-notion`: those of the Go connector for Notion, ours, and those we refuse.

A flag of the Go runner that we do not support is known and refused with the reason, also when it
comes from the environment or the configuration file; silence would be a setting that does nothing.
Imports click and nothing heavier: `--help` must be quick.
"""

from dataclasses import dataclass
from typing import Any, Final

import click
from click.core import ParameterSource

from rolecall.errors import Code

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

_LATER: Final = "This release only reads Notion"
_SERVICE: Final = "This release has no service mode; run it from cron or a systemd timer"
_NOT_NOTION: Final = "Notion has nothing of that kind"
_NO_TELEMETRY: Final = "This connector sends no telemetry"
_INSIDE: Final = "This connector works without it"

REFUSED: Final = {
    "client-id": _SERVICE,
    "client-secret": _SERVICE,
    "provisioning": f"{_LATER}; without -p it does what you can have",
    "ticketing": _NOT_NOTION,
    "skip-full-sync": _SERVICE,
    "skip-entitlements-and-grants": "Use --sync-resource-types to sync less",
    "skip-grants": "Use --sync-resource-types to sync less",
    "parallel-sync": "Use --workers",
    "c1z-temp-dir": "The work folder always lies beside the file, on the same disk",
    "keep-previous-sync-c1z": "It belongs to the pebble engine, which we do not write",
    "log-level-debug-expires-at": _SERVICE,
    "grant-entitlement": _LATER,
    "grant-principal": _LATER,
    "grant-principal-type": _LATER,
    "revoke-grant": _LATER,
    "create-account-login": _LATER,
    "create-account-email": _LATER,
    "create-account-profile": _LATER,
    "create-account-resource-type": _LATER,
    "delete-resource": _LATER,
    "delete-resource-type": _LATER,
    "rotate-credentials": _NOT_NOTION,
    "rotate-credentials-type": _NOT_NOTION,
    "event-feed": "Notion publishes no feed of membership events",
    "event-feed-id": "Notion publishes no feed of membership events",
    "event-feed-start-at": "Notion publishes no feed of membership events",
    "event-feed-cursor": "Notion publishes no feed of membership events",
    "invoke-action": _LATER,
    "invoke-action-args": _LATER,
    "invoke-action-resource-type": _LATER,
    "list-action-schemas": _LATER,
    "list-action-schemas-resource-type": _LATER,
    "list-resource-actions": _LATER,
    "invoke-resource-action": _LATER,
    "create-ticket": _NOT_NOTION,
    "bulk-create-ticket": _NOT_NOTION,
    "get-ticket": _NOT_NOTION,
    "ticket-id": _NOT_NOTION,
    "ticket-template-path": _NOT_NOTION,
    "bulk-ticket-template-path": _NOT_NOTION,
    "list-ticket-schemas": _NOT_NOTION,
    "diff-syncs": "Use the command `diff`",
    "base-sync-id": "Use the command `diff`",
    "applied-sync-id": "Use the command `diff`",
    "compact-syncs": "The file keeps two full syncs by itself",
    "compact-output-path": "The file keeps two full syncs by itself",
    "compact-file-paths": "The file keeps two full syncs by itself",
    "compact-sync-ids": "The file keeps two full syncs by itself",
    "external-resource-c1z": _NOT_NOTION,
    "external-resource-entitlement-id-filter": _NOT_NOTION,
    "external-resource-traits": _NOT_NOTION,
    "task-concurrency": _SERVICE,
    "health-check": _SERVICE,
    "health-check-port": _SERVICE,
    "health-check-bind-address": _SERVICE,
    "otel-collector-endpoint": _NO_TELEMETRY,
    "otel-collector-endpoint-tls-cert-path": _NO_TELEMETRY,
    "otel-collector-endpoint-tls-cert": _NO_TELEMETRY,
    "otel-collector-endpoint-tls-insecure": _NO_TELEMETRY,
    "otel-tracing-disabled": _NO_TELEMETRY,
    "otel-logging-disabled": _NO_TELEMETRY,
    "session-store-maximum-size": _INSIDE,
    "auth-method": _INSIDE,
}
"""Flags of the Go runner that we know and do not support, with the reason."""

_SHORT: Final = {"provisioning": "-p"}
_KEY: Final = "rolecall.refused"

_SWITCHES: Final = {
    "provisioning",
    "ticketing",
    "skip-full-sync",
    "skip-entitlements-and-grants",
    "skip-grants",
    "parallel-sync",
    "keep-previous-sync-c1z",
    "event-feed",
    "list-action-schemas",
    "list-resource-actions",
    "create-ticket",
    "bulk-create-ticket",
    "get-ticket",
    "list-ticket-schemas",
    "diff-syncs",
    "compact-syncs",
    "health-check",
    "otel-collector-endpoint-tls-insecure",
    "otel-tracing-disabled",
    "otel-logging-disabled",
}

# Telling a connector that sends nothing to send nothing, or "false" to a switch, is no request.
_HARMLESS: Final = {"", "false", "0", "no", "off"}


class RefusedFlag(click.UsageError):
    """A flag that we know and do not support."""

    exit_code = int(Code.UNIMPLEMENTED)


def supported() -> tuple[Flag, ...]:
    """Every flag that does something."""
    return _FLAGS


def refuse_surroundings(context: click.Context) -> None:
    """Raise if the environment or the configuration file asks for what we do not support.

    For commands that talk to Notion; those that read a file do not mind what the service next to
    them is told.

    Raises:
        RefusedFlag: the first such flag.
    """
    for refused in context.meta.get(_KEY, []):
        raise refused


def options() -> list[click.Option]:
    """All flags, for click; the refused ones are hidden."""
    return [flag.option() for flag in _FLAGS] + [_refusing(name) for name in REFUSED]


def _refusing(name: str) -> click.Option:
    names = [_SHORT[name]] if name in _SHORT else []
    switch = name in _SWITCHES

    def refuse(context: click.Context, parameter: click.Parameter, value: object) -> None:
        if value is None or str(value).strip().lower() in _HARMLESS:
            return
        variable = "BATON_" + name.upper().replace("-", "_")
        refused = RefusedFlag(f"--{name} (${variable}) is not supported. {REFUSED[name]}.", context)
        if context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            raise refused
        context.meta.setdefault(_KEY, []).append(refused)

    return click.Option(
        [*names, f"--{name}", name.replace("-", "_")],
        hidden=True,
        is_flag=switch,
        default=None,
        callback=refuse,
        expose_value=False,
    )
