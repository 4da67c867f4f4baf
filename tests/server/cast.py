"""People to test with."""

from datetime import timedelta

from django.test import Client

from rolecall.server import clock
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import RoleAssignment, User

NOW = clock.now()  # the pages read the real one
LATER = NOW + timedelta(minutes=5)
PASSWORD = "correct horse battery staple"  # noqa: S105 - of users who exist in tests only
Role = RoleAssignment.Role


def a_user(email: str, *roles: str, password: str | None = PASSWORD, **fields: object) -> User:
    """Somebody with these roles over everything."""
    user = User.objects.create_user(
        email, password, name=email.partition("@")[0].title(), created_at=NOW, **fields
    )
    for role in roles:
        RoleAssignment.objects.create(user=user, role=role, from_at=NOW, granted_by="test")
    return user


def acting(user: User, **fields: object) -> Actor:
    """What a page passes on of a user."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk, **fields)


def log_in(user: User) -> Client:
    """A browser in which somebody is logged in."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client
