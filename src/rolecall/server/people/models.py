"""Two kinds of people: users of this tool, and persons whose access is governed.

A user may be a person (the link is `User.person`); most persons are no users, and a user who only
audits need not be a person.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from rolecall.server.ids import PublicIdField

__all__ = [
    "ApiKey",
    "LoginLink",
    "Person",
    "PersonEmail",
    "RoleAssignment",
    "Session",
    "Throttle",
    "User",
    "UserManager",
]


class Person(models.Model):
    """A human being of the company, whatever accounts they have."""

    class Status(models.TextChoices):
        """Whether they are still with the company."""

        ACTIVE = "active"
        LEFT = "left"

    public_id = PublicIdField(prefix="per")
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    left_at = models.DateTimeField(null=True)
    title = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=200, blank=True)
    manager = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="reports"
    )
    source = models.CharField(max_length=16, default="hand")
    """hand, csv, or the connector that brought them."""
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=("name", "id"), name="people_person_name"),
            models.Index(fields=("department",), name="people_person_department"),
            # For the search by the beginning of words.
            GinIndex(SearchVector("name", config="simple"), name="people_person_words"),
        )

    def __str__(self) -> str:
        return self.name


class PersonEmail(models.Model):
    """An address of a person; an address belongs to one person at most."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="emails")
    address = models.CharField(max_length=320)
    """As written."""
    folded = models.CharField(max_length=320, unique=True)
    """Case-folded: what accounts are matched by."""
    primary = models.BooleanField(default=False)

    class Meta:
        ordering = ("-primary", "id")

    def __str__(self) -> str:
        return self.address


class UserManager(BaseUserManager["User"]):
    """Makes users; addresses are folded, so that one person cannot come twice."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # noqa: ANN401
        """A user with this address; without a password nobody can log in with one."""
        user = self.model(email=email.strip().casefold(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this address, however it is written."""
        return self.get(email=(username or "").strip().casefold())


class User(AbstractBaseUser):
    """Somebody who logs in here."""

    public_id = PublicIdField(prefix="usr")
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    person = models.OneToOneField(Person, on_delete=models.SET_NULL, null=True, related_name="user")
    time_zone = models.CharField(max_length=64, default="UTC")
    sessions = models.CharField(max_length=40, blank=True)
    """Another value here ends every session there is."""
    created_at = models.DateTimeField()

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name or self.email

    def get_session_auth_hash(self) -> str:
        """What a session was begun under: it ends with a new password, or with `sessions`."""
        return self._session_hash(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under keys that sign no longer and are still accepted."""
        return (self._session_hash(key) for key in settings.SECRET_KEY_FALLBACKS)

    def _session_hash(self, key: str) -> str:
        facts = f"{self.password}\n{self.sessions}"
        return salted_hmac("people.session", facts, secret=key, algorithm="sha256").hexdigest()


class RoleAssignment(models.Model):
    """A role that a user has here, since when, by whom, and until when.

    Assignments add up. Roles over one object (app owner, connector owner) carry its public id.
    """

    class Role(models.TextChoices):
        """What one can be."""

        SUPER = "super_administrator", "Super administrator"
        CONNECTORS = "connector_administrator", "Connector administrator"
        AUDITOR = "auditor", "Auditor"
        MEMBER = "member", "Member"
        APP_OWNER = "app_owner", "App owner"
        CONNECTOR_OWNER = "connector_owner", "Connector owner"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=24, choices=Role)
    scope = models.CharField(max_length=40, blank=True)
    """Public id of the app or connector; empty is the whole installation."""
    from_at = models.DateTimeField()
    granted_by = models.CharField(max_length=254)
    until_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role", "scope"),
                condition=Q(until_at=None),
                name="people_role_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=("app_owner", "connector_owner")) ^ Q(scope=""),
                name="people_role_scope",
            ),
        )
        indexes = (models.Index(fields=("scope", "role"), name="people_role_by_scope"),)

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.scope}".strip()


class ApiKey(models.Model):
    """A program's way in: acts for its user, within its scopes."""

    public_id = PublicIdField(prefix="key")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    """The first characters, which a person can recognise it by."""
    sha256 = models.CharField(max_length=64)
    """Of the whole key: 256 random bits need no slow hash."""
    scopes = models.JSONField(default=list)
    """Actions it may do, such as `connector:read`; a prefix with `*` stands for all below."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class LoginLink(models.Model):
    """A link that lets one user in once, to set a password.

    The link is this row's id, signed with a key that is not in the database: no dump of it, and
    no page that shows mail, opens anything.
    """

    class Purpose(models.TextChoices):
        """Why it was made."""

        FIRST = "first"
        """For the first administrator, printed at the first start."""
        INVITATION = "invitation"
        LOCK_OUT = "lock-out"
        """Printed for whoever runs the machine: ends second factors too."""
        RESET = "reset"
        """A password was forgotten: second factors stay."""

    public_id = PublicIdField(prefix="lnk")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_links")
    purpose = models.CharField(max_length=16, choices=Purpose)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.purpose} link of {self.user_id}"


class Session(AbstractBaseSession):
    """A visit in one browser, until it ends; Django's columns, and what its user recognises it by.

    `session_key` is a digest and `session_data` is sealed: `people.sessions` writes them.
    """

    public_id = PublicIdField(prefix="ses")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="logins")
    """Who is logged in; nobody yet, on the way through the login."""
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """To a minute."""
    ip = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=200, blank=True)
    """What it says of itself."""

    class Meta:
        ordering = ("-seen_at",)

    def __str__(self) -> str:
        return self.public_id


class Throttle(models.Model):
    """How often somebody tried to log in of late: one table for all web processes.

    Django's cache in the database writes here; the columns are its.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
