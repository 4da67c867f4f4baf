"""Credentials as sealed rows: put in, opened in the worker's memory, emptied. Never shown again."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from rolecall.server.connectors.models import Connector, Secret
from rolecall.server.keys.sealing import seal, unseal

__all__ = ["current", "empty", "offer", "open_all", "promote", "reseal"]

_HINT = 4
_LONG_ENOUGH = 16
"""Of a shorter secret, four characters would be too large a part."""


def offer(
    connector: Connector, slot: str, token: str, *, set_by: str, made_by: str, now: datetime
) -> Secret:
    """Keep a token that is still to be tried, in place of an earlier one that was."""
    empty(connector.secrets.filter(slot=slot, state=Secret.State.OFFERED), now)
    secret = Secret(
        connector=connector,
        slot=slot,
        hint=token[-_HINT:] if len(token) >= _LONG_ENOUGH else "",
        set_at=now,
        set_by=set_by,
        made_by=made_by,
    )
    secret.key_id, secret.sealed = seal(token.encode(), _row(secret))
    secret.save()
    return secret


def current(connector: Connector) -> QuerySet[Secret]:
    """The credentials in use, one of each kind at most."""
    return connector.secrets.filter(state=Secret.State.CURRENT)


def open_all(secrets: Iterable[Secret]) -> dict[str, str]:
    """Slot → token, in memory only.

    Raises:
        BadConfig: one cannot be opened with the keys that this process has.
    """
    return {one.slot: unseal(one.key_id, bytes(one.sealed), _row(one)).decode() for one in secrets}


def promote(secrets: Iterable[Secret], now: datetime) -> list[str]:
    """Use these from now on; their predecessors are emptied. The slots that are new or changed."""
    slots = []
    for secret in secrets:
        if secret.state == Secret.State.CURRENT:
            continue
        empty(current(secret.connector).filter(slot=secret.slot), now)
        secret.state = Secret.State.CURRENT
        secret.save(update_fields=["state"])
        slots.append(secret.slot)
    return slots


def empty(secrets: QuerySet[Secret], now: datetime) -> int:
    """End them, and forget what they were; that they were there is kept."""
    return secrets.exclude(state=Secret.State.ENDED).update(
        state=Secret.State.ENDED, sealed=b"", ended_at=now
    )


def reseal(active: str) -> int:
    """Seal every secret with the active key that is sealed with another; how many."""
    rows = list(
        Secret.objects.select_for_update()
        .exclude(state=Secret.State.ENDED)
        .exclude(key_id=active)
        .order_by("id")
    )
    for secret in rows:
        plain = unseal(secret.key_id, bytes(secret.sealed), _row(secret))
        secret.key_id, secret.sealed = seal(plain, _row(secret))
        secret.save(update_fields=["key_id", "sealed"])
    return len(rows)


def _row(secret: Secret) -> bytes:
    return f"connectors.secret:{secret.public_id}".encode()
