"""What a seat costs and how many were bought: set and forgotten, per app."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import transaction

from rolecall.errors import Conflict, Invalid
from rolecall.server.access.finding import locked_app
from rolecall.server.audit.trail import Actor, record
from rolecall.server.seats.models import SeatPlan

__all__ = ["forget_price", "price_of", "set_price"]

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_MOST_SEATS: Final = 10_000_000
_MOST_PRICE: Final = Decimal(1_000_000)
_CENT: Final = Decimal("0.01")


@transaction.atomic
def set_price(
    actor: Actor,
    app_id: str,
    *,
    price: Decimal,
    currency: str,
    purchased: int | None,
    now: datetime,
) -> SeatPlan:
    """From now on a seat of this app costs so much.

    Args:
        actor: who says it.
        app_id: public id.
        price: of one seat for one month; cents at most.
        currency: ISO 4217, such as EUR.
        purchased: how many were bought; None: only what is taken is billed.
        now: when.

    Raises:
        NotAllowed: they may not.
        Gone: there is no such app.
        Invalid: it is no price, no currency or no number of seats.
    """
    app = locked_app(actor, app_id, "app:edit")
    code = currency.strip().upper()
    _insist(price, code, purchased)
    found = SeatPlan.objects.filter(app=app).first()
    before = _facts(found) if found else {}
    plan = found or SeatPlan(app=app)
    plan.price, plan.currency, plan.purchased = price.quantize(_CENT), code, purchased
    plan.changed_at, plan.changed_by = now, actor.name
    plan.save()
    record(
        actor, "app:seats:price", app, now=now, scope=app.public_id,
        before=before, after=_facts(plan),
    )  # fmt: skip
    return plan


@transaction.atomic
def forget_price(actor: Actor, app_id: str, *, now: datetime) -> None:
    """Say no longer what a seat of this app costs.

    Raises:
        NotAllowed, Gone: as `set_price`.
        Conflict: nobody has said it.
    """
    app = locked_app(actor, app_id, "app:edit")
    plan = SeatPlan.objects.filter(app=app).first()
    if plan is None:
        raise Conflict("Nobody has said what a seat of this app costs.")
    record(actor, "app:seats:forget", app, now=now, scope=app.public_id, before=_facts(plan))
    plan.delete()


def price_of(text: str) -> Decimal:
    """A price as somebody types it: `10`, `9.50`, `9,50`.

    Raises:
        Invalid: it is none.
    """
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise Invalid(f"{text[:20]!r} is no price.", hint="Write it like 9.50.") from error


def _insist(price: Decimal, currency: str, purchased: int | None) -> None:
    if not price.is_finite() or not 0 <= price <= _MOST_PRICE or price != round(price, 2):
        raise Invalid(
            "A price is between 0 and 1,000,000, with two decimals at most.",
            hint="Write it like 9.50.",
        )
    if not _CURRENCY.fullmatch(currency):
        raise Invalid(f"{currency[:20]!r} is no currency.", hint="Use its three letters: EUR.")
    if purchased is not None and not 0 <= purchased <= _MOST_SEATS:
        raise Invalid("Seats are between 0 and 10,000,000.", hint="Count those that were bought.")


def _facts(plan: SeatPlan) -> dict[str, object]:
    return {"price": str(plan.price), "currency": plan.currency, "purchased": plan.purchased}
