"""What deployment files and their guides say is what the program understands, and is no secret."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolecall.connector.flags import supported
from rolecall.connector.refused import REFUSED
from rolecall.connector.settings import secrets_from_files
from rolecall.errors import BadConfig

ROOT = Path(__file__).parents[2]
DEPLOY = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())
GUIDES = [ROOT / "docs" / "guides" / name for name in ("self-host.md", "switch-from-go.md")]
VARIABLE = re.compile(r"\bBATON_[A-Z0-9_]+\b(?!\*)")
IMAGE = "registry.example/rolecall-notion"
"""A host that nobody can own (RFC 2606): an unedited file pulls nothing from a stranger."""
SERVER_IMAGE = "registry.example/rolecall"
DATABASE_IMAGE = "docker.io/library/postgres:18-bookworm"

NOT_READ = {
    "BATON_TMPDIR",
    "BATON_DISABLE_HTTP_CACHE",
    "BATON_HTTP_CACHE_TTL",
    "BATON_HTTP_CACHE_MAX_SIZE",
    "BATON_HTTP_CACHE_BACKEND",
    "BATON_DEBUG_PRINT_RESPONSE_BODY",
}
"""Variables of the Go connector that the guide says to be without effect."""


def kept(path: Path) -> str:
    """The text, without what lies in the folder of secrets."""
    return path.read_text(encoding="utf-8") if "secrets" not in path.parts else ""


def source() -> str:
    """The text of the connector."""
    folder = ROOT / "src" / "rolecall" / "connector"
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))


def understood() -> set[str]:
    """Every variable that does something."""
    flags = {flag.variable for flag in supported()}
    files = {f"{variable}_FILE" for variable in flags if read_from_a_file(f"{variable}_FILE")}
    return flags | files | set(VARIABLE.findall(source()))


def read_from_a_file(variable: str) -> bool:
    """Whether the connector misses the file that a variable names."""
    try:
        secrets_from_files(environ={variable: "/nowhere"})
    except BadConfig:
        return True
    return False


def refused() -> set[str]:
    """Every variable that is refused with the reason."""
    return {"BATON_" + name.upper().replace("-", "_") for name in REFUSED}


@pytest.mark.parametrize("path", DEPLOY, ids=lambda p: p.name)
def test_variables_of_the_files_do_something(path: Path):
    """No deployment file sets a variable that the connector does not read."""
    assert set(VARIABLE.findall(kept(path))) - understood() == set()


@pytest.mark.parametrize("page", GUIDES, ids=lambda p: p.name)
def test_variables_of_the_guides_are_known(page: Path):
    """Each variable that a guide names is read, refused, or said to be without effect."""
    named = set(VARIABLE.findall(page.read_text(encoding="utf-8")))

    assert named - understood() - refused() - NOT_READ == set()
    assert len(named) > 5


def test_a_planted_variable_is_noticed():
    """What is understood is found by asking the connector: neither nothing nor everything is."""
    assert {"BATON_SCIM_TOKEN_FILE", "BATON_HEALTH_CHECK_PORT"} <= understood()
    assert not {"BATON_JOURNAL_FILE", "BATON_HEALTH_CHECKS"} & understood()


def test_what_is_said_to_be_refused_is_refused():
    """The table of refused settings in the guide names none that works."""
    page = GUIDES[1].read_text(encoding="utf-8")
    table = page.partition("Refused with the reason")[2].partition("Not read")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in first for name in VARIABLE.findall(cell)}

    assert named - refused() == set()
    assert len(named) > 8


def test_what_is_said_not_to_be_read_is_not_read():
    """The variables without effect appear nowhere in the connector."""
    assert NOT_READ & (set(VARIABLE.findall(source())) | refused()) == set()


def documents() -> list[dict[str, Any]]:
    """Every YAML document of the folder."""
    return [
        document
        for path in DEPLOY
        if path.suffix == ".yaml"
        for document in yaml.safe_load_all(kept(path))
        if document
    ]


def images(value: object) -> list[str]:
    """Every image that a document names."""
    if isinstance(value, dict):
        own = [value["image"]] if isinstance(value.get("image"), str) else []
        return own + [image for one in value.values() for image in images(one)]
    if isinstance(value, list):
        return [image for one in value for image in images(one)]
    return []


def test_images_are_placeholders_of_this_version():
    """All but PostgreSQL's are ours to build, by names that lead nowhere, with our version."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    found = {image for document in documents() for image in images(document)}
    named = {
        name
        for page in GUIDES
        for name in re.findall(rf"{IMAGE}\S*", page.read_text(encoding="utf-8"))
    }

    assert found - {DATABASE_IMAGE} == {f"{IMAGE}:{version}", f"{SERVER_IMAGE}:{version}"}
    assert named == {f"{IMAGE}:{version}"}


def test_secrets_are_placeholders():
    """The Secret holds nothing but names in angle brackets and a quoted boolean."""
    (secret,) = [one for one in documents() if one.get("kind") == "Secret"]
    values = secret["stringData"]

    assert "data" not in secret
    assert [
        name for name, value in values.items() if not re.fullmatch(r"<[\w ]+>|false", value)
    ] == []


@pytest.mark.parametrize("path", [*DEPLOY, *GUIDES], ids=lambda p: p.name)
def test_nothing_looks_like_a_secret(path: Path):
    """No long random text, no token and no client secret stands in a file."""
    text = kept(path)

    assert re.findall(r"secret-token:\S+|\b(?:ntn|secret)_\w{8,}|\beyJ\w{10,}", text) == []
    assert [word for word in re.findall(r"[A-Za-z0-9+/=_-]{40,}", text) if random_like(word)] == []


def random_like(word: str) -> bool:
    """Whether a word has digits, capitals and small letters, as keys have and names have not."""
    return all(re.search(kind, word) for kind in ("[0-9]", "[A-Z]", "[a-z]"))


def test_a_planted_secret_is_noticed():
    """The needle finds what it is for."""
    assert random_like("aB3" * 15)
    assert not random_like("docs-guides-self-host-step-3-an-image-of-yours")


@pytest.mark.parametrize(
    ("document", "wanted"),
    [({"a": [{"image": "x:1"}]}, ["x:1"]), ({"image": {"image": "y"}}, ["y"])],
)
def test_images_are_found_at_any_depth(document: dict[str, Any], wanted: list[str]):
    """The search for images looks into lists and mappings."""
    assert images(document) == wanted
