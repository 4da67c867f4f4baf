"""The seats of one app: by role, what they cost, and how that has changed."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from rolecall.connector.tables import neutralised
from rolecall.errors import Invalid
from rolecall.server import clock
from rolecall.server.access.finding import app_for
from rolecall.server.access.models import Entitlement
from rolecall.server.access.pages.looks import app_crumbs, app_tabs
from rolecall.server.people.door import Request, done, page
from rolecall.server.people.permissions import may, require
from rolecall.server.seats import pricing
from rolecall.server.seats.chart import chart_of
from rolecall.server.seats.counting import money, seats_of
from rolecall.server.seats.trend import Trend, Unit, trend_of

__all__ = ["app", "forget_price", "set_price"]

_UNITS: Final[dict[str, Unit]] = {"day": "day", "month": "month"}
_DIGITS: Final = 9


@page("app:read")
def app(request: Request, app_id: str) -> HttpResponse:
    """Figures, roles, the chart with its table; `?as=csv` is that table."""
    one = app_for(request.actor, app_id)
    unit = _UNITS.get(request.GET.get("by", ""), "day")
    trend = trend_of(one, unit, now=clock.now())
    heads, lines = _sheet(trend)
    if request.GET.get("as") == "csv":
        return _csv(f"{one.name}-seats-by-{unit}", [heads, *lines])
    seats = seats_of(one)
    plan = seats.bill.plan
    context = {
        "app": one,
        "seats": seats,
        "plan": plan,
        "monthly": money(seats.bill.monthly, plan.currency) if plan else "",
        "idle": money(seats.bill.idle, plan.currency) if plan and seats.bill.idle else "",
        "over": max(0, -(seats.bill.free or 0)),
        "unit": unit,
        "chart": chart_of(trend.points, seats.bill.purchased, unit),
        "heads": heads,
        "lines": lines,
        "may_edit": bool(may(request.actor, "app:edit", one.public_id)),
        "crumbs": app_crumbs(one),
        "tabs": app_tabs(one),
    }
    return render(request, "seats/app.html", context)


@require_POST
@page("app:edit")
def set_price(request: Request, app_id: str) -> HttpResponse:
    """What a seat costs, and how many were bought."""

    def deed() -> None:
        require(request.actor, "app:edit", app_id)  # before anything is said of what they typed
        pricing.set_price(
            request.actor,
            app_id,
            price=pricing.price_of(request.POST.get("price", "")),
            currency=request.POST.get("currency", ""),
            purchased=_number(request.POST.get("purchased", "")),
            now=clock.now(),
        )

    return done(request, deed, "Saved.", back=_address(app_id))


@require_POST
@page("app:edit")
def forget_price(request: Request, app_id: str) -> HttpResponse:
    """Say it no longer."""
    return done(
        request,
        lambda: pricing.forget_price(request.actor, app_id, now=clock.now()),
        "Forgotten.",
        back=_address(app_id),
    )


def _address(app_id: str) -> str:
    return reverse("seats:app", args=(app_id,))


def _number(text: str) -> int | None:
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < _DIGITS):
        raise Invalid(f"{typed[:20]!r} is no number of seats.", hint="Write it like 250.")
    return int(typed)


def _sheet(trend: Trend) -> tuple[list[str], list[list[str]]]:
    """The head and the lines of the table behind the chart, the newest first."""
    names = dict(Entitlement.objects.filter(pk__in=trend.roles).values_list("pk", "name"))
    heads = ["Month" if trend.unit == "month" else "Day", "Seats"]
    heads += [names[role] for role in trend.roles]
    return heads, [*_lines(trend)]


def _lines(trend: Trend) -> Iterator[list[str]]:
    form = "%Y-%m" if trend.unit == "month" else "%Y-%m-%d"
    for one in reversed(trend.points):
        numbers = [one.taken, *(one.roles.get(role, 0) for role in trend.roles)]
        yield [f"{one.on:{form}}", *map(str, numbers)]


def _csv(name: str, lines: list[list[str]]) -> HttpResponse:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([neutralised(x) for x in y] for y in lines)
    return HttpResponse(
        out.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{_file(name)}.csv"'},
    )


def _file(name: str) -> str:
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in name).split())
