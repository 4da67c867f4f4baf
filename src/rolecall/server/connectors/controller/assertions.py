"""Whether an assertion proves that its sender is who they say: signature, names, times. Pure.

As RFC 7523 has it, with what Baton's connectors make of it: EdDSA, no `typ`, a nonce in the header,
no `jti`; audience is the host of the client id, without its port.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from rolecall.errors import BadToken

__all__ = ["Proof", "prove"]

SKEW: Final = timedelta(minutes=2)
"""How far the clocks of connector and controller may be apart."""
LONGEST: Final = timedelta(minutes=10)
"""The longest life of an assertion: so long its use is remembered. The Go connector's is four."""
_LARGEST: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An assertion that is good, if nobody has used it before."""

    digest: bytes
    """SHA-256 of its signature."""
    until: datetime
    """From when nobody needs to remember it."""


class _EdDsaOnly(JWSRegistry):
    """One algorithm, by the name that connectors use; what a header may hold is not restricted."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 - a type that the library keeps to itself
        """The algorithm.

        Raises:
            ValueError: it is any other, `none` among them.
        """
        if name != "EdDSA":
            raise ValueError(f"algorithm {name[:20]!r}")
        return self.algorithms[name]


def prove(assertion: str, client_id: str, public_key: Mapping[str, Any], *, now: datetime) -> Proof:
    """Check everything but whether it was used before.

    Args:
        assertion: compact JWT.
        client_id: who sends it.
        public_key: the JWK that is kept of them.
        now: the moment, in UTC.

    Raises:
        BadToken: it proves nothing; the message says why, and holds nothing of it.
    """
    if len(assertion) > _LARGEST:
        raise BadToken("The assertion is too long.")
    try:
        registry = _EdDsaOnly(strict_check_header=False)
        claims = jwt.decode(assertion, jwk.OKPKey.import_key(dict(public_key)), registry=registry)
        _judge(claims.claims, client_id, now)
        until = _moment(claims.claims["exp"]) + SKEW
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise BadToken(
            f"The assertion is not accepted ({_reason(error)}).",
            hint="Rotate the credential, or correct the clock of the connector's machine.",
        ) from None
    signature = assertion.rpartition(".")[2].encode()
    return Proof(digest=hashlib.sha256(signature).digest(), until=until)


def _reason(error: Exception) -> str:
    return str(error) if type(error) is ValueError else type(error).__name__


def _judge(claims: Mapping[str, Any], client_id: str, now: datetime) -> None:
    host = client_id.partition("@")[2].partition("/")[0]
    if (claims.get("iss"), claims.get("sub")) != (client_id, client_id):
        raise ValueError("issuer or subject is somebody else")
    if claims.get("aud") not in (_without_port(host), [_without_port(host)]):
        raise ValueError("it is meant for somebody else")
    begins, ends = _moment(claims["nbf"]), _moment(claims["exp"])
    if now > ends + SKEW:
        raise ValueError("it has expired")
    if now < begins - SKEW:
        raise ValueError("it is not valid yet")
    if ends - begins > LONGEST:
        raise ValueError("it is valid for too long")


def _moment(seconds: object) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError("no time")
    return datetime.fromtimestamp(seconds, tz=UTC)


def _without_port(host: str) -> str:
    """`[::1]:8443` → `[::1]`; connectors cut at the first colon, ours among them."""
    return host.partition(":")[0]
