"""Every page in light and dark, wide and narrow: nothing serious for axe, nothing sticks out."""

import pytest
from company import Company
from judging import judge
from test_pages import addresses

pytestmark = pytest.mark.slow
FRAGMENTS = {"connectors:live", "connectors:tested"}
"""Parts of pages; they are never shown by themselves."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page(open_page, width, scheme):
    """Each page that shows something, for somebody who may see everything."""
    company = Company.build()
    page = open_page(company.user, width=width, scheme=scheme)
    for name, address in addresses(company).items():
        if name not in FRAGMENTS:
            page.goto(address)
            judge(page, f"{name}-{width}-{scheme}")


@pytest.mark.parametrize("width", [1280, 390])
def test_open_menus(open_page, width):
    """Menus that are open hold to the same, and Escape closes them."""
    company = Company.build()
    page = open_page(company.user, width=width)
    page.goto(f"/apps/{company.app.public_id}/accounts")
    for number, menu in enumerate(page.locator("details.menu").all()):
        menu.locator("summary").first.click()
        judge(page, f"menu-{number}-{width}")
        page.keyboard.press("Escape")
        assert not page.locator("details.menu[open]").count()


def test_the_navigation_of_a_narrow_page(open_page):
    """A button opens it, Escape closes it, and it works without any script of ours."""
    company = Company.build()
    page = open_page(company.user, width=390)
    page.goto("/")
    assert not page.get_by_role("navigation", name="Main").is_visible()
    page.get_by_role("button", name="Menu").click()
    judge(page, "navigation-390")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Apps").click()

    assert page.url.endswith("/apps/")


def test_search_shows_while_one_types(open_page):
    """Two letters are enough; Escape takes the list away; a slash goes to the search."""
    company = Company.build()
    page = open_page(company.user)
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("ana co")
    page.locator("#found").get_by_role("link").first.wait_for()
    judge(page, "search-while-typing")
    page.keyboard.press("Escape")

    assert page.locator("#found").inner_text() == ""


def test_a_table_changes_without_a_new_page(open_page):
    """Search and sorting replace the table only, stand in the address, and Back goes back."""
    company = Company.build()
    page = open_page(company.user)
    address = f"/apps/{company.app.public_id}/accounts"
    page.goto(address)
    page.evaluate("document.body.dataset.same = 'yes'")
    page.get_by_role("searchbox", name="Search names and e-mails").fill("costa")
    page.wait_for_url("**/accounts?q=costa")
    page.get_by_role("link", name="Last changed").click()
    page.wait_for_url("**/accounts?q=costa&sort=changed")
    assert page.evaluate("document.body.dataset.same") == "yes"
    assert page.locator("tbody tr").count() == 8
    page.go_back()
    page.wait_for_url("**/accounts?q=costa")

    assert page.get_by_role("searchbox", name="Search names and e-mails").input_value() == "costa"


def test_nothing_needs_scripts_to_be_read(open_page):
    """Without JavaScript a table is searched, sorted and paged all the same."""
    company = Company.build()
    page = open_page(company.user, scripts=False)
    page.goto(f"/apps/{company.app.public_id}/accounts")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**/accounts?page=2")
    page.get_by_role("searchbox", name="Search names and e-mails").fill("costa")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts?q=costa")

    assert page.locator("tbody tr").count() == 8
