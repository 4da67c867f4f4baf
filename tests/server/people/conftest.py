"""Fixtures of people."""

from collections.abc import Callable

import pytest
from cast import PASSWORD, Role, a_user
from django.test import Client

from rolecall.server.mail.models import Message
from rolecall.server.people.models import User


@pytest.fixture
def ada(db: None) -> User:  # noqa: ARG001 - opens the database
    """A super administrator."""
    return a_user("ada@example.com", Role.SUPER, password=PASSWORD)


@pytest.fixture
def browser() -> Client:
    """A browser in which nobody is logged in."""
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def mails(db: None) -> Callable[[], list[Message]]:  # noqa: ARG001
    """The outbox, the oldest first."""
    return lambda: list(Message.objects.order_by("id"))
