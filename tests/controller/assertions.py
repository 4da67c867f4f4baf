"""The token endpoint: who may have an access token, and which tokens are good. No I/O.

Checks an assertion as a controller must (facts of the protocol, 6.7.2): signature by the stored
public key, issuer, subject, audience, times, and a nonce that nobody has used before.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSAlgModel, JWSRegistry

__all__ = ["Doorkeeper", "TokenRefused"]

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_S = 300
"""The longest life of an assertion; the Go connector's is 240 s."""


class TokenRefused(Exception):
    """No token, and why."""


class EdDsaAlone(JWSRegistry):
    """One algorithm, by the older of its names, without a warning about that."""

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm; anything else is refused."""
        if name != "EdDSA":
            raise ValueError(f"algorithm {name}")
        return self.algorithms[name]


@dataclass(kw_only=True)
class Doorkeeper:
    """Gives tokens, and knows those that it gave."""

    clients: dict[str, dict[str, Any]]
    """Public JWK by client id."""

    clock: Callable[[], float]
    """Seconds since the epoch, by the controller's own clock."""

    audience: str = "localhost"
    leeway_s: float = 120
    token_life_s: float = 3600
    _nonces: dict[tuple[str, str], float] = field(default_factory=dict)
    _given: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Client id and end of life, by token."""

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer to a good token request.

        Raises:
            TokenRefused: it is none.
        """
        client = form.get("client_id", "")
        if client not in self.clients:
            raise TokenRefused("unknown client")
        if set(form) != {"client_id", "grant_type", "client_assertion_type", "client_assertion"}:
            raise TokenRefused(f"fields {sorted(form)}")
        if form["grant_type"] != "client_credentials":
            raise TokenRefused("grant_type")
        if form["client_assertion_type"] != ASSERTION:
            raise TokenRefused("client_assertion_type")
        self._check(client, form["client_assertion"])
        token = f"tok-{secrets.token_urlsafe(24)}"
        self._given[token] = (client, self.clock() + self.token_life_s)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_life_s}

    def client_of(self, bearer: str) -> str | None:
        """Whose token it is, if it is good."""
        client, ends = self._given.get(bearer.removeprefix("Bearer "), ("", 0.0))
        return client if client and self.clock() < ends else None

    def forget_tokens(self) -> None:
        """No token is good any more."""
        self._given.clear()

    def _check(self, client: str, assertion: str) -> None:
        key = jwk.OKPKey.import_key(self.clients[client])
        registry = EdDsaAlone(strict_check_header=False)
        try:
            token = jwt.decode(assertion, key, registry=registry)
        except (JoseError, ValueError) as error:
            raise TokenRefused(f"assertion: {error}") from error
        header, claims, now = token.header, token.claims, self.clock()
        if set(header) - {"alg", "nonce", "kid"} or header["alg"] != "EdDSA":
            raise TokenRefused(f"header {sorted(header)}")
        if set(claims) != {"iss", "sub", "aud", "exp", "nbf", "iat"}:
            raise TokenRefused(f"claims {sorted(claims)}")
        if (claims["iss"], claims["sub"], claims["aud"]) != (client, client, self.audience):
            raise TokenRefused("iss, sub or aud")
        if claims["exp"] + self.leeway_s <= now or claims["nbf"] - self.leeway_s > now:
            raise TokenRefused("expired, or not yet valid")
        if claims["exp"] - claims["nbf"] > LONGEST_S:
            raise TokenRefused("valid for too long")
        self._once(client, str(header.get("nonce", "")), claims["exp"])

    def _once(self, client: str, nonce: str, ends: float) -> None:
        if len(nonce) != 32 or set(nonce) - set("0123456789abcdef"):
            raise TokenRefused("nonce")
        now = self.clock()
        for old in [one for one, until in self._nonces.items() if until + self.leeway_s < now]:
            del self._nonces[old]
        if (client, nonce) in self._nonces:
            raise TokenRefused("seen before")
        self._nonces[client, nonce] = ends
