"""`capabilities`, `config` and `completion`: the connector describes itself to other tools.

The JSON is what the Go runner prints for its connectors, with what this one can do.
"""

from typing import Final

import click
from click.shell_completion import get_completion_class
from google.protobuf import json_format

from rolecall.baton.proto._generated.c1.config.v1.config_pb2 import Configuration, Field
from rolecall.baton.proto._generated.c1.connector.v2.connector_pb2 import (
    Capability,
    CapabilityDetailCredentialOption,
    CapabilityPermissions,
    ConnectorCapabilities,
    ConnectorMetadata,
    CredentialDetails,
    CredentialDetailsAccountProvisioning,
    ResourceTypeCapability,
)
from rolecall.connector.flags import SECRETS, Flag, supported
from rolecall.connector.provision.baton import account_creation_schema
from rolecall.connector.resources import GROUP, ROLE, USER, any_of, resource_types

__all__ = [
    "capabilities",
    "completion",
    "config",
    "connector_capabilities",
    "connector_metadata",
]

_CAN: Final = {
    GROUP: (
        Capability.CAPABILITY_SYNC,
        Capability.CAPABILITY_TARGETED_SYNC,
        Capability.CAPABILITY_PROVISION,
        Capability.CAPABILITY_RESOURCE_CREATE,
        Capability.CAPABILITY_RESOURCE_DELETE,
    ),
    ROLE: (
        Capability.CAPABILITY_SYNC,
        Capability.CAPABILITY_TARGETED_SYNC,
        Capability.CAPABILITY_PROVISION,
    ),
    USER: (
        Capability.CAPABILITY_SYNC,
        Capability.CAPABILITY_TARGETED_SYNC,
        Capability.CAPABILITY_ACCOUNT_PROVISIONING,
        Capability.CAPABILITY_RESOURCE_DELETE,
    ),
}
"""What can be done with each type; the Go connector cannot grant, create or delete groups."""

_NO_PASSWORD: Final = (
    CapabilityDetailCredentialOption.CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD
)


def connector_capabilities() -> ConnectorCapabilities:
    """What this release can do: for each resource type, in all (by number), and how."""
    everything = {one for can in _CAN.values() for one in can} | {Capability.CAPABILITY_ACTIONS}
    return ConnectorCapabilities(
        resource_type_capabilities=[
            ResourceTypeCapability(
                resource_type=one, capabilities=_CAN[one.id], permissions=CapabilityPermissions()
            )
            for one in resource_types()
        ],
        connector_capabilities=sorted(everything),
        credential_details=CredentialDetails(
            capability_account_provisioning=CredentialDetailsAccountProvisioning(
                supported_credential_options=[_NO_PASSWORD],
                preferred_credential_option=_NO_PASSWORD,
            )
        ),
    )


def connector_metadata() -> ConnectorMetadata:
    """What this connector tells a controller about itself in its first message."""
    return ConnectorMetadata(
        display_name="Notion",
        description="Accounts, groups and roles of a Notion workspace, by SCIM.",
        capabilities=connector_capabilities(),
        account_creation_schema=account_creation_schema(),
    )


@click.command("capabilities", short_help="Print what this connector can do, as Baton's JSON.")
def capabilities() -> None:
    """Print what this connector can do, as Baton's JSON."""
    packed = any_of(connector_capabilities())
    click.echo(json_format.MessageToJson(packed, indent=2), nl=False)


@click.command("config", short_help="Print the settings of this connector, as Baton's JSON.")
def config() -> None:
    """Print the settings of this connector, as Baton's JSON: those about running first."""
    told = [flag for flag in supported() if not (flag.hidden or flag.one_shot)]
    shown = sorted(told, key=lambda flag: not flag.ops)
    described = Configuration(
        fields=[_field(flag) for flag in shown],
        display_name="Notion",
        help_url="/docs/baton/notion",
        icon_url="/static/app-icons/notion.svg",
    )
    click.echo(json_format.MessageToJson(described, indent=2), nl=False)


def _field(flag: Flag) -> Field:
    found = Field(
        name=flag.name,
        display_name=_DISPLAY_NAMES.get(flag.name, ""),
        description=flag.help,
        is_ops=flag.ops,
        is_secret=flag.name in SECRETS,
    )
    if flag.kind is bool:
        found.bool_field.SetInParent()
    elif isinstance(flag.kind, click.IntRange):
        found.int_field.default_value = flag.default
        if flag.kind.min is not None and flag.kind.max is not None:
            found.int_field.rules.gte = int(flag.kind.min)
            found.int_field.rules.lte = int(flag.kind.max)
    else:
        found.string_field.default_value = "" if flag.default is None else str(flag.default)
    return found


_DISPLAY_NAMES: Final = {"scim-token": "Notion SCIM API token", "api-key": "Notion API key"}


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell; put its output where the shell looks for it."""
    found = get_completion_class(shell)
    if found is None:  # the choice above allows only what click knows
        raise click.UsageError(f"There is no completion for {shell}.")
    root = context.find_root().command
    script = found(root, {}, "rolecall-notion", "_ROLECALL_NOTION_COMPLETE")
    click.echo(script.source())
