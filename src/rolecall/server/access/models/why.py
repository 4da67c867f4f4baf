"""Who stands behind an account, and why access should be as it is."""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models.observed import Account, Entitlement
from rolecall.server.ids import PublicIdField
from rolecall.server.people.models import Person

__all__ = ["PersonLink", "Reason"]


class PersonLink(models.Model):
    """Which person an account belonged to, from when to when, and who said so."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="links")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="links")
    how = models.CharField(max_length=8)
    """email: the address matched; hand: somebody set it."""
    set_by = models.CharField(max_length=254)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account",), condition=Q(until_at=None), name="access_link_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id} is {self.person_id}"


class Reason(models.Model):
    """Why somebody should hold something: outlives the grant, and may precede it.

    A grant without a reason was there before us or came from outside. When the last reason for a
    role ends, the change is to the highest role with an open reason, else to the role held before,
    else to `restricted_member` (Notion has no account without a role).
    """

    public_id = PublicIdField(prefix="rea")
    kind = models.CharField(max_length=16)
    """request, rule, review, hand."""
    source = models.CharField(max_length=80, blank=True)
    """Public id of the request, review or rule."""
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="reasons")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="reasons"
    )
    entitlement = models.ForeignKey(Entitlement, on_delete=models.PROTECT, related_name="reasons")
    decided_by = models.CharField(max_length=254)
    text = models.TextField(blank=True)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    """When it runs out by itself; None is: until somebody ends it."""
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(person=None) ^ Q(account=None), name="access_reason_holder"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} for {self.entitlement_id}"
