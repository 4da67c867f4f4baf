"""What the seats of an app cost: typed in by somebody, for no interface tells (Notion: N-166)."""

from django.db import models

from rolecall.server.access.models import App
from rolecall.server.ids import PublicIdField

__all__ = ["SeatPlan"]


class SeatPlan(models.Model):
    """The price of a seat, and how many were bought."""

    public_id = PublicIdField(prefix="sea")
    app = models.OneToOneField(App, on_delete=models.PROTECT, related_name="seat_plan")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    """Of one seat for one month."""
    currency = models.CharField(max_length=3)
    """ISO 4217: EUR, USD."""
    purchased = models.PositiveIntegerField(null=True)
    """How many were bought; None where only what is taken is billed."""
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=254)

    class Meta:
        ordering = ("app", "id")

    def __str__(self) -> str:
        return f"the seats of {self.app}"
