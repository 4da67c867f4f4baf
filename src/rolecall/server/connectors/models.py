"""Connectors, what they are allowed to know, and the tasks they carry out.

Every sync, test, probe and change is a task row. A job of the queue carries only the task's id;
whoever takes the task raises `attempt`, and may finish it only under that number: a worker that
was swept and wakes up finds another number there, and its work is void.
"""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import App, Sync
from rolecall.server.files.models import File
from rolecall.server.ids import PublicIdField

__all__ = ["Connector", "Hold", "LogLine", "Secret", "Task"]


class Connector(models.Model):
    """What reads one workspace, hosted here or on somebody's own machine."""

    class State(models.TextChoices):
        """What its label says."""

        NOT_CONNECTED = "not_connected", "Not connected"
        SYNCING = "syncing", "Syncing"
        CONNECTED = "connected", "Connected"
        NEEDS_CONFIRMATION = "needs_confirmation", "Needs confirmation"
        ERROR = "error", "Error"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Deleted"

    public_id = PublicIdField(prefix="con")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="connectors")
    kind = models.CharField(max_length=16, default="notion")
    """notion (hosted here) or baton (on a machine of its owner's)."""
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=20, choices=State, default=State.NOT_CONNECTED)
    paused_at = models.DateTimeField(null=True)
    interval_s = models.PositiveIntegerField(null=True, default=3600)
    cron = models.CharField(max_length=100, blank=True)
    """Five fields, in `zone`; then `interval_s` is None."""
    zone = models.CharField(max_length=64, default="UTC")
    scim_url = models.CharField(max_length=200, blank=True)
    rest_url = models.CharField(max_length=200, blank=True)
    """Where Notion is, if not at its own addresses; the settings file must allow the host."""
    due_at = models.DateTimeField(null=True, db_index=True)
    """When the next sync is to start; None while paused or without a credential."""
    shrink_percent = models.PositiveSmallIntegerField(default=50)
    """A sync that would end this share of the accounts or of one type's grants waits for a yes."""
    overlap_check = models.BooleanField(default=False)
    """Set by a change of credential: the next sync must look like the same workspace."""
    succeeds = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="successor"
    )
    """The app's connector that this one takes over from, once its first sync has passed."""
    trouble = models.TextField(blank=True)
    """Why the last sync brought nothing, and what to do; empty when it went well."""
    failures = models.PositiveIntegerField(default=0)
    """In a row."""
    capabilities = models.JSONField(default=dict)
    """What the last test or sync showed: capability → {given, why}."""
    last_success_at = models.DateTimeField(null=True)
    last_probe_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("app",),
                condition=Q(archived_at=None, succeeds=None),
                name="connectors_one_per_app",
            ),
            models.CheckConstraint(
                condition=Q(interval_s=None) | Q(cron=""), name="connectors_one_schedule"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """A credential, sealed (`keys`); written, never shown again."""

    class Slot(models.TextChoices):
        """What it is."""

        SCIM_TOKEN = "scim_token", "Notion SCIM API token"
        API_KEY = "api_key", "Notion API key"

    class State(models.TextChoices):
        """Whether it is used."""

        OFFERED = "offered"
        """Typed in, and not yet found to work."""
        CURRENT = "current"
        ENDED = "ended"

    public_id = PublicIdField(prefix="sec")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="secrets")
    slot = models.CharField(max_length=16, choices=Slot)
    state = models.CharField(max_length=8, choices=State, default=State.OFFERED)
    sealed = models.BinaryField()
    """Emptied when it ends."""
    key_id = models.CharField(max_length=32)
    hint = models.CharField(max_length=8, blank=True)
    """The last four characters, so that a person can tell two apart."""
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=254)
    made_by = models.EmailField(blank=True)
    """Whose token it is in Notion: it dies when they leave or change role."""
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("connector", "slot", "state"),
                condition=~Q(state="ended"),
                name="connectors_secret_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_slot_display()} of {self.connector_id}"


class Task(models.Model):
    """One piece of work for a connector."""

    class Kind(models.TextChoices):
        """What is asked."""

        SYNC = "sync"
        TEST = "test"
        PROBE = "probe"

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued"
        RUNNING = "running"
        HELD = "held"
        """A sync that waits for a yes."""
        DONE = "done"
        FAILED = "failed"
        REJECTED = "rejected"
        CANCELLED = "cancelled"

    id = models.CharField(max_length=27, primary_key=True)
    """A KSUID, as Baton's task ids are."""
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=8, choices=Kind)
    trigger = models.CharField(max_length=16)
    """schedule, hand, credential, retry."""
    asked_by = models.CharField(max_length=254)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    """While it runs: past this moment another worker may take it."""
    progress = models.JSONField(default=dict)
    """Rows so far, by type."""
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=32, blank=True)
    """The class of `rolecall.errors`."""
    message = models.TextField(blank=True)
    """What happened, and what to do, for a person."""
    file = models.ForeignKey(File, on_delete=models.SET_NULL, null=True, related_name="+")
    sync = models.ForeignKey(Sync, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("connector",),
                condition=Q(kind="sync", state__in=("queued", "running", "held")),
                name="connectors_one_sync",
            ),
        )
        indexes = (
            models.Index(fields=("connector", "-created_at"), name="connectors_task_runs"),
            models.Index(
                fields=("lease_until",), condition=Q(state="running"), name="connectors_task_lease"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def public_id(self) -> str:
        """Its id is public."""
        return self.id


class LogLine(models.Model):
    """What a task says while it runs."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="lines")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=8)
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text


class Hold(models.Model):
    """Why a finished sync was not applied, and what somebody decided."""

    class Kind(models.TextChoices):
        """What looked wrong."""

        SHRINK = "shrink"
        OTHER_WORKSPACE = "other_workspace"

    public_id = PublicIdField(prefix="hol")
    task = models.OneToOneField(Task, on_delete=models.PROTECT, related_name="hold")
    kind = models.CharField(max_length=16, choices=Kind)
    facts = models.JSONField(default=dict)
    """Counts: what would end, of how many; the share of ids known."""
    raised_at = models.DateTimeField()
    decision = models.CharField(max_length=10, blank=True)
    """confirmed, rejected, or empty while it waits."""
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} of {self.task_id}"
