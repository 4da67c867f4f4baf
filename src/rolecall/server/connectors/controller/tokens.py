"""Access tokens: given for an assertion, kept as digests, asked for at every call."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from rolecall.errors import BadToken, Invalid
from rolecall.server.connectors.controller.assertions import Proof, prove
from rolecall.server.connectors.models import AccessToken, Client, UsedAssertion

__all__ = ["Token", "client_of", "exchange", "forget"]

LIFE: Final = timedelta(hours=1)
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ROTATE: Final = "Rotate the credential on the connector's page, and set the new one."


@dataclass(frozen=True, kw_only=True)
class Token:
    """What whoever asked gets."""

    text: str = field(repr=False)
    lasts: timedelta


def exchange(form: Mapping[str, str], now: datetime) -> Token:
    """An access token for a good assertion.

    Raises:
        Invalid: it is no such request.
        BadToken: there is no such client, or the assertion proves nothing, or was used before.
    """
    if form.get("grant_type") != "client_credentials":
        raise Invalid("grant_type is not client_credentials.")
    if form.get("client_assertion_type") != _ASSERTION:
        raise Invalid("client_assertion_type is not that of a JWT bearer.")
    client = _usable(now).filter(client_id=form.get("client_id", "")[:200]).first()
    if client is None:
        raise BadToken("There is no such credential (any more).", hint=_ROTATE)
    assertion = form.get("client_assertion", "")
    proof = prove(assertion, client.client_id, client.public_key, now=now)
    text = secrets.token_urlsafe(32)
    until = min(now + LIFE, client.ends_at or now + LIFE)
    with transaction.atomic():
        _use_once(proof)
        AccessToken.objects.create(client=client, digest=_digest(text), until=until)
        Client.objects.filter(pk=client.pk).update(used_at=now)
    return Token(text=text, lasts=until - now)


def client_of(authorization: str, now: datetime) -> Client:
    """Whose token it is, with their connector; asked at every call, so it is one small question.

    Args:
        authorization: the header, `Bearer …`.
        now: the moment.

    Raises:
        BadToken: it is nobody's, or not any more.
    """
    kind, _, text = authorization.partition(" ")
    rows = AccessToken.objects.select_related("client__connector").filter(until__gt=now)
    found = rows.filter(digest=_digest(text)).first() if kind.lower() == "bearer" else None
    if found is None or not _in_use(found.client, now):
        raise BadToken("This access token is not good (any more).", hint=_ROTATE)
    return found.client


def forget(now: datetime) -> int:
    """Drop tokens and used assertions that are too old to be taken; how many."""
    tokens, _ = AccessToken.objects.filter(until__lte=now).delete()
    used, _ = UsedAssertion.objects.filter(until__lte=now).delete()
    return tokens + used


def _usable(now: datetime) -> models.QuerySet[Client]:
    live = Q(ends_at=None) | Q(ends_at__gt=now)
    return Client.objects.filter(live, connector__archived_at=None)


def _in_use(client: Client, now: datetime) -> bool:
    live = client.ends_at is None or client.ends_at > now
    return live and client.connector.archived_at is None


def _use_once(proof: Proof) -> None:
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(digest=proof.digest, until=proof.until)
    except IntegrityError:
        raise BadToken(
            "This assertion was used before.", hint="Somebody may be repeating it; make a new one."
        ) from None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
