"""A mail server on this machine: it speaks SMTP, and keeps what comes."""

import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller

__all__ = ["Inbox", "an_inbox", "html_of", "plain_of"]


@dataclass
class Inbox:
    """A mail server's handler: keeps what comes, refuses as told."""

    url: str
    """What `mail.url` has to be."""
    answer: str = "250 OK"
    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail, or refuse it."""
        if self.answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content))
        return self.answer


@contextmanager
def an_inbox() -> Iterator[Inbox]:
    """One that listens until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = Inbox(f"smtp://127.0.0.1:{port}")
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield found
    finally:
        server.stop()


def plain_of(mail: Message) -> str:
    """What a mail says as plain text."""
    return _part(mail, "text/plain")


def html_of(mail: Message) -> str:
    """What it says as HTML; empty: it does not."""
    return _part(mail, "text/html")


def _part(mail: Message, kind: str) -> str:
    found = [part for part in mail.walk() if part.get_content_type() == kind]
    return b"".join(part.get_payload(decode=True) for part in found).decode()
