"""Put a mail into the outbox, and carry the outbox out.

A mail is a row in the transaction of its event, one per event and address. The row is locked while
it is handed over and marked in the same transaction: a mail can go out twice only if the worker is
killed between the server's "accepted" and our commit, and then both carry the same Message-ID.
"""

import hashlib
import smtplib
from datetime import datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.db import transaction

from rolecall.server.mail.letter import letter
from rolecall.server.mail.models import Message

__all__ = ["message_id", "post", "send_next"]

MAX_ATTEMPTS = 8
_PERMANENT = 500


def post(  # noqa: PLR0913 - a mail has that many parts
    event: str,
    recipient: str,
    *,
    subject: str,
    text: str,
    now: datetime,
    link: str = "",
    why: str = "",
) -> bool:
    """Say something once; False where this event was told to this address already.

    Args:
        event: what it is about, unique for ever.
        recipient: one address.
        subject: one line.
        text: plain sentences.
        now: the moment.
        link: path of the page with the one thing to do.
        why: why this person gets it.
    """
    state = Message.State.WAITING if settings.CONFIG.mail.url else Message.State.KEPT
    _, made = Message.objects.get_or_create(
        event=event,
        recipient=recipient,
        defaults={
            "subject": " ".join(subject.split())[:200],
            "text": text,
            "link": link,
            "why": why,
            "state": state,
            "created_at": now,
        },
    )
    return made


def message_id(message: Message) -> str:
    """The Message-ID header: the same for the same event and address."""
    name = hashlib.sha256(f"{message.event}\n{message.recipient}".encode()).hexdigest()[:32]
    return f"<{name}@{settings.CONFIG.host}>"


@transaction.atomic
def send_next(now: datetime) -> bool:
    """Hand the oldest waiting mail over; False when none waits.

    Raises:
        OSError: the mail server cannot be reached; the mail waits on.
    """
    message = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(state=Message.State.WAITING)
        .order_by("attempts", "id")
        .first()
    )
    if message is None:
        return False
    message.attempts += 1
    try:
        _hand_over(message)
    except smtplib.SMTPResponseException as error:
        _refused(message, error.smtp_code)
    except smtplib.SMTPRecipientsRefused as error:
        _refused(message, max(code for code, _ in error.recipients.values()))
    else:
        message.state, message.sent_at, message.error = Message.State.SENT, now, ""
    message.save()
    return message.state != Message.State.WAITING


def _refused(message: Message, code: int) -> None:
    """Note it; the server's own words may quote the mail, so only the number is kept."""
    message.error = f"The mail server answered {code}."
    if code >= _PERMANENT or message.attempts >= MAX_ATTEMPTS:
        message.state = Message.State.FAILED


def _hand_over(message: Message) -> None:
    url = urlsplit(settings.CONFIG.mail.url)
    secure = url.scheme == "smtps"
    backend = EmailBackend(
        host=url.hostname,
        port=url.port or (465 if secure else 587),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        use_ssl=secure,
        use_tls=not secure and bool(url.username),
        timeout=30,
    )
    mail = letter(message)
    mail.connection = backend
    mail.extra_headers = {"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"}
    mail.send()
