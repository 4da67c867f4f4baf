"""A decision: who wants what changed, why, and by what authority."""

from django.db import models

from rolecall.server.access.models import App
from rolecall.server.ids import PublicIdField

__all__ = ["Decision"]


class Decision(models.Model):
    """One wish of one person, and the orders that it comes to."""

    class State(models.TextChoices):
        """How far it is, as a whole."""

        PLANNED = "planned", "Planned"
        """Nobody has said yes; nothing was changed."""
        APPLIED = "applied", "Applied"
        """Somebody said yes: its orders are on their way, or have arrived."""
        CANCELLED = "cancelled", "Cancelled"

    public_id = PublicIdField(prefix="dec")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="decisions")
    title = models.CharField(max_length=200)
    """What it is about, in a line: "Add 12 people to Design"."""
    reason = models.TextField(blank=True)
    """In the words of who decided."""
    decided_by = models.CharField(max_length=254)
    actor = models.JSONField(default=dict)
    """kind and id of who decided, as the audit trail has them."""
    authority = models.CharField(max_length=64)
    """By what right: the role under which it was allowed, or `undo`, `drift`."""
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    applied_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("app", "-id"), name="orders_decision_app"),)

    def __str__(self) -> str:
        return self.title
