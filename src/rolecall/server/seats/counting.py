"""How many seats of an app are taken, by which roles, and what they cost a month.

What is paid is what was bought, or what is taken where that is more or nobody bought ahead. A seat
that falls free is paid until the next renewal (Notion: N-164), so nothing here is called a saving
from today.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from rolecall.server.access.finding import managed_apps
from rolecall.server.access.models import Account, App, Entitlement
from rolecall.server.audit.trail import Actor
from rolecall.server.seats.models import SeatCount, SeatPlan

__all__ = [
    "Bill",
    "RoleSeats",
    "Seats",
    "apps_of",
    "bill_of",
    "billed",
    "cost",
    "money",
    "plan_of",
    "seats_of",
]


@dataclass(frozen=True, kw_only=True)
class RoleSeats:
    """The seats that holders of one role take."""

    role: str
    """Its name; empty: of accounts without a role that we know."""
    entitlement: str
    """Public id, or empty."""
    taken: int


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What so many seats come to."""

    taken: int
    plan: SeatPlan | None
    """What a seat costs, where somebody has said it."""

    @property
    def purchased(self) -> int | None:
        """How many were bought; None where nobody said."""
        return self.plan.purchased if self.plan else None

    @property
    def free(self) -> int | None:
        """Bought and not taken; negative: more are taken than were bought."""
        return None if self.purchased is None else self.purchased - self.taken

    @property
    def paid(self) -> int:
        """Billed: what was bought, or what is taken where that is more."""
        return max(self.taken, self.purchased or 0)

    @property
    def monthly(self) -> Decimal | None:
        """What that costs a month; None without a price."""
        return cost(self.paid, self.plan)

    @property
    def idle(self) -> Decimal | None:
        """What seats cost a month that nobody takes; None where nothing can be said."""
        return None if self.free is None else cost(max(self.free, 0), self.plan)


@dataclass(frozen=True, kw_only=True)
class Seats:
    """The seats of one app, now."""

    bill: Bill
    roles: tuple[RoleSeats, ...]
    """The most first."""
    unsaid: int
    """Accounts of which the source does not say whether they take a seat."""


def seats_of(app: App) -> Seats:
    """The seats of an app as its last sync, and what was seen since, left them."""
    last = SeatCount.objects.filter(app=app).order_by("-at").first() or SeatCount(taken=0)
    roles = [
        RoleSeats(role=one.name, entitlement=one.public_id, taken=last.roles[str(one.pk)])
        for one in Entitlement.objects.filter(pk__in=last.roles)
    ]
    if rest := last.taken - sum(one.taken for one in roles):
        roles.append(RoleSeats(role="", entitlement="", taken=rest))
    return Seats(
        bill=Bill(taken=last.taken, plan=plan_of(app)),
        roles=tuple(sorted(roles, key=lambda one: (-one.taken, one.role))),
        unsaid=Account.objects.filter(app=app, present=True, seat=None).count(),
    )


def apps_of(actor: Actor) -> QuerySet[App]:
    """The managed apps whose seats somebody may see."""
    return managed_apps(actor, "app:read")


def billed(apps: QuerySet[App]) -> QuerySet[App]:
    """The same, each with what `bill_of` needs; `currency` and `monthly` are to sort by.

    Amounts of different currencies cannot be compared: an order is by currency first. An app
    without a price comes before all that have one.
    """
    last = SeatCount.objects.filter(app=OuterRef("pk")).order_by("-at").values("taken")[:1]
    paid = Greatest("taken", Coalesce("seat_plan__purchased", 0))
    return apps.select_related("seat_plan").annotate(
        taken=Coalesce(Subquery(last), 0),
        currency=Coalesce("seat_plan__currency", Value("")),
        monthly=Coalesce(F("seat_plan__price") * paid, Value(-1), output_field=DecimalField()),
    )


def bill_of(app: App) -> Bill:
    """What the seats of an app come to, of a row of `billed`."""
    return Bill(taken=app.taken, plan=getattr(app, "seat_plan", None))  # type: ignore[attr-defined]


def plan_of(app: App) -> SeatPlan | None:
    """What its seats cost, where somebody has said it."""
    return SeatPlan.objects.filter(app=app).first()


def cost(seats: int, plan: SeatPlan | None) -> Decimal | None:
    """What so many seats cost a month; None without a price."""
    return None if plan is None else plan.price * seats


def money(amount: Decimal | None, currency: str) -> str:
    """An amount for people: `EUR 1,250.00`; a dash for none."""
    return "\u2013" if amount is None else f"{currency} {amount:,.2f}"
