"""The webhook: where it goes, of what it tells, and the secret that its messages are signed with.

The pages can choose the address, but only on hosts that whoever runs Rolecall allowed in the
settings file: no page can make this server call somewhere else.
"""

import base64
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.audit.trail import Actor, record
from rolecall.server.ids import new_id
from rolecall.server.keys.sealing import seal, unseal
from rolecall.server.notifications.kinds import TRIAL, Kind
from rolecall.server.notifications.models import Delivery, Webhook
from rolecall.server.notifications.telling import News, queue
from rolecall.server.people.permissions import require

__all__ = [
    "current",
    "host_of",
    "insist",
    "key_of",
    "renew_secret",
    "reseal",
    "set_up",
    "try_it",
    "turn_off",
]

_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = 32
_LONGEST: Final = 500
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def current() -> Webhook | None:
    """The webhook, unless it is turned off."""
    return Webhook.objects.exclude(url="").first()


def insist(url: str, allowed_hosts: Collection[str]) -> None:
    """Refuse an address that no message may go to.

    Args:
        url: as it is to be called.
        allowed_hosts: `host` or `host:port`, from the settings file.

    Raises:
        Invalid: it is no https address, holds a user name or a fragment, or the settings file does
            not allow its host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("That is no address.", hint="Write https://host/path.") from error
    odd = parts.username is not None or parts.password is not None or parts.fragment
    if not host or odd or len(url) > _LONGEST or not url.isprintable() or " " in url:
        raise Invalid("That is no plain address.", hint="Write https://host/path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise Invalid(
            "The address does not begin with https://.", hint="Plain http is for this machine only."
        )
    named = host if port is None else f"{host}:{port}"
    if named not in allowed_hosts and host not in allowed_hosts:
        raise Invalid(
            f"Messages may not go to {named}.",
            hint="Whoever runs Rolecall can allow it: [webhook] allowed_hosts in rolecall.toml.",
        )


@transaction.atomic
def set_up(actor: Actor, *, url: str, kinds: Collection[str], now: datetime) -> str:
    """Tell this address of these kinds from now on; a new address gets a new secret.

    Returns:
        The new secret, which is never shown again; empty if the address stays.

    Raises:
        NotAllowed: only super administrators may.
        Invalid: it is no address that may be called, or no kind, or one that there is not.
    """
    require(actor, "webhook:edit")
    insist(url, settings.CONFIG.webhook.allowed_hosts)
    wanted = sorted(set(kinds))
    if not wanted or not set(wanted) <= set(Kind.values):
        raise Invalid("Of what should it be told?", hint="Choose one of the list at least.")
    hook = _locked(actor, now)
    before = {"host": host_of(hook.url), "kinds": hook.kinds}
    secret = "" if hook.url == url else _new_secret(hook)
    hook.url, hook.kinds = url, wanted
    _save(hook, actor, now)
    record(
        actor, "webhook:set", hook, now=now, before=before,
        after={"host": host_of(url), "kinds": wanted}, secret="new" if secret else "as it was",
    )  # fmt: skip
    return secret


@transaction.atomic
def renew_secret(actor: Actor, *, now: datetime) -> str:
    """Sign with another secret from now on, what waits too; it is shown this once.

    Raises:
        NotAllowed: only super administrators may.
        Conflict: there is no webhook.
    """
    require(actor, "webhook:edit")
    hook = _there(actor, now)
    secret = _new_secret(hook)
    _save(hook, actor, now)
    record(actor, "webhook:secret:renew", hook, now=now)
    return secret


@transaction.atomic
def turn_off(actor: Actor, *, now: datetime) -> None:
    """Tell it nothing more: what waits fails, and the secret is forgotten.

    Raises:
        NotAllowed: only super administrators may.
        Conflict: there is no webhook.
    """
    require(actor, "webhook:edit")
    hook = _there(actor, now)
    host, hook.url, hook.sealed, hook.key_id = host_of(hook.url), "", b"", ""
    _save(hook, actor, now)
    dropped = Delivery.objects.filter(state=Delivery.State.WAITING).update(
        state=Delivery.State.FAILED, error="The webhook was turned off."
    )
    record(actor, "webhook:off", hook, now=now, host=host, dropped=dropped)


@transaction.atomic
def try_it(actor: Actor, *, now: datetime) -> Delivery:
    """Send a message that says nothing but that messages arrive.

    Raises:
        NotAllowed: only super administrators may.
        Conflict: there is no webhook.
    """
    require(actor, "webhook:edit")
    hook = _there(actor, now)
    news = News(
        kind=TRIAL,
        event=f"{TRIAL}:{new_id('try')}",
        subject="A message to try the webhook",
        text=f"{actor.name} tried whether messages arrive.",
        link="/settings/webhook",
    )
    record(actor, "webhook:try", hook, now=now)
    return queue(news, now=now)


def key_of(hook: Webhook) -> bytes:
    """The bytes that messages are signed with.

    Raises:
        BadConfig: the secret cannot be opened with the keys that this process has.
    """
    secret = unseal(hook.key_id, bytes(hook.sealed), _row(hook)).decode()
    return base64.b64decode(secret.removeprefix(_PREFIX))


def reseal(active: str) -> int:
    """Seal the secret with the active key if another sealed it; how many."""
    rows = Webhook.objects.select_for_update().exclude(url="").exclude(key_id=active)
    for hook in rows:
        plain = unseal(hook.key_id, bytes(hook.sealed), _row(hook))
        hook.key_id, hook.sealed = seal(plain, _row(hook))
        hook.save(update_fields=["key_id", "sealed"])
    return len(rows)


def _new_secret(hook: Webhook) -> str:
    """In the form that libraries for receivers read (Standard Webhooks, "Webhook secrets")."""
    secret = _PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    hook.key_id, hook.sealed = seal(secret.encode(), _row(hook))
    return secret


def _locked(actor: Actor, now: datetime) -> Webhook:
    Webhook.objects.get_or_create(only=True, defaults={"set_at": now, "set_by": actor.name})
    return Webhook.objects.select_for_update().get(only=True)


def _there(actor: Actor, now: datetime) -> Webhook:
    hook = _locked(actor, now)
    if not hook.url:
        raise Conflict("There is no webhook.", hint="Set its address first.")
    return hook


def _save(hook: Webhook, actor: Actor, now: datetime) -> None:
    hook.set_at, hook.set_by = now, actor.name
    hook.save()


def host_of(url: str) -> str:
    """What may be said of an address: its path may hold a secret of the receiver."""
    return urlsplit(url).hostname or ""


def _row(hook: Webhook) -> bytes:
    return f"notifications.webhook:{hook.public_id}".encode()
