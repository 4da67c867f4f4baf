"""The outbox: a mail is a row before it is sent."""

from django.db import models

from rolecall.server.ids import PublicIdField

__all__ = ["Message"]


class Message(models.Model):
    """One mail to one address about one event."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        KEPT = "kept"
        """No mail server is configured: it can be read here."""

    public_id = PublicIdField(prefix="msg")
    event = models.CharField(max_length=120)
    """What it is about, such as `connector:failing:con_…:7`; one mail per event and address."""
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    link = models.CharField(max_length=300, blank=True)
    """The one thing to do, as a path; it is put under the text."""
    why = models.CharField(max_length=200, blank=True)
    """Why this person gets it."""
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("event", "recipient"), name="mail_once_per_event"),
        )

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"
