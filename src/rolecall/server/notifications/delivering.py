"""Carry messages to the webhook: at least once each, under one id, until it is taken.

The row is locked while it is sent and marked in the same transaction: a message arrives twice only
if the worker is killed between the receiver's answer and our commit, and then under the same id.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.db import transaction

from rolecall import __version__
from rolecall.connector.notice import signature
from rolecall.errors import Error, Refused, Unreachable
from rolecall.server.notifications.models import Delivery, Webhook
from rolecall.server.notifications.webhook import current, insist, key_of

__all__ = ["MAX_ATTEMPTS", "deliver_next", "forget"]

MAX_ATTEMPTS: Final = 14
"""With waits that double up to six hours: about two days."""
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=6)
_ANSWER_S: Final = 20.0
_KEPT: Final = timedelta(days=90)


@transaction.atomic
def deliver_next(now: datetime) -> bool:
    """Send the message that is due longest; False if none is, or it was not taken.

    So a receiver that is away is asked once in a turn, and not for every message.
    """
    hook = current()
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(state=Delivery.State.WAITING, due_at__lte=now)
        .order_by("attempts", "id")
        .first()
    )
    if hook is None or delivery is None:
        return False
    delivery.attempts += 1
    try:
        _send(hook, delivery, now)
    except Error as error:
        _not_taken(delivery, error, now)
    else:
        delivery.state, delivery.sent_at, delivery.error = Delivery.State.SENT, now, ""
    delivery.save()
    return delivery.state == Delivery.State.SENT


def forget(now: datetime) -> int:
    """Drop messages of long ago that nobody will send any more; how many."""
    over = Delivery.objects.exclude(state=Delivery.State.WAITING)
    dropped, _ = over.filter(created_at__lt=now - _KEPT).delete()
    return dropped


def _send(hook: Webhook, delivery: Delivery, now: datetime) -> None:
    insist(hook.url, settings.CONFIG.webhook.allowed_hosts)
    body, seconds = delivery.body.encode(), int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": f"rolecall/{__version__}",
        "webhook-id": delivery.public_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(key_of(hook), delivery.public_id, seconds, body),
    }
    host = urlsplit(hook.url).hostname
    try:
        with (
            httpx2.Client(timeout=_ANSWER_S, follow_redirects=False) as http,
            http.stream("POST", hook.url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code  # what else they say does not matter
    except httpx2.TransportError as error:
        raise Unreachable(f"{host} did not answer ({type(error).__name__}).") from error
    _judge(status, host)


def _judge(status: int, host: str | None) -> None:
    """What an answer means.

    Raises:
        Unreachable: it may be taken later.
        Refused: it will not be.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise Refused(f"{host} answered {status}, a redirect, which is not followed.")
    if status == HTTPStatus.GONE:  # Standard Webhooks: the receiver wants no more
        raise Refused(f"{host} answered 410: it wants no messages any more.")
    raise Unreachable(f"{host} answered {status}.")


def _not_taken(delivery: Delivery, error: Error, now: datetime) -> None:
    delivery.error = error.what[:300]
    final = isinstance(error, Refused) or delivery.attempts >= MAX_ATTEMPTS
    if final:
        delivery.state = Delivery.State.FAILED
    wait = _FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10)
    delivery.due_at = now + min(wait, _LONGEST_WAIT)
