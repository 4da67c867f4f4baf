"""Secrets that stand in files: read as they are now, given once, shown nowhere."""

from pathlib import Path

import pytest

from rolecall.connector import log, settings
from rolecall.errors import BadConfig

KEYS = ("scim_token", "api_key", "client_id", "client_secret")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_read_from_the_file(tmp_path: Path, key: str, end: str):
    """Each of the four can stand in a file, with or without a line end."""
    file = tmp_path / "secret"
    file.write_bytes(f"made-up value for {key}{end}".encode())

    found = settings.secrets_from_files(environ={f"BATON_{key.upper()}_FILE": str(file)})

    assert found == {key: f"made-up value for {key}"}


def test_read_anew_each_time(tmp_path: Path):
    """Who asks again gets what the file holds then."""
    file = tmp_path / "token"
    environ = {"BATON_SCIM_TOKEN_FILE": str(file)}
    said = []
    for token in ("first-token-of-two", "second-token-of-two"):
        file.write_text(token)
        said.append(settings.secrets_from_files(environ=environ)["scim_token"])

    assert said == ["first-token-of-two", "second-token-of-two"]
    assert log.clean("both first-token-of-two second-token-of-two") == "both [secret] [secret]"


def test_given_twice_names_both(tmp_path: Path):
    """A flag or variable beside the file is a mistake, and the message names both."""
    file = tmp_path / "token"
    file.write_text("made-up-token-of-a-file")

    with pytest.raises(BadConfig) as refused:
        settings.secrets_from_files({"scim_token"}, {"BATON_SCIM_TOKEN_FILE": str(file)})

    assert "--scim-token" in str(refused.value)
    assert "BATON_SCIM_TOKEN_FILE" in str(refused.value)
    assert "made-up" not in str(refused.value)


def test_given_otherwise_alone_is_fine():
    """A flag without a file, and a variable that names no file, are no mistake."""
    environ = {"BATON_SCIM_TOKEN_FILE": ""}

    assert settings.secrets_from_files({"scim_token", "api_key"}, environ) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"x" * 70000, "too long"), (b"\xff\xfe", "no text")],
)
def test_files_without_a_secret(tmp_path: Path, content: bytes, words: str):
    """A file that cannot hold a secret is named, with the variable and what is wrong."""
    file = tmp_path / "token"
    file.write_bytes(content)

    with pytest.raises(BadConfig, match=words) as refused:
        settings.secrets_from_files(environ={"BATON_API_KEY_FILE": str(file)})

    assert "BATON_API_KEY_FILE" in str(refused.value)
    assert str(file) in str(refused.value)


def test_unreadable_files(tmp_path: Path):
    """A missing file and a folder are named with the reason."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadConfig, match="cannot read") as refused:
            settings.secrets_from_files(environ={"BATON_CLIENT_SECRET_FILE": str(path)})
        assert str(path) in str(refused.value)


def test_a_secret_in_the_place_of_its_file():
    """A secret that was pasted where its file should be named is not repeated."""
    with pytest.raises(BadConfig, match="BATON_SCIM_TOKEN_FILE") as refused:
        settings.secrets_from_files(environ={"BATON_SCIM_TOKEN_FILE": "ntn_made_up"})

    assert "ntn_made_up" not in str(refused.value)


def test_the_webhook_secret(tmp_path: Path):
    """By variable or by file, not by both, hidden from the log either way."""
    file = tmp_path / "hook"
    file.write_text("whsec_made-up-one\n")

    by_file = settings.webhook_secret({"BATON_WEBHOOK_SECRET_FILE": str(file)})
    by_variable = settings.webhook_secret({"BATON_WEBHOOK_SECRET": "whsec_made-up-two"})

    assert (by_file, by_variable) == ("whsec_made-up-one", "whsec_made-up-two")
    assert settings.webhook_secret({}) == ""
    assert log.clean("whsec_made-up-one whsec_made-up-two") == "[secret] [secret]"
    with pytest.raises(BadConfig, match="BATON_WEBHOOK_SECRET_FILE"):
        settings.webhook_secret(
            {"BATON_WEBHOOK_SECRET": "x", "BATON_WEBHOOK_SECRET_FILE": str(file)}
        )


def test_environment_for_others():
    """No variable of ours for a secret, none that holds a known secret, and all others."""
    log.hide("known-secret-in-a-variable")
    environ = {
        "PATH": "/bin",
        "BATON_FILE": "x.c1z",
        "BATON_SCIM_TOKEN": "t",
        "BATON_API_KEY_FILE": "/run/key",
        "BATON_CLIENT_SECRET": "s",
        "BATON_WEBHOOK_SECRET": "w",
        "BATON_WEBHOOK_SECRET_FILE": "/run/w",
        "STUDIO_TOKEN": "known-secret-in-a-variable",
        "PROXY": "http://ana:known-secret-in-a-variable" + "@proxy.example",
    }

    assert settings.environment_without_secrets(environ) == {
        "PATH": "/bin",
        "BATON_FILE": "x.c1z",
    }
