"""What the page of a new credential shows to copy: the files of `deploy/`, filled in."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolecall.server.connectors.deploying import recipes

DEPLOY = Path(__file__).parents[3] / "deploy"
CLIENT_ID = "rolecall-1@rolecall.example.com:8443/con_1"
SECRETS = [
    "secret-token:conductorone.com:v1:eyJrdHkiOiJPS1AifQ",
    "with 'quotes' \"and\" $HOME & <b>",
]


def shown(secret: str, *, provisioning: bool = False) -> dict[str, str]:
    """The texts, by key."""
    return {one.key: one.text for one in recipes(CLIENT_ID, secret, provisioning=provisioning)}


def of_deploy(name: str) -> Any:
    """A file of `deploy/` as it stands there."""
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("secret", SECRETS)
def test_the_manifests_are_those_of_deploy(secret: str):
    """Word for word, with the credential in its place and nothing else changed."""
    texts = shown(secret, provisioning=True)
    expected = of_deploy("kubernetes/rolecall-notion-secrets.yaml")
    expected["stringData"] |= {
        "BATON_CLIENT_ID": CLIENT_ID, "BATON_CLIENT_SECRET": secret, "BATON_PROVISIONING": "true",
    }  # fmt: skip

    assert yaml.safe_load(texts["secrets"]) == expected
    for key, name in (
        ("volume", "rolecall-notion-volume.yaml"),
        ("deployment", "rolecall-notion.yaml"),
    ):
        assert yaml.safe_load(texts[key]) == of_deploy(f"kubernetes/{name}")


@pytest.mark.parametrize("secret", SECRETS)
def test_the_compose_file_is_that_of_deploy(secret: str):
    """The service for a controller, with the credential instead of files that hold it."""
    made = yaml.safe_load(shown(secret)["compose"])
    ours = made["services"]["controller"]
    theirs = of_deploy("compose.yaml")["services"]["controller"]
    files = {f"BATON_{name}_FILE" for name in ("CLIENT_ID", "CLIENT_SECRET", "SCIM_TOKEN")}
    own = {name.removesuffix("_FILE") for name in files}

    assert ours["environment"]["BATON_CLIENT_SECRET"].replace("$$", "$") == secret
    assert ours["environment"]["BATON_CLIENT_ID"] == CLIENT_ID
    rest = {name: text for name, text in ours["environment"].items() if name not in own}
    assert rest == {n: t for n, t in theirs["environment"].items() if n not in files}
    for gone in ("profiles", "build", "secrets", "environment"):
        theirs.pop(gone, None)
        ours.pop(gone, None)
    assert ours == theirs


@pytest.mark.parametrize("secret", SECRETS)
def test_a_shell_reads_the_line_as_it_was_meant(secret: str):
    """Whatever the secret holds, a shell hands it over unchanged, and runs nothing of it."""
    line = shown(secret)["shell"].strip()
    assert shlex.split(line)[-1] == "rolecall-notion"
    asking = line.removesuffix("rolecall-notion") + "printenv BATON_CLIENT_ID BATON_CLIENT_SECRET"
    found = subprocess.run(
        ["/bin/sh", "-c", asking], capture_output=True, check=True, text=True, env=dict(os.environ)
    )

    assert found.stdout == f"{CLIENT_ID}\n{secret}\n"


def test_the_secret_is_in_no_repr():
    """A log line or an error that shows a recipe shows no secret."""
    assert SECRETS[0] not in repr(recipes(CLIENT_ID, SECRETS[0]))
