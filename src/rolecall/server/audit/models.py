"""What is kept about every deed.

Nothing here is ever changed or deleted: the database refuses it (`project/rights.sql`), and the
chain of seals shows it if somebody with more rights does it all the same.
"""

from django.db import models

from rolecall.server.ids import PublicIdField

__all__ = ["Event", "Seal"]


class Event(models.Model):
    """One deed, written in the transaction that did it."""

    public_id = PublicIdField(prefix="evt")
    at = models.DateTimeField(db_index=True)
    actor_kind = models.CharField(max_length=16)
    """person, key, connector or system."""
    actor_id = models.CharField(max_length=40, blank=True)
    actor_name = models.CharField(max_length=254)
    action = models.CharField(max_length=80, db_index=True)
    """noun:thing:verb, such as `connector:token:replace`."""
    target_kind = models.CharField(max_length=32, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    target_name = models.CharField(max_length=254, blank=True)
    scope = models.CharField(max_length=40, blank=True)
    """Public id of the app or connector it belongs to, for those who may see only that one."""
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    """Facts, flat, never a secret."""
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("target_id", "-id"), name="audit_event_target"),
            models.Index(fields=("scope", "-id"), name="audit_event_scope"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target_name}"


class Seal(models.Model):
    """One link of the chain: the event, and the digest over it and the link before."""

    sequence = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="seal")
    sha256 = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ("sequence",)

    def __str__(self) -> str:
        return f"seal {self.sequence}"
