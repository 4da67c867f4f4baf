"""Apps, the syncs applied to them, and the period that every observation is."""

from typing import Final

from django.db import models
from django.db.models import Q

from rolecall.server.files.models import File
from rolecall.server.ids import PublicIdField

__all__ = ["OUTSIDE", "App", "Period", "Sync"]


class App(models.Model):
    """One workspace, whoever connects it: accounts, history and reasons belong here."""

    class State(models.TextChoices):
        """How much Rolecall has to do with it."""

        UNMANAGED = "unmanaged"
        """Known by name only."""
        MANAGED = "managed"
        ARCHIVED = "archived"

    public_id = PublicIdField(prefix="app")
    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=32, default="notion")
    state = models.CharField(max_length=10, choices=State, default=State.MANAGED)
    workspace_id = models.CharField(max_length=64, blank=True)
    """Notion's id of the workspace, once an API key has shown it: pinned from then on."""
    domains = models.JSONField(default=list)
    """The company's own mail domains, lower case; every other address is marked external."""
    last_sync = models.ForeignKey("Sync", on_delete=models.PROTECT, null=True, related_name="+")
    """The last one applied: what open periods were last seen by."""
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Sync(models.Model):
    """A `.c1z` that was applied to an app."""

    class Completeness(models.TextChoices):
        """What it may end (design.md 4)."""

        FULL = "full"
        PARTIAL = "partial"

    public_id = PublicIdField(prefix="syn")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="syncs")
    number = models.PositiveIntegerField()
    """1, 2, 3 … within the app."""
    baton_id = models.CharField(max_length=40)
    """The id inside the file."""
    started_at = models.DateTimeField()
    """When reading began: nothing observed later is touched."""
    ended_at = models.DateTimeField()
    completeness = models.CharField(max_length=8, choices=Completeness)
    complete_types = models.JSONField(default=list)
    """Which of user, group, role were proved complete: only these may end anything."""
    digest = models.CharField(max_length=64, blank=True)
    """Over the content, not the bytes: equal means that nothing changed."""
    counts = models.JSONField(default=dict)
    """accounts, resources, grants; added, changed, removed of each."""
    file = models.ForeignKey(File, on_delete=models.SET_NULL, null=True, related_name="+")
    task_id = models.CharField(max_length=27, blank=True)
    applied_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("app", "number"), name="access_sync_number"),
        )

    def __str__(self) -> str:
        return f"sync {self.number} of {self.app_id}"


OUTSIDE: Final = Q(first_sync=None) | Q(until_at__isnull=False, ended_sync=None)
"""Periods that something else than a sync began or ended: few, and the ones to be careful with."""


class Period(models.Model):
    """From when to when something was seen, and by which syncs.

    What periods refer to is never deleted, and taking in writes both sides in one transaction, so
    the database does not check these keys: for a million grants that was four fifths of the time.
    A test looks for keys that lead nowhere.
    """

    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField()
    """When this row was last read or changed by us: a sync that began earlier leaves it alone."""
    first_sync = models.ForeignKey(
        Sync,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    """None where a verified change of ours came first."""
    ended_sync = models.ForeignKey(
        Sync,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    last_sync = models.ForeignKey(
        Sync,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    """The last one that saw it, of a closed row; of an open one it is the app's."""

    class Meta:
        abstract = True
