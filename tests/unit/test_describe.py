"""`capabilities` and `config` print what Baton's tools read."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rolecall.baton.proto._generated.c1.connector.v2.connector_pb2 import Capability
from rolecall.connector import describe
from rolecall.connector.flags import supported


def printed(command: click.Command) -> dict[str, object]:
    """The JSON that a command prints, without a line end."""
    said = CliRunner().invoke(command).output
    assert not said.endswith("\n")
    return json.loads(said)


def test_capabilities():
    """An Any, its type first; each resource type with what can be done to it."""
    shown = printed(describe.capabilities)

    assert next(iter(shown)) == "@type"
    assert str(shown["@type"]).endswith("c1.connector.v2.ConnectorCapabilities")
    types = shown["resourceTypeCapabilities"]
    assert isinstance(types, list)
    assert [one["resourceType"]["id"] for one in types] == ["group", "role", "user"]
    assert all("CAPABILITY_SYNC" in one["capabilities"] for one in types)
    assert "CAPABILITY_SYNC" in list(shown["connectorCapabilities"])  # type: ignore[call-overload]


GO = Path(__file__).parents[1] / "golden" / "go-capabilities-demo.json"


def shape(value: object) -> object:
    """The keys of JSON at every level, and the kinds of the values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items() if key != "annotations"}
    return [shape(one) for one in value[:1]] if isinstance(value, list) else type(value)


def test_capabilities_have_the_shape_of_the_go_connector():
    """Keys, nesting and order are those of a real Go connector; it alone decides about no value."""
    shown, golden = printed(describe.capabilities), json.loads(GO.read_text(encoding="utf-8"))

    assert shape(shown) == shape(golden)
    assert list(shown) == list(golden)
    assert [list(one)[:1] for one in shown["resourceTypeCapabilities"]] == [["resourceType"]] * 3  # type: ignore[attr-defined]


def test_what_can_be_done():
    """For each type, in all by number of the enum, and accounts without passwords."""
    shown = describe.connector_capabilities()
    can = {
        one.resource_type.id: [
            Capability.Name(c).removeprefix("CAPABILITY_") for c in one.capabilities
        ]
        for one in shown.resource_type_capabilities
    }
    details = shown.credential_details.capability_account_provisioning

    assert can == {
        "group": ["SYNC", "TARGETED_SYNC", "PROVISION", "RESOURCE_CREATE", "RESOURCE_DELETE"],
        "role": ["SYNC", "TARGETED_SYNC", "PROVISION"],
        "user": ["SYNC", "TARGETED_SYNC", "ACCOUNT_PROVISIONING", "RESOURCE_DELETE"],
    }
    assert list(shown.connector_capabilities) == [1, 2, 5, 7, 8, 10, 11]
    assert (
        list(details.supported_credential_options) == [details.preferred_credential_option] == [1]
    )


def test_metadata_has_the_form_for_accounts():
    """The three required fields of the Go connector in their order, then ours, not required."""
    fields = describe.connector_metadata().account_creation_schema.field_map
    ordered = sorted(fields.items(), key=lambda one: one[1].order)

    assert [(name, field.required) for name, field in ordered] == [
        ("first_name", True),
        ("last_name", True),
        ("email", True),
        ("title", False),
        ("workspace_role", False),
    ]
    assert {field.WhichOneof("field") for field in fields.values()} == {"string_field"}


def test_config():
    """Every visible flag that is no order, once, those about running first; the token named."""
    shown = printed(describe.config)
    fields = shown["fields"]
    assert isinstance(fields, list)

    assert {one["name"] for one in fields} == {
        one.name for one in supported() if not (one.hidden or one.one_shot)
    }
    ops = [bool(one.get("isOps")) for one in fields]
    assert ops == sorted(ops, reverse=True)
    token = next(one for one in fields if one["name"] == "scim-token")
    assert token["isSecret"] is True
    assert token["displayName"] == "Notion SCIM API token"
    assert shown["displayName"] == "Notion"
    assert shown["helpUrl"] == "/docs/baton/notion"
    assert shown["iconUrl"] == "/static/app-icons/notion.svg"
    workers = next(one for one in fields if one["name"] == "workers")
    assert workers["intField"]["defaultValue"] == "8"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str):
    """A script for each shell, under the command's own name."""
    said = CliRunner().invoke(describe.completion, [shell])

    assert said.exit_code == 0
    assert "rolecall-notion" in said.output
