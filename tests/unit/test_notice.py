"""Webhook settings and signatures, without a network."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.connector.notice import Command, Webhook, signature
from rolecall.errors import BadConfig

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def webhook(url: str, secret: str = SECRET) -> Webhook:
    """A webhook from its two settings."""
    return Webhook.parsed(url, secret, ca_file=None, user_agent="test")


def test_signature_of_the_published_example():
    """The example that libraries for receivers are tested with is signed as they expect it."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(
    key=st.binary(min_size=24, max_size=64),
    name=st.text(st.characters(min_codepoint=48, max_codepoint=90), max_size=20),
    seconds=st.integers(0, 2**40),
    body=st.binary(max_size=100),
)
def test_a_receiver_can_check_it(key: bytes, name: str, seconds: int, body: bytes):
    """The signature is that of id, time and body, joined by full stops."""
    version, _, encoded = signature(key, name, seconds, body).partition(",")
    expected = hmac.new(key, f"{name}.{seconds}.".encode() + body, hashlib.sha256)

    assert version == "v1"
    assert base64.b64decode(encoded) == expected.digest()


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/notion",
        "https://hooks.example:8443/a?b=c",
        "http://localhost:8000/",
        "http://127.0.0.1:8000",
        "http://[::1]:8000/x",
    ],
)
def test_addresses_that_are_taken(url: str):
    """TLS everywhere, but to this machine itself."""
    assert webhook(url).url == url
    assert webhook(url).key == KEY


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/notion",
        "http://localhost.hooks.example/",
        "http://10.0.0.1/",
        "ftp://localhost/",
        "https://",
        "https://ana@hooks.example/",
        "https://hooks.example:99999/",
        "https://[nonsense/",
        "hooks.example",
        "",
    ],
)
def test_addresses_that_are_refused(url: str):
    """No plain HTTP to elsewhere, no user names, and nothing that is no address."""
    with pytest.raises(BadConfig, match="--webhook"):
        webhook(url)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_not base64",
        "whsec_" + base64.b64encode(b"short").decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        base64.b64encode(KEY).decode(),
    ],
)
def test_secrets_that_are_refused(secret: str):
    """A secret has the one form that every receiver's library reads; the error repeats none."""
    with pytest.raises(BadConfig, match="BATON_WEBHOOK_SECRET") as refused:
        webhook("https://hooks.example/", secret)

    assert len(secret) < 10 or secret not in str(refused.value)


def test_nothing_secret_in_the_repr():
    """Neither the key nor the address, whose path may be a secret of the receiver."""
    shown = repr(webhook("https://hooks.example/very-private-path"))

    assert "private" not in shown
    assert repr(KEY) not in shown
    assert webhook("https://hooks.example/x").host == "hooks.example"


@pytest.mark.parametrize("text", ["", "   ", "tell 'them"])
def test_commands_that_are_refused(text: str):
    """A command line that is empty or not closed is refused before the first sync."""
    with pytest.raises(BadConfig, match="--on-change"):
        Command.parsed(text, environ={}, hide=str)


def test_a_command_is_split_as_a_shell_would_and_no_further():
    """Quotes group words; variables and pipes are plain words."""
    made = Command.parsed("tell 'two words' $HOME | x", environ={"A": "hidden-one"}, hide=str)

    assert made.words == ("tell", "two words", "$HOME", "|", "x")
    assert "hidden-one" not in repr(made)


def test_a_ca_file_is_kept():
    """The certificates of the connector's own flag hold for webhooks too."""
    made = Webhook.parsed("https://hooks.example", SECRET, ca_file=Path("ca"), user_agent="t")

    assert made.ca_file == Path("ca")
