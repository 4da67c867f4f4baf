"""What the page of a new credential shows to copy: the files of `deploy/`, filled in."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from rolecall.server import clock
from rolecall.server.connectors.deploying import authority, recipes
from rolecall.server.project.authority import prepare

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


@pytest.fixture(scope="module")
def trusted(tmp_path_factory) -> str:
    """An authority of our own, as its certificate's chain shows it."""
    found = prepare(tmp_path_factory.mktemp("tls"), ["localhost"], None, clock.now())
    text = authority(str(found.certificate))
    assert text == found.root.read_text()
    return text


def test_an_authority_that_machines_do_not_know_is_in_all_of_it(trusted: str):
    """The file itself, and its name wherever a connector reads it."""
    texts = {one.key: one.text for one in recipes(CLIENT_ID, SECRETS[1], trusted=trusted)}
    secret, ca = yaml.safe_load_all(texts["secrets"])
    pod = yaml.safe_load(texts["deployment"])["spec"]["template"]["spec"]
    compose = yaml.safe_load(texts["compose"])["services"]["controller"]
    (container,) = pod["containers"]

    assert texts["ca"] == trusted
    assert secret["stringData"]["BATON_CLIENT_SECRET"] == SECRETS[1]
    assert ca["data"] == {"ca.pem": trusted}
    assert {"name": "rolecall-ca", "configMap": {"name": ca["metadata"]["name"]}} in pod["volumes"]
    assert {"name": "BATON_CA_FILE", "value": "/etc/rolecall/ca.pem"} in container["env"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts["rolecall-ca"] == "/etc/rolecall"
    assert compose["environment"]["BATON_CA_FILE"] == "/etc/rolecall/ca.pem"
    assert "./rolecall-ca.pem:/etc/rolecall/ca.pem:ro" in compose["volumes"]


def test_a_shell_writes_the_authority_before_it_starts_the_connector(trusted: str, tmp_path: Path):
    """Byte by byte, where the connector looks for it."""
    texts = {one.key: one.text for one in recipes(CLIENT_ID, SECRETS[1], trusted=trusted)}
    asking = texts["shell"].strip().removesuffix("rolecall-notion") + "printenv BATON_CA_FILE"
    found = subprocess.run(
        ["/bin/sh", "-c", asking], capture_output=True, check=True, text=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip

    assert found.stdout == f"{tmp_path}/rolecall-ca.pem\n"
    assert (tmp_path / "rolecall-ca.pem").read_text() == trusted


def test_no_authority_is_made_up(trusted: str, tmp_path: Path):
    """A chain without a root, no file, or something else: then nothing is said."""
    leaf = x509.load_pem_x509_certificate(
        prepare(tmp_path, ["localhost"], None, clock.now()).certificate.read_bytes()
    )
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (tmp_path / "text").write_text("no certificate")

    assert trusted
    assert {authority(str(tmp_path / name)) for name in ("leaf.pem", "text", "none", "")} == {""}
