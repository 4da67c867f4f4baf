"""Seats of an app: how many were taken when, and what they cost.

The first is counted, the second typed in by somebody, for no interface tells (Notion: N-166).
"""

from django.db import models

from rolecall.server.access.models import App
from rolecall.server.ids import PublicIdField

__all__ = ["SeatCount", "SeatPlan"]


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


class SeatCount(models.Model):
    """How many seats were taken at the end of a quarter of an hour in which that has changed.

    Every day ends with such a quarter, in whichever zone somebody looks. `counted` writes it, and
    can write all of it again: periods are what was seen, and this is a sum of them.
    """

    app = models.ForeignKey(
        App, on_delete=models.PROTECT, related_name="seat_counts", db_index=False
    )
    at = models.DateTimeField()
    """When the quarter began."""
    taken = models.IntegerField()
    roles = models.JSONField(default=dict)
    """Key of a role → seats of its holders; a role without any is left out."""

    class Meta:
        ordering = ("app", "at")
        constraints = (models.UniqueConstraint(fields=("app", "at"), name="seats_count_once"),)

    def __str__(self) -> str:
        return f"{self.taken} seats of {self.app_id} from {self.at:%Y-%m-%d %H:%M}"
