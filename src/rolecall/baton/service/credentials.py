"""Who we are to a controller: client id, client secret, and the assertion signed with it. Pure.

A client id is ``<name>@<host>/<suffix>``; a client secret is four parts joined by colons, the third
``v1`` and the fourth an Ed25519 key as unpadded base64url of its JWK. The secret never leaves this
module: it signs, and is neither printed nor stored.
"""

import base64
import binascii
import re
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from rolecall.errors import BadConfig

__all__ = ["ASSERTION_TYPE", "Credentials", "read_credentials", "token_form"]

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VALID_FOR: Final = timedelta(minutes=2)
"""Before and after now: a minute of skew between the clocks is tolerated on both sides."""

PARTS: Final = 4
KEY_BYTES: Final = 32
PORT: Final = 443
MAX_PORT: Final = 65535

_ADDRESS: Final = re.compile(
    r"(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]+))?", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What `read_credentials` found."""

    client_id: str
    name: str
    """The beginning of the client id, and of the user agent."""

    audience: str
    """The host in the client id, without port: whom the assertion is meant for."""

    address: str
    """``host:port`` of the controller."""

    key: dict[str, Any] = field(repr=False)
    """The private JWK."""

    @property
    def token_url(self) -> str:
        """Where tokens are given; on the controller's own address."""
        return f"https://{self.address.removesuffix(f':{PORT}')}/auth/v1/token"


class _Jwk(msgspec.Struct):
    kty: str
    crv: str
    x: str
    d: str
    kid: str = ""


def read_credentials(client_id: str, client_secret: str, *, api_host: str = "") -> Credentials:
    """Take the two apart.

    Args:
        client_id: as the controller showed it.
        client_secret: likewise; never repeated in an error.
        api_host: ``host`` or ``host:port`` to connect to instead of the client id's.

    Raises:
        BadConfig: one of them is not of its form.
    """
    name, at, rest = client_id.partition("@")
    host, slash, suffix = rest.partition("/")
    if not (name and at and slash and suffix and _is_address(host)):
        raise BadConfig(
            "The client id is not of the form NAME@HOST/SUFFIX.",
            hint="Copy BATON_CLIENT_ID again from the controller's page.",
        )
    if api_host and not _is_address(api_host):
        raise BadConfig(
            "BATON_C1_API_HOST is neither HOST nor HOST:PORT.",
            hint="Leave out https://, paths and user names.",
        )
    address = api_host or host
    return Credentials(
        client_id=client_id,
        name=name,
        audience=host.partition(":")[0],
        address=address if re.search(r":[0-9]+$", address) else f"{address}:{PORT}",
        key=_key(client_secret),
    )


def _is_address(text: str) -> bool:
    """Whether it is `host`, `host:port`, or the same with an IPv6 address in brackets."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and 0 < int(found["port"] or PORT) <= MAX_PORT


def _key(secret: str) -> dict[str, Any]:
    parts = secret.strip().split(":")
    try:
        if len(parts) != PARTS or parts[2] != "v1":
            raise ValueError("form")  # noqa: TRY301 - one way out for everything that is wrong
        key = msgspec.json.decode(_bytes(parts[3]), type=_Jwk)
        sizes = {len(_bytes(key.x)), len(_bytes(key.d))}
        if (key.kty, key.crv) != ("OKP", "Ed25519") or sizes != {KEY_BYTES}:
            raise ValueError("kind of key")  # noqa: TRY301 - the same
    except (ValueError, binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        # Nothing of the secret may stand in a message, so the cause is not chained.
        raise BadConfig(
            "The client secret is not one that we can read.",
            hint="Copy BATON_CLIENT_SECRET again; it is shown once, and Rotate makes a new one.",
        ) from None
    found = {"kty": key.kty, "crv": key.crv, "x": key.x, "d": key.d}
    return found | ({"kid": key.kid} if key.kid else {})


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_form(credentials: Credentials, *, now: datetime, nonce: str) -> dict[str, str]:
    """The form that is exchanged for an access token (RFC 7523 §2.2).

    Args:
        credentials: ours.
        now: with zone.
        nonce: 32 hexadecimal digits, never used before.
    """
    from joserfc import jwk, jwt  # noqa: PLC0415 - only service mode pays for it
    from joserfc.errors import SecurityWarning  # noqa: PLC0415 - the same
    from joserfc.jws import JWSRegistry  # noqa: PLC0415 - the same

    key = jwk.OKPKey.import_key(credentials.key)
    header = {"alg": "EdDSA", "nonce": nonce}
    if kid := credentials.key.get("kid"):
        header["kid"] = kid
    claims = {
        "iss": credentials.client_id,
        "sub": credentials.client_id,
        "aud": credentials.audience,
        "iat": int(now.timestamp()),
        "nbf": int((now - VALID_FOR).timestamp()),
        "exp": int((now + VALID_FOR).timestamp()),
    }
    registry = JWSRegistry(algorithms=["EdDSA"], strict_check_header=False)
    with warnings.catch_warnings():
        # RFC 9864 prefers the name Ed25519; controllers expect the older one.
        warnings.simplefilter("ignore", SecurityWarning)
        assertion = jwt.encode(header, claims, key, registry=registry, default_type=None)
    return {
        "client_id": credentials.client_id,
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
