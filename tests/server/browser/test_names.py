"""Names as people and groups have them: long, from right to left, emoji, no letter of ours."""

import pytest
from company import Company, a_user
from judging import judge
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

LONG = "Nebukadnezar" * 7
NAMES = [
    LONG,
    "مريم عبد الله (שרה)",
    "👩🏽‍💻 Zoë 🦄🏳️‍🌈",
    "Ⅎlip \u202egnirts",
    "宇多田ヒカル",
    "a\u0301" * 60,
]
"""80 letters without a space, both ways of writing, emoji, a direction turned, no Latin, marks."""


def renamed() -> Company:
    """A company in which everything that people name is called like this."""
    company = Company.build()
    for account, name in zip(company.accounts, NAMES, strict=False):
        account.name, account.email = name, f"{LONG.lower()}@{LONG.lower()}.example"
        account.emails = [account.email]
        account.save()
    for entitlement, name in zip((*company.roles, *company.groups), NAMES, strict=False):
        entitlement.name = name
        entitlement.save()
    company.app.name = company.connector.name = company.user.name = LONG
    for one in (company.app, company.connector, company.user):
        one.save()
    return company


@pytest.mark.parametrize("width", [1280, 390])
def test_unusual_names(open_page, width):
    """Whatever people and groups are called, it stays in its place, and nothing sticks out."""
    company = renamed()
    app, connector = f"/apps/{company.app.public_id}", f"/connectors/{company.connector.public_id}"
    page = open_page(company.user, width=width)
    for address in (
        "/", "/apps/", app, f"{app}/accounts", f"{app}/entitlements", f"{app}/changes",
        f"{app}/settings", "/connectors/", f"{connector}/", f"{connector}/settings",
        "/users/", "/audit/", "/me/", "/me/sessions/",
        *(f"/accounts/{one.public_id}" for one in company.accounts[:4]),
        f"/entitlements/{company.groups[0].public_id}",
    ):  # fmt: skip
        answer = page.goto(address)
        judge(page, f"unusual {address.replace(app, 'app').replace(connector, 'con')} {width}")
        assert answer.status == 200, address


def test_a_name_turns_nothing_beside_it(open_page):
    """A sign in a name that turns the direction of writing ends with the name."""
    company = renamed()
    turned = company.accounts[3]
    page = open_page(a_user(name="Ada Admin"))
    page.goto(f"/accounts/{turned.public_id}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(turned.name)

    assert heading.evaluate("e => getComputedStyle(e).unicodeBidi") in {"isolate", "plaintext"}
