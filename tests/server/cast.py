"""People to test with."""

import base64
import hmac
import struct
from datetime import timedelta
from functools import cache
from hashlib import sha1

from django.contrib.auth.hashers import make_password
from django.test import Client

from rolecall.server import clock
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import RoleAssignment, User

NOW = clock.now()  # the pages read the real one
LATER = NOW + timedelta(minutes=5)
PASSWORD = "correct horse battery staple"  # noqa: S105 - of users who exist in tests only
Role = RoleAssignment.Role


def a_user(email: str, *roles: str, password: str | None = None, **fields: object) -> User:
    """Somebody with these roles over everything."""
    user = User.objects.create_user(
        email, None, name=email.partition("@")[0].title(), created_at=NOW, **fields
    )
    if password:
        user.password = hashed(password)
        user.save()
    for role in roles:
        RoleAssignment.objects.create(user=user, role=role, from_at=NOW, granted_by="test")
    return user


@cache
def hashed(password: str) -> str:
    """Once: it is made to be slow."""
    return make_password(password)


def acting(user: User, **fields: object) -> Actor:
    """What a page passes on of a user."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk, **fields)


def log_in(user: User) -> Client:
    """A browser in which somebody is logged in."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def scoped(user: User, role: str, scope: str) -> User:
    """The same user, who owns one app or connector too."""
    RoleAssignment.objects.create(user=user, role=role, scope=scope, from_at=NOW, granted_by="test")
    return user


def code_of(secret: str, at: float) -> str:
    """What an authenticator app shows (RFC 6238)."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), sha1).digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place : place + 4])[0] & 0x7FFFFFFF) % 10**6:06}"
