"""The compose file is one by the specification, and its services are shut in.

No engine runs here: the file is parsed by a library of the specification, and not started.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def document() -> dict[str, Any]:
    """The file, with its merge keys (`<<`) carried out."""
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    return dict(document()["services"])


def parsed(content: dict[str, Any]) -> PyCompose:
    """The file as the specification reads it."""
    return PyCompose.from_json(json.dumps(content))


def test_the_specification_takes_it():
    """It parses without unknown keys, and every value is of the right form."""
    assert sorted(parsed(document()).service_names()) == ["controller", "file"]


@pytest.mark.parametrize(
    "bad",
    [
        {"readonly": True},
        {"mem_limit": [512]},
        {"stop_grace_period": "45 minutes or so"},
        {"healthcheck": {"tests": ["CMD", "true"]}},
    ],
    ids=str,
)
def test_a_planted_mistake_is_refused(bad: dict[str, Any]):
    """A misspelt key or a value of a wrong form is noticed."""
    planted = document()
    planted["services"]["file"] |= bad

    with pytest.raises(ValueError, match=r"\w"):
        parsed(planted)


@pytest.mark.parametrize("name", services())
def test_a_service_is_shut_in(name: str):
    """No capability, no write to the root, no root, no new privilege, bounded memory."""
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith("0")
    assert "mem_limit" in service
    assert "ports" not in service


@pytest.mark.parametrize("name", services())
def test_secrets_are_files_that_are_named(name: str):
    """Each secret that a service is given is read from its file, and no other is looked for."""
    service = services()[name]
    files = {
        value.removeprefix("/run/secrets/")
        for key, value in service["environment"].items()
        if key.endswith("_FILE") and key != "BATON_FILE"
    }

    assert files == set(service["secrets"])
    assert set(service["secrets"]) <= set(document()["secrets"])


@pytest.mark.parametrize("name", services())
def test_settings_are_strings(name: str):
    """No value of the environment depends on how YAML reads it."""
    values = services()[name]["environment"].values()

    assert [value for value in values if not isinstance(value, str)] == []


def test_the_journal_lasts():
    """Journal and state of the controller's service lie on its named volume."""
    service = services()["controller"]
    (volume,) = service["volumes"]
    name, _, mount = volume.partition(":")
    folders = [service["environment"][key] for key in ("BATON_STATE_DIR", "BATON_JOURNAL")]

    assert name in document()["volumes"]
    assert all(Path(mount) in Path(folder).parents for folder in folders)
    assert service["environment"]["BATON_PROVISIONING"] == "false"


def test_each_has_its_own_profile_and_volume():
    """Nothing starts unasked, and the two never share files."""
    profiles = [service["profiles"] for service in services().values()]
    volumes = [volume for service in services().values() for volume in service["volumes"]]

    assert sorted(profiles) == [["controller"], ["file"]]
    assert len(set(volumes)) == len(volumes)


def test_the_image_is_built_from_here():
    """The build names the Containerfile beside the compose file."""
    for service in services().values():
        context = (FILE.parent / service["build"]["context"]).resolve()

        assert (context / service["build"]["dockerfile"]).is_file()
