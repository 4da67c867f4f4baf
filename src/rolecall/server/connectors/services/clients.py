"""Credentials of self-hosted connectors: made, shown once, replaced, ended.

The private key leaves in the answer and is kept nowhere; what we keep checks signatures.
"""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from rolecall.errors import Conflict, Gone, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.connectors.models import AccessToken, Client, Connector
from rolecall.server.connectors.services.rows import locked

__all__ = ["LONGEST_OVERLAP", "Issued", "end", "end_all", "rotate", "usable"]

LONGEST_OVERLAP: Final = timedelta(days=30)
"""How long the credential before may go on beside the new one."""

_Raw: Final = serialization.Encoding.Raw


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new credential, for the one page that shows it."""

    client: Client
    client_id: str
    client_secret: str = field(repr=False)


@transaction.atomic
def rotate(actor: Actor, connector_id: str, *, overlap: timedelta, now: datetime) -> Issued:
    """Make a credential; those before it end after the overlap, at once if it is zero.

    Raises:
        NotAllowed, Gone: as in `rows.locked`.
        Conflict: it is hosted here, and needs none.
        Invalid: the overlap is negative, or longer than `LONGEST_OVERLAP`.
    """
    connector = locked(actor, "connector:token", connector_id)
    if connector.kind != "baton":
        raise Conflict(
            f"{connector.name} is hosted here, and calls nobody.", hint="Enter its token instead."
        )
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Invalid(
            "Old credentials can go on for 30 days at most.", hint="Choose a shorter time."
        )
    before = connector.clients.filter(Q(ends_at=None) | Q(ends_at__gt=now + overlap))
    before.update(ends_at=now + overlap)
    private, public = _pair()
    client = Client.objects.create(
        connector=connector, client_id=_client_id(connector), public_key=public,
        made_at=now, made_by=actor.name,
    )  # fmt: skip
    record(actor, "connector:client:rotate", connector, now=now, scope=connector.public_id,
           client=client.client_id, overlap_s=int(overlap.total_seconds()))  # fmt: skip
    return Issued(client=client, client_id=client.client_id, client_secret=private)


@transaction.atomic
def end(actor: Actor, connector_id: str, client_public_id: str, *, now: datetime) -> Client:
    """From now on this credential opens nothing.

    Raises:
        NotAllowed, Gone: as in `rows.locked`; or there is no such credential.
        Conflict: it has ended already.
    """
    connector = locked(actor, "connector:token", connector_id)
    client = connector.clients.filter(public_id=client_public_id).first()
    if client is None:
        raise Gone("There is no such credential.", hint="Look at the page again.")
    if client.ends_at is not None and client.ends_at <= now:
        raise Conflict("This credential has ended already.", hint="Look at the page again.")
    client.ends_at = now
    client.save(update_fields=["ends_at"])
    AccessToken.objects.filter(client=client).delete()
    record(actor, "connector:client:end", connector, now=now, scope=connector.public_id,
           client=client.client_id)  # fmt: skip
    return client


def end_all(connector: Connector, now: datetime) -> None:
    """End all of a connector that is archived; in the caller's transaction."""
    usable(connector, now).update(ends_at=now)
    AccessToken.objects.filter(client__connector=connector).delete()


def usable(connector: Connector, now: datetime) -> QuerySet[Client]:
    """Its credentials that open something now."""
    return connector.clients.filter(Q(ends_at=None) | Q(ends_at__gt=now))


def _client_id(connector: Connector) -> str:
    """Apart from its own, it names the connector: whoever reads a log finds the page."""
    name = f"rolecall-{secrets.token_hex(4)}"
    return f"{name}@{settings.CONFIG.controller_address}/{connector.public_id}"


def _pair() -> tuple[str, dict[str, str]]:
    """A client secret as Baton's connectors read it, and the public JWK to it."""
    key = ed25519.Ed25519PrivateKey.generate()
    d = key.private_bytes(_Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    x = key.public_key().public_bytes(_Raw, serialization.PublicFormat.Raw)
    public = {"kty": "OKP", "crv": "Ed25519", "x": _text(x)}
    jwk = json.dumps({**public, "d": _text(d)}, separators=(",", ":"))
    return f"secret-token:conductorone.com:v1:{_text(jwk.encode())}", public


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
