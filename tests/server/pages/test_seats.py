"""Seats: how many are taken, what they cost, and how that has changed; against a slow oracle."""

import csv
import io
import itertools
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from company import NOW, Company, a_user, log_in
from django.urls import reverse

from rolecall.errors import Conflict, Invalid, NotAllowed
from rolecall.server.access.models import Account, App, Grant, Presence
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.seats import counting, pricing
from rolecall.server.seats.chart import HEIGHT, WIDTH, chart_of
from rolecall.server.seats.counted import recount
from rolecall.server.seats.models import SeatPlan
from rolecall.server.seats.trend import Point, trend_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def company(db: None) -> Company:
    """24 accounts; those who are restricted take no seat here."""
    del db
    return Company.build(accounts=24)


def acting(user) -> Actor:
    """This user, as an actor."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


def priced(company: Company, price: str = "10.00", purchased: int | None = 20) -> SeatPlan:
    """Say what a seat costs."""
    return pricing.set_price(
        acting(company.user), company.app.public_id, price=Decimal(price), currency="eur",
        purchased=purchased, now=NOW,
    )  # fmt: skip


def taken(company: Company) -> int:
    """Counted one by one."""
    return sum(one.seat is True for one in company.accounts)


def test_seats_are_counted_by_role(company):
    """Who takes one, by the role they have; the sum is all of them."""
    found = counting.seats_of(company.app)
    expected = {
        role.name: sum(one.role == role and one.seat is True for one in company.accounts)
        for role in company.roles
    }

    assert {one.role: one.taken for one in found.roles} == {k: v for k, v in expected.items() if v}
    assert found.bill.taken == taken(company) > 0


@pytest.mark.parametrize(
    ("purchased", "paid", "free"), [(None, 16, None), (20, 20, 4), (16, 16, 0), (10, 16, -6)]
)
def test_what_is_paid(purchased, paid, free):
    """What was bought, or what is taken where that is more."""
    plan = SeatPlan(price=Decimal("9.50"), currency="EUR", purchased=purchased)
    bill = counting.Bill(taken=16, plan=plan)

    assert (bill.paid, bill.free) == (paid, free)
    assert bill.monthly == Decimal("9.50") * paid
    assert bill.idle == (None if free is None else Decimal("9.50") * max(free, 0))


def test_without_a_price_nothing_is_said_of_money():
    """No plan: seats are counted, and cost nothing that we know."""
    bill = counting.Bill(taken=16, plan=None)

    assert (bill.paid, bill.monthly, bill.idle, bill.free) == (16, None, None, None)


def test_a_price_is_set_again_and_forgotten(company):
    """Each time it is an audited deed that says what was before."""
    priced(company)
    priced(company, "12.5", purchased=None)
    plan = SeatPlan.objects.get()
    changed = Event.objects.latest("id")
    pricing.forget_price(acting(company.user), company.app.public_id, now=NOW)

    assert (plan.price, plan.currency, plan.purchased) == (Decimal("12.50"), "EUR", None)
    assert changed.action == "app:seats:price"
    assert changed.detail["before"] == {"price": "10.00", "currency": "EUR", "purchased": 20}
    assert not SeatPlan.objects.exists()
    with pytest.raises(Conflict):
        pricing.forget_price(acting(company.user), company.app.public_id, now=NOW)


@pytest.mark.parametrize(
    ("price", "currency", "purchased"),
    [("-1", "EUR", 1), ("0.001", "EUR", 1), ("1e9", "EUR", 1), ("NaN", "EUR", 1),
     ("Infinity", "EUR", 1), ("1", "Euro", 1), ("1", "", 1), ("1", "EUR", -1)],
)  # fmt: skip
def test_what_is_no_price_is_refused(company, price, currency, purchased):
    """Nothing is kept of it."""
    with pytest.raises(Invalid):
        pricing.set_price(
            acting(company.user), company.app.public_id, price=Decimal(price), currency=currency,
            purchased=purchased, now=NOW,
        )  # fmt: skip

    assert not SeatPlan.objects.exists()


def test_an_auditor_sets_no_price(company):
    """They look at it only."""
    with pytest.raises(NotAllowed):
        pricing.set_price(
            acting(a_user("auditor", name="Aud Itor")), company.app.public_id, price=Decimal(1),
            currency="EUR", purchased=None, now=NOW,
        )  # fmt: skip


def moved(company: Company, random_: random.Random) -> None:
    """Accounts that left, some to return, at any moment of the last 30 days."""
    for account in Account.objects.filter(app=company.app):
        moments = sorted(random_.uniform(1, 29) for _ in range(random_.choice([0, 0, 1, 2])))
        for model in (Presence, Grant):
            rows = model.objects.filter(account=account)
            if model is Grant:
                rows = rows.filter(entitlement__kind="role")
            row = rows.get()
            if moments:
                row.until_at = NOW - moments[-1] * DAY
                row.save()
            if len(moments) == 2:
                row.pk, row.from_at, row.until_at = None, NOW - moments[0] * DAY, None
                row.save()
    recount(company.app)


def at_the_end_of(day: date, model, **facts) -> int:
    """How many of these periods lasted then, each looked at."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY
    rows = model.objects.filter(account__seat=True, **facts)
    return sum(one.from_at < end and (not one.until_at or one.until_at >= end) for one in rows)


