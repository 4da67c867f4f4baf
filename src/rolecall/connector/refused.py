"""The flags of the Go runner that we know and do not support, each with the reason.

Such a flag is refused also when it comes from the environment or the configuration file; silence
would be a setting that does nothing. Imports click and nothing heavier: `--help` must be quick.
"""

from typing import Final

import click
from click.core import ParameterSource

from rolecall.errors import Code

__all__ = ["REFUSED", "SWITCHES", "RefusedFlag", "refuse_surroundings", "refusing"]

_BY_TYPE: Final = "Use --list-action-schemas and --invoke-action, with their resource types"
_NOT_NOTION: Final = "Notion has nothing of that kind"
_NO_TELEMETRY: Final = "This connector sends no telemetry"
_INSIDE: Final = "This connector works without it"

REFUSED: Final = {
    "ticketing": _NOT_NOTION,
    "skip-entitlements-and-grants": "Use --sync-resource-types to sync less",
    "skip-grants": "Use --sync-resource-types to sync less",
    "parallel-sync": "Use --workers",
    "c1z-temp-dir": "The work folder always lies beside the file, on the same disk",
    "keep-previous-sync-c1z": "It belongs to the pebble engine, which we do not write",
    "log-level-debug-expires-at": "Use --log-level, and start it again to change it",
    "rotate-credentials": _NOT_NOTION,
    "rotate-credentials-type": _NOT_NOTION,
    "event-feed": "Notion publishes no feed of membership events",
    "event-feed-id": "Notion publishes no feed of membership events",
    "event-feed-start-at": "Notion publishes no feed of membership events",
    "event-feed-cursor": "Notion publishes no feed of membership events",
    "list-resource-actions": _BY_TYPE,
    "invoke-resource-action": _BY_TYPE,
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

_KEY: Final = "rolecall.refused"

SWITCHES: Final = {
    "ticketing",
    "skip-entitlements-and-grants",
    "skip-grants",
    "parallel-sync",
    "keep-previous-sync-c1z",
    "event-feed",
    "list-resource-actions",
    "create-ticket",
    "bulk-create-ticket",
    "get-ticket",
    "list-ticket-schemas",
    "diff-syncs",
    "compact-syncs",
    "otel-collector-endpoint-tls-insecure",
    "otel-tracing-disabled",
    "otel-logging-disabled",
}

# Telling a connector that sends nothing to send nothing, or "false" to a switch, is no request.
_HARMLESS: Final = {"", "false", "0", "no", "off"}


class RefusedFlag(click.UsageError):
    """A flag that we know and do not support."""

    exit_code = int(Code.UNIMPLEMENTED)


def refuse_surroundings(context: click.Context) -> None:
    """Raise if the environment or the configuration file asks for what we do not support.

    For commands that talk to Notion; those that read a file do not mind what the service next to
    them is told.

    Raises:
        RefusedFlag: the first such flag.
    """
    for refused in context.meta.get(_KEY, []):
        raise refused


def refusing(name: str) -> click.Option:
    """The hidden option that refuses a flag."""
    switch = name in SWITCHES

    def refuse(context: click.Context, parameter: click.Parameter, value: object) -> None:
        if value is None or str(value).strip().lower() in _HARMLESS:
            return
        variable = "BATON_" + name.upper().replace("-", "_")
        refused = RefusedFlag(f"--{name} (${variable}) is not supported. {REFUSED[name]}.", context)
        if context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            raise refused
        context.meta.setdefault(_KEY, []).append(refused)

    return click.Option(
        [f"--{name}", name.replace("-", "_")],
        hidden=True,
        is_flag=switch,
        default=None,
        callback=refuse,
        expose_value=False,
    )
