"""What people chose, what they were told, and what goes to the one webhook."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from rolecall.server.ids import PublicIdField
from rolecall.server.notifications.kinds import How, Kind

__all__ = ["Choice", "Delivery", "Notice", "Timetable", "Webhook"]


class Choice(models.Model):
    """How one user wants to hear of one kind; without a row it is as usual."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_choices"
    )
    kind = models.CharField(max_length=24, choices=Kind)
    how = models.CharField(max_length=8, choices=How)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "kind"), name="notifications_one_choice"),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.how}"


class Timetable(models.Model):
    """When one user gets the daily mail; without a row at 8 in the morning."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="timetable"
    )
    hour = models.PositiveSmallIntegerField(default=8)
    """0 to 23, in the user's own zone."""
    last_day = models.DateField(null=True)
    """The user's day on which the last one was written: there is one a day at most."""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(hour__lte=23), name="notifications_hour"),
        )

    def __str__(self) -> str:
        return f"{self.hour:02}:00"


class Notice(models.Model):
    """Something that one user was told, or will be with the daily mail; each event once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    event = models.CharField(max_length=120)
    """What it is about, unique for ever, such as `connector:failing:2aB…`."""
    kind = models.CharField(max_length=24, choices=Kind)
    how = models.CharField(max_length=8, choices=How)
    subject = models.CharField(max_length=200)
    link = models.CharField(max_length=300)
    """Path of the page where something can be done about it."""
    created_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    """When its mail was put into the outbox; None: it waits for the daily one."""

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("user", "event"), name="notifications_once"),
        )
        indexes = (
            models.Index(
                fields=("user", "created_at"),
                condition=Q(mailed_at=None),
                name="notifications_waiting",
            ),
        )

    def __str__(self) -> str:
        return self.subject


class Webhook(models.Model):
    """The one address that programs of the company's are told at; its secret is sealed."""

    public_id = PublicIdField(prefix="whk")
    only = models.BooleanField(default=True, unique=True)
    """Always true, and unique: there is one row."""
    url = models.CharField(max_length=500, blank=True)
    """Empty: it is turned off."""
    kinds = models.JSONField(default=list)
    key_id = models.CharField(max_length=40, blank=True)
    sealed = models.BinaryField(default=bytes)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=254)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(only=True), name="notifications_one_webhook"),
        )

    def __str__(self) -> str:
        return "the webhook"


class Delivery(models.Model):
    """One message for the webhook: sent until it is taken, always under this row's id."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    public_id = PublicIdField(prefix="dlv")
    """The header `webhook-id`, by which a receiver knows what it has had before."""
    event = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=24)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    """JSON, exactly as it is sent and signed."""
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    """Not tried before."""
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(state="waiting"), name="notifications_due"
            ),
        )

    def __str__(self) -> str:
        return self.subject
