"""`capabilities` and `config` print what Baton's tools read."""

import json

import click
import pytest
from click.testing import CliRunner

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


def test_config():
    """Every visible flag but those of one shot, once, those about running first; the token secret and named."""
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
