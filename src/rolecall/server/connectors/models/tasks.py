"""Tasks, what they say while they run, what came of them, and the questions that some raise."""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import Sync
from rolecall.server.connectors.models.clients import Client
from rolecall.server.connectors.models.connectors import Connector
from rolecall.server.files.models import File
from rolecall.server.ids import PublicIdField

__all__ = ["Hold", "LogLine", "Task", "Upload"]


class Task(models.Model):
    """One piece of work for a connector."""

    class Kind(models.TextChoices):
        """What is asked."""

        SYNC = "sync"
        TEST = "test"
        PROBE = "probe"
        GRANT = "grant"
        REVOKE = "revoke"
        CREATE_ACCOUNT = "create_account"
        CREATE_RESOURCE = "create_resource"
        DELETE_RESOURCE = "delete_resource"
        ACTION = "action"

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
    kind = models.CharField(max_length=16, choices=Kind)
    trigger = models.CharField(max_length=16)
    """schedule, hand, credential, retry, order."""
    asked_by = models.CharField(max_length=254)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=500, blank=True)
    """Who has it: a worker of ours, or client id and host of a self-hosted connector."""
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="+")
    """By which credential a self-hosted connector took it."""
    lease_until = models.DateTimeField(null=True)
    """Past this moment another worker may take it: while it runs, for it may be dead by then;
    while it is queued, because it was put off."""
    progress = models.JSONField(default=dict)
    """Rows so far, by type."""
    result = models.JSONField(default=dict)
    answer = models.BinaryField(null=True)
    """The FinishTask request as it came, also of types that we do not know."""
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


class Upload(models.Model):
    """A file that a self-hosted connector sent for a task; applied only if the task succeeds."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="uploads")
    attempt = models.PositiveIntegerField()
    file = models.ForeignKey(File, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=8)
    """c1z; v3, which we do not read and do not keep; or log. Connectors in Go send files and logs
    by the same call, and nothing but the first bytes tells them apart."""
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} for {self.task_id}"


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
