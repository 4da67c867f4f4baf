"""A table's state under a name, and the columns that a user wants to see."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from rolecall.server.ids import PublicIdField

__all__ = ["ChosenColumns", "SavedView"]


class SavedView(models.Model):
    """What an address shows of a table, under a name: private, or for whoever may open the page."""

    public_id = PublicIdField(prefix="viw")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_views"
    )
    name = models.CharField(max_length=100)
    path = models.CharField(max_length=200)
    """Of the page; the table's rows are those of this page."""
    query = models.CharField(max_length=4000, blank=True)
    """Search, filters, order, size and columns, as they stand in an address."""
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("user", "path", "name"), name="saved_view_once"),
        )
        indexes = (models.Index(fields=("path", "name"), name="saved_view_path"),)

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where it is seen."""
        return f"{self.path}?{self.query}" if self.query else self.path


class ChosenColumns(models.Model):
    """The columns of one table that a user sees unless an address says others."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="chosen_columns"
    )
    table = models.CharField(max_length=100)
    """The name of the page's address, such as access:accounts: the same for every app."""
    columns = ArrayField(models.CharField(max_length=40))
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "table"), name="saved_columns_once"),
        )

    def __str__(self) -> str:
        return self.table
