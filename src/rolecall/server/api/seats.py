"""Seats: how many are taken, what they cost, how that has changed."""

from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest
from ninja import Query as Asked
from ninja import Router, Schema, Status
from pydantic import Field

from rolecall.server import clock
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import App, Entitlement
from rolecall.server.api.door import actor_of, answers
from rolecall.server.api.paging import Cut, Page, Window, cut
from rolecall.server.api.values import Id, Line
from rolecall.server.people.permissions import require
from rolecall.server.seats import counting, pricing, trend

__all__ = [
    "BillOut",
    "PlanOut",
    "PointOut",
    "PriceIn",
    "RoleSeatsOut",
    "SeatsOut",
    "TrendOut",
    "forget_price",
    "get_seats",
    "get_trend",
    "list_seats",
    "of_apps",
    "router",
    "set_price",
]

router = Router(tags=["seats"])
of_apps = Router(tags=["seats"])


class PlanOut(Schema):
    """What a seat costs."""

    price: Decimal
    """Of one seat for one month."""
    currency: str
    purchased: int | None
    changed_at: datetime
    changed_by: str


class BillOut(Schema):
    """What the seats of an app come to."""

    app: str
    name: str
    taken: int
    free: int | None
    """Bought and not taken; negative is: more are taken than were bought."""
    monthly: Decimal | None
    idle: Decimal | None
    """What those cost a month that nobody takes."""
    plan: PlanOut | None


class RoleSeatsOut(Schema):
    """The seats of one role."""

    entitlement: str
    role: str
    taken: int


class SeatsOut(BillOut):
    """The seats of one app, by role."""

    roles: list[RoleSeatsOut]
    unsaid: int
    """Accounts of which the source does not say whether they take a seat."""


class PointOut(Schema):
    """The end of one day or month."""

    on: date
    taken: int
    roles: list[RoleSeatsOut]


class TrendOut(Schema):
    """The oldest point first."""

    unit: str
    points: list[PointOut]


class PriceIn(Schema):
    """What a seat costs, and how many were bought."""

    price: Decimal = Field(ge=0, le=1_000_000, max_digits=10, decimal_places=2)
    currency: Line
    purchased: int | None = Field(None, ge=0, le=10_000_000)


def _bill(app: App, bill: counting.Bill) -> dict[str, object]:
    return {
        "app": app.public_id, "name": app.name, "taken": bill.taken, "free": bill.free,
        "monthly": bill.monthly, "idle": bill.idle, "plan": bill.plan,
    }  # fmt: skip


def _seats(app: App) -> dict[str, object]:
    found = counting.seats_of(app)
    return {**_bill(app, found.bill), "roles": found.roles, "unsaid": found.unsaid}


@router.get("", response=answers(Page[BillOut]))
def list_seats(request: HttpRequest, window: Asked[Window]) -> dict[str, object]:
    """The seats of each app that one may see."""
    actor = actor_of(request)
    require(actor, "app:read")
    piece: Cut[App] = cut(counting.billed(counting.apps_of(actor)), window)
    return {
        "items": [_bill(one, counting.bill_of(one)) for one in piece.items],
        "next": piece.next,
    }


@of_apps.get("/{app}/seats", response=answers(SeatsOut))
def get_seats(request: HttpRequest, app: Id) -> dict[str, object]:
    """The seats of one app, by role, and what they cost."""
    return _seats(app_for(actor_of(request), app))


@of_apps.put("/{app}/seats/price", response=answers(SeatsOut))
def set_price(request: HttpRequest, app: Id, said: PriceIn) -> dict[str, object]:
    """Say what a seat costs and how many were bought."""
    actor = actor_of(request)
    pricing.set_price(
        actor,
        app,
        price=said.price,
        currency=said.currency,
        purchased=said.purchased,
        now=clock.now(),
    )
    return _seats(app_for(actor, app))


@of_apps.delete("/{app}/seats/price", response=answers(None, 204))
def forget_price(request: HttpRequest, app: Id) -> Status[None]:
    """Say it no longer."""
    pricing.forget_price(actor_of(request), app, now=clock.now())
    return Status(204, None)


@of_apps.get("/{app}/seats/trend", response=answers(TrendOut))
def get_trend(request: HttpRequest, app: Id, unit: trend.Unit = "month") -> dict[str, object]:
    """How many seats were taken at the end of each day or month, from the first sync on."""
    found = trend.trend_of(app_for(actor_of(request), app), unit, now=clock.now())
    rows = Entitlement.objects.filter(pk__in=found.roles)
    names = {one.pk: (one.public_id, one.name) for one in rows}
    return {
        "unit": found.unit,
        "points": [_point(one, names) for one in found.points],
    }


def _point(point: trend.Point, names: dict[int, tuple[str, str]]) -> dict[str, object]:
    roles = (
        {"entitlement": key, "role": name, "taken": point.roles.get(role, 0)}
        for role, (key, name) in names.items()
    )
    return {"on": point.on, "taken": point.taken, "roles": list(roles)}
