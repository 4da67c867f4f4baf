"""Orders: one effect each, from plan to proof; and what a person must do where no connector can."""

from django.db import models
from django.db.models import Q

from rolecall.server.access.models import Account, App, Entitlement, Sync
from rolecall.server.connectors.models import Task
from rolecall.server.files.models import File
from rolecall.server.ids import PublicIdField
from rolecall.server.orders.models.decisions import Decision
from rolecall.server.people.models import User

__all__ = ["LIVE", "ManualStep", "Order"]


class Order(models.Model):
    """One change of one thing in an app.

    A row is written when it is planned, and nothing happens until it is ordered. `effect` names
    what is to be true afterwards; of the orders that are not over there is one per effect.
    """

    class Operation(models.TextChoices):
        """What is changed."""

        GRANT = "grant", "Grant"
        """A role, or membership of a group."""
        REVOKE = "revoke", "Revoke"
        CREATE_ACCOUNT = "create_account", "Create account"
        UPDATE_ACCOUNT = "update_account", "Update account"
        REMOVE_ACCOUNT = "remove_account", "Remove account"
        CREATE_GROUP = "create_group", "Create group"
        RENAME_GROUP = "rename_group", "Rename group"
        DELETE_GROUP = "delete_group", "Delete group"

    class State(models.TextChoices):
        """How far it is."""

        PLANNED = "planned", "Planned"
        HELD = "held", "Held"
        """Somebody keeps it back for now."""
        EXCLUDED = "excluded", "Left out"
        REFUSED = "refused", "Refused"
        """A guard says no; `why` says which and what to do."""
        ORDERED = "ordered", "Ordered"
        """A task carries it; whether Notion knows is not known yet."""
        APPLIED = "applied", "Applied, not yet verified"
        VERIFIED = "verified", "Verified"
        STILL_PRESENT = "still_present", "Still as before"
        """It was reported as done, and a later sync shows otherwise."""
        UNKNOWN = "unknown", "Answer lost"
        """It may have been done; the next sync tells."""
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        HANDED = "handed", "Handed to a person"

    class Undo(models.TextChoices):
        """How well it can be taken back."""

        EXACTLY = "exactly", "Can be undone exactly"
        EQUIVALENTLY = "equivalently", "Can be undone equivalently"
        NO = "no", "Cannot be undone"

    public_id = PublicIdField(prefix="ord")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="orders")
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="orders")
    operation = models.CharField(max_length=16, choices=Operation)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="orders")
    entitlement = models.ForeignKey(
        Entitlement, on_delete=models.PROTECT, null=True, related_name="orders"
    )
    """The role or the group; of a group to be renamed or deleted, its membership."""
    wish = models.JSONField(default=dict)
    """Of a creation or an edit: what is wanted, by attribute."""
    effect = models.CharField(max_length=400)
    """Which fact it is to change, as a key: `role acc_…`, `member acc_… ent_…`, `account acc_…`.

    Two orders about one fact are repeats of each other, or contradict each other.
    """
    before = models.JSONField(default=dict)
    """How it was when it was planned: role, groups, attributes. What an undo goes back to."""
    meaning = models.JSONField(default=list)
    """What else it comes to, as sentences: a seat is freed, sessions end, groups are left."""
    undo = models.CharField(max_length=12, choices=Undo, default=Undo.EXACTLY)
    state = models.CharField(max_length=16, choices=State, default=State.PLANNED)
    by_hand = models.BooleanField(default=False)
    """No connector can or may do it: a person gets it when it is applied, and `why` says why."""
    repeats = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    """The one that is on its way already, of a row that was refused for it."""
    why = models.TextField(blank=True)
    """Why it was refused or failed, what it waits for, and what to do about it."""
    error = models.CharField(max_length=32, blank=True)
    """The class of `rolecall.errors`."""
    task = models.OneToOneField(Task, on_delete=models.PROTECT, null=True, related_name="order")
    """The last one that carries it."""
    tries = models.PositiveIntegerField(default=0)
    """How many tasks have carried it."""
    retry_at = models.DateTimeField(null=True)
    """When another task is to carry it: Notion did not answer, or its answer was lost."""
    after = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    """What must be verified first: the account that this one is about is made by it."""
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )
    created_at = models.DateTimeField()
    ordered_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    """When the connector said that it was done."""
    verified_at = models.DateTimeField(null=True)
    """When it was read again and found done."""
    verified_by = models.ForeignKey(Sync, on_delete=models.PROTECT, null=True, related_name="+")
    """The sync that showed it; None where our connector itself read again."""
    current = models.BooleanField(default=False)
    """Whether it is verified, and our last word on its fact: only of these drift is told."""

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("app", "effect"),
                condition=Q(state__in=("ordered", "applied", "unknown", "handed")),
                name="orders_one_per_effect",
            ),
        )
        indexes = (
            models.Index(fields=("app", "state", "id"), name="orders_order_state"),
            models.Index(
                fields=("app", "operation"), condition=Q(current=True), name="orders_order_current"
            ),
            models.Index(
                fields=("retry_at",), condition=Q(retry_at__isnull=False), name="orders_order_due"
            ),
            models.Index(fields=("app", "effect", "-id"), name="orders_order_effect"),
            models.Index(fields=("account", "-id"), name="orders_order_account"),
            models.Index(fields=("entitlement", "-id"), name="orders_order_entitlement"),
        )

    def __str__(self) -> str:
        return f"{self.operation} {self.public_id}"


LIVE = (Order.State.ORDERED, Order.State.APPLIED, Order.State.UNKNOWN, Order.State.HANDED)
"""An order in one of these states is on its way: no second one for the same effect."""


class ManualStep(models.Model):
    """What a person must do in Notion by hand, and the proof that they did."""

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", "To do"
        DONE = "done", "Done"
        CANNOT = "cannot", "Cannot be done"

    public_id = PublicIdField(prefix="man")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="manual_step")
    instructions = models.JSONField(default=list)
    """Step by step."""
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    given_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    """Who is to do it; None is whoever gets to it first."""
    given_at = models.DateTimeField(null=True)
    proof = models.TextField(blank=True)
    file = models.ForeignKey(File, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.state} {self.public_id}"
