"""What guides show is so: commands of the server parse, code runs, pictures are there and small."""

import base64
import hashlib
import hmac
import json
import re
import shlex
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from rolecall.server.notifications.kinds import Kind
from rolecall.server.project import cli, config

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = sorted((DOCS / "guides").glob("*.md"))
IMAGES = sorted((DOCS / "images").glob("*.png"))
MOST_BYTES = 150_000


def blocks(page: Path, language: str) -> list[str]:
    """The page's blocks of code in one language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every line of a shell block, or cell of a table, that starts `rolecall`, with its guide."""
    for page in GUIDES:
        lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
        lines += re.findall(r"`(rolecall [^`]+)`", page.read_text(encoding="utf-8"))
        for line in lines:
            words = shlex.split(line, comments=True)
            if words and words[0] == "rolecall":
                yield page.name, words[1:]


@pytest.mark.parametrize(("page", "words"), list(commands()))
def test_commands_of_the_server_are_understood(page: str, words: list[str]):
    """Each is a command that there is, with options that it has."""
    command: click.Command = cli._group()
    context = click.Context(command, info_name="rolecall")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"{page}: rolecall {words[0]}"
        command, words = found, words[1:]
    options = {one for parameter in command.params for one in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= options | {"--help"}, page


@pytest.mark.parametrize("page", GUIDES, ids=lambda p: p.name)
def test_settings_and_json_in_guides_are_right(page: Path):
    """TOML that belongs into `rolecall.toml` is accepted, JSON is JSON."""
    for block in blocks(page, "toml"):
        msgspec.convert(tomllib.loads(block), config.Config)
    for block in blocks(page, "json"):
        json.loads(block)


def test_a_receiver_that_does_as_the_guide_says_accepts_ours_and_nothing_else():
    """The guide's own function, run: ours, changed, old, and of another secret."""
    (code,) = blocks(DOCS / "guides" / "notifications.md", "python")
    names: dict[str, object] = {}
    exec(compile(code, "the guide", "exec"), names)  # noqa: S102 - our own page
    ours, key, sent = names["ours"], bytes(range(32)), str(int(time.time()))
    secret = "whsec_" + base64.b64encode(key).decode()
    digest = hmac.new(key, f"dlv_1.{sent}.".encode() + b"{}", hashlib.sha256).digest()
    headers = {
        "webhook-id": "dlv_1",
        "webhook-timestamp": sent,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }

    assert ours(secret, headers, b"{}")
    assert not ours(secret, headers, b"{ }")
    assert not ours(secret, {**headers, "webhook-id": "dlv_2"}, b"{}")
    assert not ours(secret, {**headers, "webhook-timestamp": "1700000000"}, b"{}")
    assert not ours("whsec_" + base64.b64encode(bytes(32)).decode(), headers, b"{}")


def test_the_guide_names_every_kind_of_notification():
    """Each with the name that stands in webhooks."""
    text = (DOCS / "guides" / "notifications.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([a-z]+:[a-z]+)` \|", text, re.MULTILINE)) == set(Kind.values)


@pytest.mark.parametrize("image", IMAGES, ids=lambda p: p.name)
def test_pictures_are_small_and_shown(image: Path):
    """No picture without a page, none that is slow to load."""
    text = "".join(page.read_text(encoding="utf-8") for page in GUIDES)

    assert f"../images/{image.name})" in text
    assert image.stat().st_size < MOST_BYTES