@pytest.mark.parametrize("seed", range(4))
def test_the_trend_by_day_is_what_was_there(company, seed):
    """Each day has as many seats as accounts that were there at its end, and by role as well."""
    moved(company, random.Random(seed))
    trend = trend_of(company.app, "day", now=NOW)

    assert [one.on for one in trend.points] == [
        company.syncs[0].started_at.date() + n * DAY for n in range(31)
    ]
    for point in trend.points:
        assert point.taken == at_the_end_of(point.on, Presence)
        for role in company.roles:
            expected = at_the_end_of(point.on, Grant, entitlement=role)
            assert point.roles.get(role.pk, 0) == expected


def test_the_trend_by_month_ends_as_the_days_do(company):
    """The last point of each month is that month's point."""
    moved(company, random.Random(9))
    days = {f"{one.on:%Y-%m}": one.taken for one in trend_of(company.app, "day", now=NOW).points}
    months = trend_of(company.app, "month", now=NOW).points

    assert {f"{one.on:%Y-%m}": one.taken for one in months} == days


def test_a_long_history_is_cut_and_still_right(company):
    """What moved before the first day that is shown is in it."""
    first = company.syncs[0]
    first.started_at = NOW - 400 * DAY
    first.save()
    Presence.objects.update(from_at=first.started_at)
    recount(company.app)
    trend = trend_of(company.app, "day", now=NOW)

    assert len(trend.points) == 90
    assert {one.taken for one in trend.points} == {taken(company)}
    assert len(trend_of(company.app, "month", now=NOW).points) == 14


def test_an_app_without_a_sync_has_no_trend(company):
    """Nothing is drawn of what nobody knows."""
    del company
    empty = App.objects.create(name="Empty", created_at=NOW)

    assert trend_of(empty, "day", now=NOW).points == ()
    assert chart_of((), None, "day") is None


@pytest.mark.parametrize("numbers", [[0], [7], [3, 5, 4], [99_999, 100_001], list(range(90))])
@pytest.mark.parametrize("purchased", [None, 0, 250_000])
def test_a_chart_stays_in_its_frame(numbers, purchased):
    """Every mark lies inside, more seats are higher, and levels are whole numbers."""
    points = [Point(on=date(2026, 1, 1) + n * DAY, taken=one) for n, one in enumerate(numbers)]
    chart = chart_of(points, purchased, "day")

    assert chart is not None
    assert all(0 <= one.x <= WIDTH and 0 <= one.y <= HEIGHT for one in chart.marks)
    heights = {one: mark.y for one, mark in zip(numbers, chart.marks, strict=True)}
    ordered = [heights[one] for one in sorted(heights)]
    assert ordered == sorted(ordered, reverse=True)
    levels = [int(one.text.replace(",", "")) for one in chart.rows]
    assert levels[0] == 0
    assert levels[-1] >= max(*numbers, purchased or 0)
    assert len({b - a for a, b in itertools.pairwise(levels)}) == 1
    assert len(chart.columns) <= 7


def test_the_page_shows_figures_chart_and_table(client, company):
    """Taken, bought, cost; the chart as SVG; its table as CSV with the same numbers."""
    priced(company, purchased=20)
    log_in(client, company.user)
    address = reverse("seats:app", args=(company.app.public_id,))
    text = client.get(address).content.decode()
    rows = list(csv.reader(io.StringIO(client.get(f"{address}?by=day&as=csv").content.decode())))

    assert "EUR 200.00" in text
    assert f"{20 - taken(company)} of them free" in text
    assert '<polyline class="line"' in text
    assert rows[0][:2] == ["Day", "Seats"]
    assert rows[1][0] == f"{NOW:%Y-%m-%d}"
    assert [int(row[1]) for row in rows[1:]] == [
        one.taken for one in reversed(trend_of(company.app, "day", now=NOW).points)
    ]


