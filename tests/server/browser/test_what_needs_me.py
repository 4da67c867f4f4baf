"""Home, the matching queue, administrators and seats: read, decided, at every width and theme."""

import re
from datetime import timedelta

import pytest
from company import NOW, Company, a_hold, a_user
from judging import judge
from playwright.sync_api import expect

from rolecall.server.access.matching import settle
from rolecall.server.access.models import Account, App
from rolecall.server.connectors.models import Connector
from rolecall.server.orders.models import Decision
from rolecall.server.people.models import Person, PersonEmail
from rolecall.server.policies.models import RolePolicy
from rolecall.server.seats.models import SeatPlan

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("transactional_db")]
WAYS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


def a_company() -> Company:
    """Where something of each kind waits."""
    found = Company.build()
    names = ("owner", "member", "restricted_member")
    for role, name in zip(found.roles, names, strict=True):
        role.resource.external_id = name
        role.resource.save()
    RolePolicy.objects.create(
        role="owner", at_least=1, at_most=2, only_named=True, changed_at=NOW, changed_by="Olga"
    )
    SeatPlan.objects.create(
        app=found.app, price=12, currency="EUR", purchased=70, changed_at=NOW, changed_by="Olga"
    )
    account = found.accounts[9]
    emails = ["ivo@acme.example", "ivo.doe@acme.example", "ivo.private@else.example"]
    Account.objects.filter(pk=account.pk).update(emails=emails[:2])
    persons = [
        Person.objects.create(
            name=name, department="Sales", title="Agent", created_at=NOW, changed_at=NOW
        )
        for name in ("Ivo Doe", "Ivonne Doe-With-A-Rather-Long-Name", "Ana Costa")
    ]
    for person, address in zip(persons, [*emails[:2], found.accounts[40].emails[0]], strict=True):
        PersonEmail.objects.create(person=person, address=address, folded=address)
    settle([one.pk for one in found.accounts], now=NOW)
    Account.objects.filter(pk=found.accounts[12].pk).update(link="gone", person=persons[2])
    a_hold(found.connector)
    for n in range(7):
        Connector.objects.create(
            app=App.objects.create(name=f"Workspace {n}", created_at=NOW), name=f"Notion {n}",
            state="error", trouble="Notion refused the token: make a new one and enter it here.",
            created_at=NOW - timedelta(days=3),
        )  # fmt: skip
    Decision.objects.create(
        app=found.app, title="A plan", decided_by="Olga", authority="x", created_at=NOW
    )
    return found


@pytest.mark.parametrize(("width", "scheme"), WAYS)
def test_what_needs_me_is_readable(open_page, width, scheme):
    """Each page passes axe and fits, in both themes and widths."""
    company = a_company()
    page = open_page(company.user, width=width, scheme=scheme)
    account = company.accounts[9].public_id
    for name, address in (
        ("home", "/"),
        ("matching", "/matching/"),
        ("disputed", f"/accounts/{account}/person?back=queue"),
        ("administrators", "/administrators/"),
        ("policy", f"/administrators/policy?app={company.app.public_id}&role=owner"),
        ("seats", "/seats/"),
        ("seats of an app", f"/apps/{company.app.public_id}/seats"),
        ("seats by month", f"/apps/{company.app.public_id}/seats?by=month"),
    ):
        page.goto(address)
        if name == "seats of an app":
            page.get_by_text("The numbers").first.click()
        judge(page, f"{name} {width} {scheme}")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_home_of_a_member_and_an_owner(open_page, width, scheme):
    """A member who came by a link, an owner of one app: what is theirs, and no more."""
    company = a_company()
    page = open_page(a_user("member", name="Mem Ber"), width=width, scheme=scheme)
    page.goto("/")
    expect(page.get_by_text("Nothing needs you.")).to_be_visible()
    judge(page, f"home of a member {width} {scheme}")
    owner = a_user("app_owner", name="Alva App", scope=company.app.public_id)
    page = open_page(owner, width=width, scheme=scheme)
    page.goto("/")
    expect(page.get_by_text("1 plan waits to be applied", exact=True)).to_be_visible()
    expect(page.get_by_text("Notion 1")).to_have_count(0)
    judge(page, f"home of an app owner {width} {scheme}")


def test_the_queue_is_emptied_from_home(open_page):
    """Accept: one by its button, and the table is as it was left; Compare: the disputed."""
    company = a_company()
    page = open_page(company.user)
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Accept")).click()
    expect(page.get_by_role("heading", name="Accounts without a person")).to_be_visible()
    page.get_by_role("table").get_by_role("button", name=re.compile("^Accept")).click()
    expect(page.get_by_text("Accepted.")).to_be_visible()
    linked = Account.objects.filter(link="linked").count()
    page.get_by_role("link", name="Clear search and filters").first.click()
    page.get_by_role("link", name=re.compile("^Compare")).click()
    second = page.get_by_role("article", name="Ivonne Doe")
    expect(second.get_by_text("ivo.doe@acme.example").first).to_be_visible()
    second.get_by_role("button", name="It is theirs").click()
    expect(page.get_by_role("heading", name="Accounts without a person")).to_be_visible()

    assert Account.objects.filter(link="linked").count() == linked + 1
    assert str(Account.objects.get(pk=company.accounts[9].pk).person).startswith("Ivonne")


def test_a_policy_is_set_and_kept(open_page):
    """Broken on home; the number is raised, the owners are named; nothing is broken any more."""
    company = a_company()
    RolePolicy.objects.update(only_named=False)
    page = open_page(company.user)
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Look.*about administrators")).click()
    page.get_by_role("link", name=re.compile("^(Set|Change) the policy of Acme workspace")).click()
    page.get_by_label("At most").fill("5")
    page.get_by_role("button", name="Save the policy").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Kept").first).to_be_visible()
    page.goto("/")

    expect(page.get_by_text("about administrators")).to_have_count(0)


def test_a_price_is_typed_in(open_page):
    """Price, currency and number of seats; the cost stands on the page at once."""
    company = a_company()
    page = open_page(company.user)
    page.goto(f"/apps/{company.app.public_id}/seats")
    page.get_by_label("One seat and month").fill("10")
    page.get_by_label("Currency").fill("usd")
    page.get_by_label("Seats purchased").fill("100")
    page.get_by_role("button", name="Save the price").click()

    expect(page.get_by_text("USD 1,000.00")).to_be_visible()
    expect(page.get_by_role("img", name="Seats taken")).to_be_visible()
