"""Django's way out: what allauth and others send becomes a row of ours."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from rolecall.server.clock import now
from rolecall.server.ids import new_id
from rolecall.server.mail.models import Message

__all__ = ["Backend"]


class Backend(BaseEmailBackend):
    """Keeps each mail in the outbox; the worker sends it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """One row for each recipient."""
        state = Message.State.WAITING if settings.CONFIG.mail.url else Message.State.KEPT
        rows = [
            Message(
                event=f"login:{new_id('evt')}",
                recipient=recipient,
                subject=str(mail.subject),
                text=str(mail.body),
                state=state,
                created_at=now(),
            )
            for mail in email_messages
            for recipient in mail.to
        ]
        Message.objects.bulk_create(rows)
        return len(email_messages)
