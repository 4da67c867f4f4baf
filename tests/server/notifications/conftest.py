"""People who are told, a mail server, and a receiver of webhooks, all on this machine."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from cast import Role, a_user
from django.conf import settings as django_settings
from receiver import Receiver, a_receiver
from smtp_inbox import Inbox, an_inbox

from rolecall.server.notifications.kinds import Kind
from rolecall.server.notifications.telling import News
from rolecall.server.people.models import User


@pytest.fixture
def ada(db: None) -> User:
    """A super administrator."""
    del db
    return a_user("ada@larkspur.example", Role.SUPER)


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    """A mail server, and settings that name it."""
    with an_inbox() as found:
        config = django_settings.CONFIG
        mail = msgspec.structs.replace(config.mail, url=found.url, sender="r@larkspur.example")
        settings.CONFIG = msgspec.structs.replace(config, mail=mail)
        yield found


@pytest.fixture
def allow(settings: Any) -> Callable[..., None]:
    """Let webhooks go to these hosts."""

    def allowed(*hosts: str) -> None:
        webhook = msgspec.structs.replace(settings.CONFIG.webhook, allowed_hosts=hosts)
        settings.CONFIG = msgspec.structs.replace(settings.CONFIG, webhook=webhook)

    return allowed


@pytest.fixture
def receiver(allow: Callable[..., None]) -> Iterator[Receiver]:
    """A receiver whose host is allowed."""
    with a_receiver() as found:
        allow(found.url.split("/")[2])
        yield found


@pytest.fixture
def news() -> Callable[..., News]:
    """Something that happened."""

    def happened(number: int = 1, kind: str = Kind.DRIFT) -> News:
        return News(
            kind=kind,
            event=f"{kind}:{number}",
            subject=f"Thing {number}\nBcc: all@larkspur.example",
            text="Somebody undid it.",
            link=f"/drift/{number}",
        )

    return happened
