"""Connectors, and the credentials by which they read Notion."""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import App
from rolecall.server.ids import PublicIdField

__all__ = ["Connector", "Secret"]


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
        NOT_SEEN = "not_seen", "Not seen"
        """Self-hosted, and silent for ten minutes."""
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
    seen_at = models.DateTimeField(null=True)
    """When a self-hosted one last called; None for one that is hosted here."""
    missed_at = models.DateTimeField(null=True)
    """Since when we call it not seen; its owners have been told."""
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
