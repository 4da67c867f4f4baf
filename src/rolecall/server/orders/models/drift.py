"""Drift: somebody outside undid what we had verified."""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import App, Sync
from rolecall.server.ids import PublicIdField
from rolecall.server.orders.models.orders import Order

__all__ = ["Drift"]


class Drift(models.Model):
    """A sync that began after our verification shows something else."""

    class State(models.TextChoices):
        """What was decided."""

        OPEN = "open", "Open"
        RESTORED = "restored", "Restored"
        ACCEPTED = "accepted", "Accepted"
        GONE = "gone", "Over by itself"
        """A later sync shows it as we had left it."""

    public_id = PublicIdField(prefix="dri")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="drifts")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="drifts")
    """Ours, whose effect is undone."""
    found = models.JSONField(default=dict)
    """What is there instead."""
    sync = models.ForeignKey(Sync, on_delete=models.PROTECT, related_name="+")
    """The one that showed it."""
    found_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("order",), condition=Q(state="open"), name="orders_drift_open"
            ),
        )

    def __str__(self) -> str:
        return f"drift from {self.order_id}"
