"""What was seen: resources, entitlements, accounts, grants, and what changed between syncs."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from rolecall.server.access.models.apps import OUTSIDE, App, Period, Sync
from rolecall.server.ids import PublicIdField
from rolecall.server.people.models import Person

__all__ = [
    "SEATLESS",
    "Account",
    "AccountAttributes",
    "Change",
    "Entitlement",
    "Grant",
    "Presence",
    "Resource",
    "ResourcePeriod",
]


def _lasting(name: str) -> BrinIndex:
    """For what began or ended between two moments; tiny, as rows lie nearly in order of time."""
    return BrinIndex(
        fields=("from_at", "until_at"), name=name, pages_per_range=32, autosummarize=True
    )


class Resource(models.Model):
    """A thing in the app that access is about: a group, a role, the workspace."""

    public_id = PublicIdField(prefix="res")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="resources", db_index=False)
    kind = models.CharField(max_length=32)
    """group, role or workspace: Baton's resource type."""
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=500)
    description = models.TextField(blank=True)
    present = models.BooleanField(default=True)

    class Meta:
        ordering = ("kind", "name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("app", "kind", "external_id"), name="access_resource_once"
            ),
        )

    def __str__(self) -> str:
        return self.name


class ResourcePeriod(Period):
    """When a resource was there, under which name."""

    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="periods")
    name = models.CharField(max_length=500)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("resource",), condition=Q(until_at=None), name="access_resource_open"
            ),
        )


class Entitlement(models.Model):
    """Something one can hold: has an account, is in a group, has a role."""

    class Kind(models.TextChoices):
        """How holders relate to it."""

        ACCOUNT = "account"
        """Has an account: the holders are the accounts that are there."""
        ROLE = "role"
        """Exactly one of the roles."""
        GROUP = "group"

    public_id = PublicIdField(prefix="ent")
    app = models.ForeignKey(
        App, on_delete=models.PROTECT, related_name="entitlements", db_index=False
    )
    resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, null=True, related_name="entitlements"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    external_id = models.CharField(max_length=300)
    """Baton's entitlement id; `account` for having one."""
    name = models.CharField(max_length=500)
    slug = models.CharField(max_length=64)
    present = models.BooleanField(default=True)
    holders = models.PositiveIntegerField(default=0)
    """Now."""
    content = models.BinaryField(max_length=16, null=True)
    """Digest of a group's holders, where the last sync left exactly those that it had listed."""
    search = SearchVectorField(null=True)

    class Meta:
        ordering = ("kind", "name", "id")
        constraints = (
            models.UniqueConstraint(fields=("app", "external_id"), name="access_entitlement_once"),
        )
        indexes = (
            models.Index(fields=("app", "kind", "name", "id"), name="access_entitlement_name"),
            models.Index(fields=("app", "-holders", "-id"), name="access_entitlement_holders"),
            GinIndex(fields=("search",), name="access_entitlement_search"),
        )

    def __str__(self) -> str:
        return self.name


SEATLESS: Final = Q(present=True) & (Q(seat=False) | Q(seat=None))
"""Accounts that are there and take no seat that we know of: few, as every member takes one."""


