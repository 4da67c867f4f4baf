"""A row in short, in a drawer beside its table; and the way back to a table as it was left."""

import pytest
from company import Company, a_user
from judging import judge
from playwright.sync_api import expect

from rolecall.server.people.models import RoleAssignment

pytestmark = pytest.mark.slow
LOOKS = [(1280, "light"), (390, "dark")]


@pytest.fixture
def company(transactional_db: None) -> Company:
    """Few accounts in one app."""
    del transactional_db
    return Company.build(accounts=30)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_row_is_looked_at_without_leaving_the_table(open_page, company, width, scheme):
    """Key o opens, Escape goes back to the row; the button does the same."""
    page = open_page(company.user, width=width, scheme=scheme)
    path = f"/apps/{company.app.public_id}/accounts"
    page.goto(path)
    row = page.locator("tbody tr").nth(1)
    name = row.locator("th a").first.inner_text()
    for key in ("j", "j", "o"):
        page.keyboard.press(key)
    drawer = page.get_by_role("dialog", name=name)
    expect(drawer).to_be_visible()
    for label in ("E-mail", "Person", "Role", "First seen"):
        expect(drawer.get_by_role("term").filter(has_text=label)).to_be_visible()
    expect(drawer.get_by_role("heading", name="Holds now")).to_be_visible()
    judge(page, f"drawer-{width}-{scheme}")
    assert drawer.evaluate("one => one.getBoundingClientRect().width") <= width
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    assert row.evaluate("one => one === document.activeElement")
    assert page.url.endswith(path)

    peek = row.get_by_role("link", name="Peek at")
    peek.click()
    expect(drawer).to_be_visible()
    drawer.get_by_role("button", name="Close").click()
    assert peek.evaluate("one => one === document.activeElement")
    peek.click()
    drawer.get_by_role("link", name="Open the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_without_scripts_the_page_opens(open_page, company):
    """The same link leads to the whole page."""
    page = open_page(company.user, scripts=False)
    page.goto(f"/entitlements/{company.roles[1].public_id}")
    row = page.locator("tbody tr").first
    name = row.locator("th a").first.inner_text()
    row.get_by_role("link", name="Peek at").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_what_may_not_be_seen_is_told_by_its_page(open_page, company):
    """Whoever lost the right since the table was shown learns it, and sees nothing."""
    auditor = a_user("auditor", name="Audra Auditor")
    page = open_page(auditor)
    page.goto(f"/apps/{company.app.public_id}/accounts")
    RoleAssignment.objects.filter(user=auditor).delete()
    peek = page.get_by_role("link", name="Peek at").last
    email = page.locator("tbody th .second").last.inner_text()
    peek.click()
    page.wait_for_url("**/accounts/acc_*")

    expect(page.get_by_role("link", name="Back")).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert email not in page.content()


def test_the_way_back_leads_to_the_table_as_it_was_left(open_page, company):
    """Search, order and page stand in the breadcrumb, also after a second page of the account."""
    page = open_page(company.user)
    path = f"/apps/{company.app.public_id}/accounts"
    page.goto(f"{path}?status=enabled")
    page.get_by_role("link", name="E-mail", exact=True).or_(
        page.get_by_role("link", name="Last changed")
    ).first.click()
    page.wait_for_url("**sort=**")
    left = page.url
    page.locator("tbody th a").first.click()
    page.get_by_role("link", name="History").click()
    crumbs = page.get_by_role("navigation", name="Breadcrumb")
    crumbs.get_by_role("link", name="Accounts").click()

    expect(page).to_have_url(left)
    assert "status=enabled" in left