def test_the_form_sets_the_price(client, company):
    """A comma is as good as a point; what is no number is refused on the page."""
    log_in(client, company.user)
    address = reverse("seats:set_price", args=(company.app.public_id,))
    client.post(address, {"price": "9,5", "currency": "usd", "purchased": ""})
    plan = SeatPlan.objects.get()
    refused = client.post(address, {"price": "ten", "currency": "usd"}, follow=True)

    assert (plan.price, plan.currency, plan.purchased) == (Decimal("9.50"), "USD", None)
    assert "is no price" in refused.content.decode()
    overview = client.get(reverse("seats:overview")).content.decode()
    assert f"USD {Decimal('9.5') * taken(company):,.2f}" in overview


def test_what_removals_free_stands_on_their_plan(client, company):
    """A plan says how many seats it frees, and what these cost a month."""
    priced(company)
    log_in(client, company.user)
    seated = [one for one in company.accounts if one.seat][:3]
    rows = [one.public_id for one in seated]
    asked = {"verb": "remove_account", "row": rows, "reason": "They left."}
    answer = client.post(reverse("orders:plan", args=(company.app.public_id,)), asked)
    text = client.get(answer["Location"]).content.decode()

    assert "3 seats fall free" in text
    assert "EUR 30.00" in text
    account = client.get(reverse("access:account", args=(rows[0],))).content.decode()
    assert "EUR 10.00" in account


def another_app(name: str, price: str, currency: str) -> App:
    """An app of which ten seats were bought and none is taken."""
    app = App.objects.create(name=name, created_at=NOW)
    SeatPlan.objects.create(
        app=app, price=Decimal(price), currency=currency, purchased=10, changed_at=NOW,
        changed_by="the test",
    )  # fmt: skip
    return app


def amounts(client, query: str) -> list[tuple[str, str]]:
    """Each app of the list, in its order, and its monthly cost, as CSV has them."""
    file = client.get(f"{reverse('access:apps')}?as=csv&{query}")
    text = file.getvalue().decode("utf-8-sig")
    return [(row["App"], row["Monthly cost"]) for row in csv.DictReader(io.StringIO(text))]


def test_the_list_of_apps_shows_and_sorts_by_what_they_cost(client, company):
    """By currency, then by amount; an app without a price says so and leads to where one can."""
    log_in(client, company.user)
    another_app("Small", "1.50", "EUR")
    another_app("Large", "100", "EUR")
    another_app("Abroad", "2", "USD")
    rising = [("Acme workspace", ""), ("Small", "EUR 15.00"), ("Large", "EUR 1,000.00"),
              ("Abroad", "USD 20.00")]  # fmt: skip
    page = client.get(reverse("access:apps")).content.decode()

    assert amounts(client, "sort=cost") == rising
    assert amounts(client, "sort=-cost") == rising[::-1]
    assert "No price yet" in page
    assert reverse("seats:app", args=(company.app.public_id,)) in page


def test_the_sums_of_seats_are_the_sums_of_the_apps(client, company):
    """Of each currency; what the pages say, the API says."""
    log_in(client, company.user)
    priced(company, "10.00", purchased=None)
    another_app("Small", "1.50", "EUR")
    another_app("Abroad", "2", "USD")
    sums: dict[str, Decimal] = {}
    for _name, amount in amounts(client, ""):
        code, _, number = amount.partition(" ")
        sums[code] = sums.get(code, Decimal()) + Decimal(number.replace(",", ""))
    overview = client.get(reverse("seats:overview")).content.decode()
    told = client.get("/api/apps").json()["items"]

    assert sums == {"EUR": 10 * taken(company) + 15, "USD": 20}
    assert all(counting.money(amount, code) in overview for code, amount in sums.items())
    assert {code: sum(Decimal(one["monthly"]) for one in told if one["currency"] == code)
            for code in sums} == sums  # fmt: skip


def test_the_figures_of_an_app_are_those_of_its_accounts(client, company):
    """Each is counted by an index of its own; here, one by one."""
    log_in(client, company.user)
    Account.objects.filter(pk=company.accounts[3].pk).update(type="service")
    Account.objects.filter(pk=company.accounts[5].pk).update(seat=None)
    figures = client.get(reverse("access:app", args=(company.app.public_id,))).context["figures"]
    here = list(Account.objects.filter(app=company.app, present=True))

    assert figures == {
        "accounts": len(here),
        "seats": sum(one.seat is True for one in here),
        "external": sum(one.external for one in here),
        "service": 1,
        "loose": sum(one.type == "human" and one.link != "linked" for one in here),
    }