class Account(models.Model):
    """One identity in one app, and how it is now; never deleted."""

    class Type(models.TextChoices):
        """What stands behind it; set by hand, because no source says it."""

        HUMAN = "human"
        SERVICE = "service"

    class Link(models.TextChoices):
        """How it stands with the person."""

        LINKED = "linked"
        UNLINKED = "unlinked"
        """A person with this address exists, and nobody has accepted it yet."""
        UNMATCHED = "unmatched"
        DISPUTED = "disputed"
        """Its addresses belong to several persons."""
        GONE = "gone"
        """Linked to somebody who has left."""

    public_id = PublicIdField(prefix="acc")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="accounts", db_index=False)
    external_id = models.CharField(max_length=200)
    present = models.BooleanField(default=True)
    name = models.CharField(max_length=500, blank=True)
    email = models.CharField(max_length=320, blank=True)
    emails = ArrayField(models.CharField(max_length=320), default=list)
    """All addresses, case-folded."""
    status = models.CharField(max_length=16, blank=True)
    """enabled, disabled, deleted or empty, as Baton says it."""
    seat = models.BooleanField(null=True)
    """Whether it takes a paid seat; None where the source does not say."""
    attributes = models.JSONField(default=dict)
    """The profile as it came."""
    role = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    groups = models.PositiveIntegerField(default=0)
    """How many, now."""
    external = models.BooleanField(default=False)
    """Whether its address is outside the app's domains."""
    type = models.CharField(max_length=8, choices=Type, default=Type.HUMAN)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="accounts")
    link = models.CharField(max_length=10, choices=Link, default=Link.UNMATCHED)
    first_seen_at = models.DateTimeField()
    last_changed_at = models.DateTimeField()
    search = SearchVectorField(null=True)
    content = models.BinaryField(max_length=16, null=True)
    """Digest of the record as it came: the same again says nothing new."""

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("app", "external_id"), name="access_account_once"),
        )
        indexes = (
            models.Index(fields=("app", "present", "name", "id"), name="access_account_name"),
            models.Index(fields=("app", "present", "email", "id"), name="access_account_email"),
            models.Index(
                fields=("app", "present", "-last_changed_at", "-id"), name="access_account_changed"
            ),
            models.Index(
                fields=("app", "present", "role", "name", "id"), name="access_account_role"
            ),
            models.Index(
                fields=("app", "present", "status", "name", "id"), name="access_account_status"
            ),
            models.Index(fields=("app", "present", "groups", "id"), name="access_account_groups"),
            models.Index(
                fields=("app", "present", "name", "id"),
                name="access_account_external",
                condition=Q(external=True),
            ),
            models.Index(
                fields=("app", "link"),
                name="access_account_link",
                condition=Q(present=True, type="human"),
            ),
            models.Index(fields=("app",), name="access_account_seatless", condition=SEATLESS),
            GinIndex(fields=("emails",), name="access_account_emails"),
            GinIndex(fields=("search",), name="access_account_search"),
        )

    def __str__(self) -> str:
        return self.name or self.email or self.external_id


class Presence(Period):
    """When an account was there: who holds *has an account*."""

    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="presences",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account",), condition=Q(until_at=None), name="access_presence_open"
            ),
        )
        indexes = (
            models.Index(fields=("account",), name="access_presence_account"),
            models.Index(
                fields=("observed_at",), condition=OUTSIDE, name="access_presence_outside"
            ),
            _lasting("access_presence_lasting"),
        )


class AccountAttributes(Period):
    """How an account was described, and when."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="descriptions", db_constraint=False
    )
    name = models.CharField(max_length=500, blank=True)
    email = models.CharField(max_length=320, blank=True)
    status = models.CharField(max_length=16, blank=True)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account",), condition=Q(until_at=None), name="access_attributes_open"
            ),
        )
        indexes = (
            models.Index(
                fields=("observed_at",), condition=OUTSIDE, name="access_attributes_outside"
            ),
            models.Index(fields=("name", "id"), name="access_attributes_name"),
            _lasting("access_attributes_lasting"),
        )


class Grant(Period):
    """An account holds an entitlement: what was observed, and nothing about why."""

    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="grants",
        db_index=False,
        db_constraint=False,
    )
    entitlement = models.ForeignKey(
        Entitlement,
        on_delete=models.PROTECT,
        related_name="grants",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "entitlement"),
                condition=Q(until_at=None),
                name="access_grant_open",
            ),
        )
        indexes = (
            models.Index(fields=("entitlement", "account"), name="access_grant_entitlement"),
            models.Index(
                fields=("account",), condition=~Q(until_at=None), name="access_grant_past"
            ),
            models.Index(fields=("observed_at",), condition=OUTSIDE, name="access_grant_outside"),
            _lasting("access_grant_lasting"),
        )


class Change(models.Model):
    """What a sync found different, or we changed: the feed. The first sync of an app has none."""

    class Kind(models.TextChoices):
        """What happened, in the words of the feed."""

        JOINED = "joined"
        LEFT = "left"
        ROLE = "role changed"
        ADDED = "added to"
        REMOVED = "removed from"
        EDITED = "edited"
        MADE = "group created", "Group created"
        RENAMED = "group renamed", "Group renamed"
        DELETED = "group deleted", "Group deleted"

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="changes", db_index=False)
    sync = models.ForeignKey(Sync, on_delete=models.PROTECT, null=True, related_name="changes")
    """None where a change of ours was verified without one."""
    at = models.DateTimeField()
    """When it was seen; it happened after the sync before."""
    kind = models.CharField(max_length=16, choices=Kind)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="changes"
    )
    """Whose; None where a group itself came, went, or got another name."""
    entitlement = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    """The group, or the role it has now."""
    before = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    """The role it had."""
    detail = models.JSONField(default=dict)
    """Of an edit: attribute → [before, after]; of a group: its name, likewise."""

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("app", "-id"), name="access_change_feed"),
            models.Index(fields=("app", "-at", "-id"), name="access_change_seen"),
        )

    def __str__(self) -> str:
        return f"{self.account_id or self.entitlement_id} {self.kind}"
