"""Client id, client secret and assertion: what is read, what is refused, what is signed."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.assertions import Doorkeeper, TokenRefused
from controller.authority import new_identity
from rolecall.baton.service.credentials import read_credentials, token_form
from rolecall.errors import BadConfig

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
NONCE = "0123456789abcdef" * 2
ME = new_identity()


def keeper(now: datetime = NOW, leeway_s: float = 120) -> Doorkeeper:
    """A token endpoint that knows us, at a given time."""
    return Doorkeeper(clients={ME.client_id: ME.public}, clock=now.timestamp, leeway_s=leeway_s)


def form(now: datetime = NOW, nonce: str = NONCE) -> dict[str, str]:
    """Our token request."""
    return token_form(read_credentials(ME.client_id, ME.client_secret), now=now, nonce=nonce)


def decoded(part: str) -> dict[str, object]:
    """A part of an assertion."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize(
    ("client_id", "api_host", "audience", "address"),
    [
        ("a@h.example/x", "", "h.example", "h.example:443"),
        ("a@h.example:8443/x/y", "", "h.example", "h.example:8443"),
        ("a@h.example/x", "o.example", "h.example", "o.example:443"),
        ("a@h.example:8443/x", "localhost:9", "h.example", "localhost:9"),
        ("a@h.example/x", "[::1]:9", "h.example", "[::1]:9"),
        ("a@h.example/x", "[::1]", "h.example", "[::1]:443"),
        ("a@h.example/x", "10.0.0.1", "h.example", "10.0.0.1:443"),
    ],
)
def test_a_client_id_says_where_to_go(client_id: str, api_host: str, audience: str, address: str):
    """Host and port come from the client id or the override; the audience always from the id."""
    found = read_credentials(client_id, ME.client_secret, api_host=api_host)

    assert (found.audience, found.address) == (audience, address)
    assert found.token_url == f"https://{address.removesuffix(':443')}/auth/v1/token"
    assert found.name == "a"


@pytest.mark.parametrize(
    "api_host",
    [
        "https://o.example",
        "o.example/",
        "jo:made-up-password@o.example",
        "o.example:https",
        "o.example:0",
        "o.example:65536",
        "::1",
        "two words",
        "o.example:",
    ],
)
def test_an_address_of_another_form_is_refused(api_host: str):
    """What is neither HOST nor HOST:PORT is refused at once, and not repeated."""
    with pytest.raises(BadConfig, match="BATON_C1_API_HOST") as refused:
        read_credentials("a@h.example/x", ME.client_secret, api_host=api_host)

    assert "made-up" not in str(refused.value)


@pytest.mark.parametrize(
    "client_id", ["", "a", "a@h", "@h/x", "a@/x", "a@h/", "h/x", "a/b@h", "a@h:x/y", "a@b@h/x"]
)
def test_a_client_id_of_another_form_is_refused(client_id: str):
    """All four parts must be there."""
    with pytest.raises(BadConfig, match="client id"):
        read_credentials(client_id, ME.client_secret)


def secret(**jwk: object) -> str:
    """A client secret of such a key."""
    text = base64.urlsafe_b64encode(json.dumps(jwk).encode()).rstrip(b"=").decode()
    return f"secret-token:conductorone.com:v1:{text}"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "secret-token:conductorone.com:v1",
        ME.client_secret.replace(":v1:", ":v2:"),
        ME.client_secret + ":more",
        "a:b:v1:!!!!",
        "a:b:v1:AAAA",
        "a:b:v1:\u00e4",
        secret(kty="RSA", crv="Ed25519", x="x", d="private-part"),
        secret(kty="OKP", crv="X25519", x="x", d="private-part"),
        secret(kty="OKP", crv="Ed25519", x="x", d=""),
        secret(kty="OKP", crv="Ed25519", x="x"),
        secret(kty=1),
    ],
)
def test_a_client_secret_that_is_none_is_refused(bad: str):
    """The message says what to do and holds nothing of the secret, nor does its cause."""
    with pytest.raises(BadConfig, match="client secret") as caught:
        read_credentials(ME.client_id, bad)

    assert caught.value.__suppress_context__
    assert "private-part" not in str(caught.value)
    assert not bad or bad not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str):
    """No client secret makes us fail in another way."""
    with pytest.raises(BadConfig):
        read_credentials(ME.client_id, f"a:b:v1:{text}")


def test_a_key_that_is_no_key_is_refused_early():
    """A JWK of the right form whose key has a wrong length is refused when it is read."""
    with pytest.raises(BadConfig, match="client secret"):
        read_credentials(ME.client_id, secret(kty="OKP", crv="Ed25519", x="AAAA", d="AAAA"))


def test_the_secret_is_not_shown():
    """Neither text nor repr of the credentials holds the key."""
    found = read_credentials(ME.client_id, ME.client_secret)

    assert found.key["d"] not in repr(found)


def test_the_assertion_is_that_of_the_go_connector():
    """Header and claims have the fields that were recorded, no more and no less."""
    asked = form()
    header, claims, _ = asked["client_assertion"].split(".")

    assert list(asked) == [
        "client_id",
        "grant_type",
        "client_assertion_type",
        "client_assertion",
    ]
    assert decoded(header) == {"alg": "EdDSA", "nonce": NONCE}
    assert decoded(claims) == {
        "iss": ME.client_id,
        "sub": ME.client_id,
        "aud": "localhost",
        "iat": int(NOW.timestamp()),
        "nbf": int(NOW.timestamp()) - 120,
        "exp": int(NOW.timestamp()) + 120,
    }


def test_a_key_id_goes_into_the_header():
    """`kid` is there if the key has one."""
    key = json.loads(base64.urlsafe_b64decode(ME.client_secret.split(":")[3] + "=="))
    found = read_credentials(ME.client_id, secret(**key, kid="k1"))
    header = token_form(found, now=NOW, nonce=NONCE)["client_assertion"].split(".")[0]

    assert decoded(header)["kid"] == "k1"


@pytest.mark.parametrize("skew_s", [-90, -60, 0, 60, 90])
def test_a_minute_of_skew_is_tolerated(skew_s: int):
    """Clocks may differ by a minute and more, even for a controller that allows nothing itself."""
    strict = keeper(NOW + timedelta(seconds=skew_s), leeway_s=0)

    assert strict.exchange(form())["expires_in"] == strict.token_life_s


@pytest.mark.parametrize("skew_s", [-300, 300])
def test_the_controller_of_the_tests_knows_the_time(skew_s: int):
    """An assertion of another time is refused, or the tests above would prove nothing."""
    with pytest.raises(TokenRefused, match="expired, or not yet"):
        keeper(NOW + timedelta(seconds=skew_s)).exchange(form())


def test_the_controller_of_the_tests_wants_each_nonce_once():
    """The same assertion twice is refused, and a new one is not."""
    door = keeper()
    door.exchange(form())

    with pytest.raises(TokenRefused, match="seen before"):
        door.exchange(form())
    assert door.exchange(form(nonce="f" * 32))


def test_the_controller_of_the_tests_checks_the_signature():
    """An assertion of another key, or for another audience, is refused."""
    stranger = new_identity()
    forged = token_form(
        read_credentials(ME.client_id, stranger.client_secret), now=NOW, nonce=NONCE
    )
    astray = keeper()
    astray.audience = "elsewhere"

    with pytest.raises(TokenRefused, match="assertion"):
        keeper().exchange(forged)
    with pytest.raises(TokenRefused, match="iss, sub or aud"):
        astray.exchange(form())
