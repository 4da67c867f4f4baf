"""A large evidence file: asked for, made by a worker, kept for a while."""

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import App
from rolecall.server.files.models import File
from rolecall.server.ids import PublicIdField
from rolecall.server.people.models import ApiKey, Person, User

__all__ = ["EXPIRED", "EvidenceFile"]

EXPIRED: Final = "expired"
"""Said of a file that was ready, and is not kept any more."""


class EvidenceFile(models.Model):
    """What somebody asked for, and how far it is."""

    class State(models.TextChoices):
        """Ready and failed are ends."""

        MAKING = "making"
        READY = "ready"
        FAILED = "failed"

    public_id = PublicIdField(prefix="evi")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="evidence_files")
    """Who asked; with a key: whose program did."""
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, null=True, related_name="+")
    app = models.ForeignKey(App, on_delete=models.CASCADE, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    scopes = models.JSONField(default=list)
    """Public ids of the apps that are looked at: whoever wants the file must be allowed each."""
    form = models.CharField(max_length=8)
    since = models.DateTimeField(null=True)
    """None: access as of `until`; else: changes after it."""
    until = models.DateTimeField()
    question = models.CharField(max_length=200)
    """The same for the same question: it is not made twice at once."""
    state = models.CharField(max_length=8, choices=State, default=State.MAKING)
    why = models.TextField(blank=True)
    """Of what failed: what happened, and who can mend it how."""
    attempt = models.PositiveSmallIntegerField(default=0)
    """Counts the workers that began it; only the last one may end it."""
    rows = models.PositiveIntegerField(default=0)
    """So far."""
    rows_expected = models.PositiveIntegerField(default=0)
    """As counted when it was asked for, and again when it was begun."""
    name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    """Over all bytes before the signature, in hexadecimal."""
    file = models.ForeignKey(File, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    """When the last worker began."""
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(app=None) ^ Q(person=None), name="evidence_of_one"),
            models.UniqueConstraint(
                fields=("user", "question"),
                condition=Q(state="making"),
                name="evidence_once_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return str(self.target)

    @property
    def target(self) -> App | Person:
        """Whose access it is about."""
        found = self.app or self.person
        assert found is not None  # noqa: S101 - the database checks it
        return found

    @property
    def about(self) -> dict[str, str]:
        """The same, as a question says it."""
        if self.app is not None:
            return {"app": self.app.public_id}
        return {"person": str(self.target.public_id)}

    def standing(self, now: datetime) -> str:
        """Its state, or that it is not kept any more."""
        if self.state != self.State.READY:
            return str(self.state)
        kept = self.file_id is not None and self.expires_at is not None and self.expires_at > now
        return str(self.state) if kept else EXPIRED
