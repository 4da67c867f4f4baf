"""What a company wants of those who administer its workspaces."""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import App
from rolecall.server.ids import PublicIdField
from rolecall.server.people.models import Person

__all__ = ["RolePolicy"]


class RolePolicy(models.Model):
    """How many may hold an administrative role, and who; of one app, or of every app without one.

    Nothing is changed by it: where it is broken, pages say so.
    """

    class Role(models.TextChoices):
        """The workspace roles that manage other people's access (Notion: N-099)."""

        OWNER = "owner", "Workspace owner"
        MEMBERSHIP_ADMIN = "membership_admin", "Membership admin"

    public_id = PublicIdField(prefix="pol")
    app = models.ForeignKey(App, on_delete=models.PROTECT, null=True, related_name="role_policies")
    """None: of every app that has none of its own."""
    role = models.CharField(max_length=20, choices=Role)
    at_least = models.PositiveIntegerField(default=0)
    at_most = models.PositiveIntegerField(null=True)
    """None: any number."""
    only_named = models.BooleanField(default=False)
    """Whether nobody but the persons below may hold it."""
    persons = models.ManyToManyField(Person, related_name="+")
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=254)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("app", "role"), nulls_distinct=False, name="policies_role_once"
            ),
            models.CheckConstraint(
                condition=Q(at_most=None) | Q(at_most__gte=models.F("at_least")),
                name="policies_role_range",
            ),
        )

    def __str__(self) -> str:
        where = self.app.name if self.app else "every app"
        return f"{self.get_role_display()}s of {where}"
