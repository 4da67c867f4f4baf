"""API keys: a program's way in, for its user, within scopes.

The key is shown once; kept is its digest, which needs no salt or stretching at 256 random bits.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.audit.trail import Actor, record
from rolecall.server.people.models import ApiKey
from rolecall.server.people.permissions import ACTIONS, covered, require
from rolecall.server.people.users import own

__all__ = ["MARK", "acting", "end", "make", "of", "recognise"]

MARK: Final = "rck_"
"""What every key begins with, so that scanners of leaked secrets know one."""
_SHOWN: Final = 12
_MAX_NAME: Final = 100
_NOTED_EACH: Final = timedelta(minutes=1)
"""`last_used_at` is not written more often: a program asks hundreds of times a minute."""


@transaction.atomic
def make(
    actor: Actor,
    *,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A key for oneself.

    Returns:
        Its row, and the key, which is never shown again.

    Raises:
        NotAllowed: it is a program that asks: a key could give itself more than it was given.
        Invalid: there is no name, no scope, one that covers nothing, or the end is past.
    """
    require(actor, "key:own")
    if actor.kind != "person":
        raise NotAllowed("A key cannot make keys.", hint="Log in, and make one there.")
    name = name.strip()
    if not name or len(name) > _MAX_NAME:
        raise Invalid(f"A key has a name of 1 to {_MAX_NAME} characters.")
    empty = [one for one in scopes if not any(covered(action, {one}) for action in ACTIONS)]
    if not scopes or empty:
        raise Invalid(
            f"No such scope: {', '.join(empty)}." if empty else "A key needs a scope.",
            hint="docs/reference/permissions.md lists them; `connector:*` stands for all below it.",
        )
    if expires_at is not None and expires_at <= now:
        raise Invalid("The key would have ended already.", hint="Choose a later day.")
    secret = MARK + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=own(actor), name=name, prefix=secret[:_SHOWN], sha256=_digest(secret),
        scopes=sorted(set(scopes)), created_at=now, expires_at=expires_at,
    )  # fmt: skip
    record(actor, "key:make", key, now=now, scopes=key.scopes)
    return key, secret


@transaction.atomic
def end(actor: Actor, key: str, *, now: datetime) -> ApiKey:
    """End a key: one's own, or, for super administrators, anybody's.

    Raises:
        NotAllowed: it is somebody else's.
        Gone: there is no such key.
        Conflict: it has ended.
    """
    found = ApiKey.objects.select_for_update().filter(public_id=key).first()
    if found is None:
        raise Gone("There is no such key.")
    require(actor, "key:own" if found.user_id == actor.user else "user:edit")
    if found.ended_at is not None:
        raise Conflict(f"The key {found} has ended already.")
    found.ended_at = now
    found.save(update_fields=["ended_at"])
    record(actor, "key:end", found, now=now)
    return found


def of(user: int, now: datetime) -> list[ApiKey]:
    """The keys of a user that work now, the newest first."""
    return list(_working(now).filter(user=user))


def recognise(
    secret: str, *, now: datetime, ip: str | None = None, request_id: str = ""
) -> Actor | None:
    """Who comes with this key; None where it is none, has ended, or its user is deactivated."""
    if not secret.startswith(MARK):
        return None
    key = _working(now).select_related("user").filter(sha256=_digest(secret)).first()
    if key is None:
        return None
    ApiKey.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - _NOTED_EACH), pk=key.pk
    ).update(last_used_at=now)
    return replace(_actor(key), ip=ip, request_id=request_id)


def acting(public_id: str, *, now: datetime) -> Actor | None:
    """Whoever asked with this key, for work that goes on later; None where it works no more."""
    key = _working(now).select_related("user").filter(public_id=public_id).first()
    return _actor(key) if key is not None else None


def _actor(key: ApiKey) -> Actor:
    return Actor(
        kind="key",
        id=key.public_id,
        name=f"{key.user} by the key {key.name}",
        user=key.user_id,
        scopes=frozenset(key.scopes),
    )


def _working(now: datetime) -> QuerySet[ApiKey]:
    ends = Q(expires_at=None) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(ends, ended_at=None, user__is_active=True)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
