"""Tables without a mouse: rows, ticks, pages, views, columns; the palette that finds anything."""

import pytest
from company import Company
from judging import judge
from playwright.sync_api import Page, expect

from rolecall.server.access.models import Account

pytestmark = pytest.mark.slow
LOOKS = [(1280, "light"), (390, "dark")]


@pytest.fixture
def company(transactional_db: None) -> Company:
    """Sixty accounts in one app."""
    del transactional_db
    return Company.build()


def accounts(page: Page, company: Company, query: str = "") -> str:
    """The accounts of the app; the path of that page."""
    path = f"/apps/{company.app.public_id}/accounts"
    page.goto(path + query)
    return path


def here(page: Page) -> str:
    """The name of the row that has the focus; empty: none has."""
    return str(
        page.evaluate(
            "document.activeElement.matches('tbody tr')"
            " ? document.activeElement.querySelector('a').textContent : ''"
        )
    )


def open_views(page: Page) -> None:
    """The menu of saved views."""
    page.locator("summary", has_text="Views").click()


def save_view(page: Page, name: str) -> None:
    """What is shown, under a name."""
    open_views(page)
    page.get_by_label("Save what is shown as").fill(name)
    page.get_by_role("button", name="Save view").click()


def press(page: Page, *keys: str) -> None:
    """One key after the other."""
    for key in keys:
        page.keyboard.press(key)


def test_rows_are_gone_through_ticked_and_opened(open_page, company):
    """Keys j and k move, x ticks, n turns the page, Escape leaves, Enter opens."""
    page = open_page(company.user)
    accounts(page, company)
    names = page.locator("tbody th a:not([data-peek])").all_text_contents()
    press(page, "j", "j", "j", "k")
    assert here(page) == names[1]
    press(page, "x", "j", "x")
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen")
    assert page.locator("tbody input:checked").count() == 2
    press(page, "Escape", "k")
    assert here(page) == names[0]
    press(page, "Escape", "n")
    page.wait_for_url("**/accounts?page=2")
    press(page, "p")
    expect(page.locator("tbody th a:not([data-peek])").first).to_have_text(names[0])
    press(page, "j", "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text(names[0])


def test_everything_of_a_table_is_reached_by_tab(open_page, company):
    """Skip link, search, menus, heads, boxes, links, pages and the bar: each shows its focus."""
    page = open_page(company.user)
    accounts(page, company, "?external=yes")
    press(page, "Tab")
    assert page.evaluate("document.activeElement.matches('.skip')")
    press(page, "Enter")
    wanted = {
        "#table-search", ".toolbar summary", ".chip a", "[data-page]", "thead a",
        "tbody input", "tbody a", ".bulk input[name=all]", ".bulk button",
    }  # fmt: skip
    for _step in range(80):
        press(page, "Tab")
        wanted -= set(
            page.evaluate("all => all.filter(s => document.activeElement.matches(s))", [*wanted])
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
    assert wanted == set()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_palette_finds_and_goes(open_page, company, width, scheme):
    """Ctrl+K lists where one can go; letters find; arrows choose; Escape closes."""
    page = open_page(company.user, width=width, scheme=scheme)
    page.goto("/")
    press(page, "Control+k")
    expect(page.get_by_role("list", name="Places")).to_contain_text("Connectors")
    judge(page, f"palette-empty-{width}-{scheme}")
    page.keyboard.type("ana co")
    expect(page.locator("#palette-found [data-text='ana co']")).to_be_visible()
    judge(page, f"palette-{width}-{scheme}")
    press(page, "ArrowDown", "ArrowDown")
    second = page.locator("#palette-found a").nth(1)
    expect(second).to_be_focused()
    name = second.locator(".strong").inner_text()
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    press(page, "Meta+k", "Escape")

    expect(page.locator("#palette")).to_be_hidden()
    press(page, "Control+k")
    page.keyboard.type("dec")
    expect(page.locator("#palette [data-places] li:visible")).to_have_text(["Decisions"])
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Decisions")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_keys_are_listed_and_single_ones_can_be_switched_off(open_page, company, width, scheme):
    """A question mark lists them; without single keys j is a letter like any other."""
    page = open_page(company.user, width=width, scheme=scheme)
    accounts(page, company)
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    judge(page, f"keys-{width}-{scheme}")
    page.get_by_role("checkbox", name="Use keys").uncheck()
    press(page, "Escape", "j")
    assert here(page) == ""
    page.get_by_label("You:").click()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("checkbox", name="Use keys").check()
    press(page, "Escape", "j")

    assert here(page) != ""


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_all_that_were_found_are_chosen(open_page, company, width, scheme):
    """Not only those of the page; the bar stays in sight and says how many, as the form does."""
    page = open_page(company.user, width=width, scheme=scheme)
    accounts(page, company, "?status=enabled")
    found = Account.objects.filter(status="enabled").count()
    page.locator(".bulk").get_by_role("checkbox", name=f"All {found} found").check()
    expect(page.locator("[data-chosen]")).to_have_text(f"All {found} chosen")
    assert page.locator("tbody input:checked").count() == 25
    page.locator("tbody input").first.uncheck()
    expect(page.locator("[data-chosen]")).to_have_text("24 chosen")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("[data-chosen]")).to_have_text("")
    page.locator(".bulk").get_by_role("checkbox", name=f"All {found} found").check()
    page.evaluate("window.scrollTo(0, 0)")
    expect(page.locator(".bulk")).to_be_in_viewport()
    judge(page, f"chosen-{width}-{scheme}")
    page.get_by_role("button", name="Set type").click()
    judge(page, f"set-type-{width}-{scheme}")
    page.get_by_role("radio", name="Services").check()
    page.get_by_role("button", name=f"Set the type of {found}").click()

    expect(page.get_by_text(f"{found} of {found} were changed.")).to_be_visible()
    assert Account.objects.filter(type="service").count() == found


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_view_is_saved_opened_renamed_and_deleted(open_page, company, width, scheme):
    """Filters and columns under a name; the columns stay for this table."""
    page = open_page(company.user, width=width, scheme=scheme)
    path = accounts(page, company, "?external=yes")
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Groups").uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("columnheader", name="Groups")).to_have_count(0)
    save_view(page, "Outside")
    page.goto(path)
    open_views(page)
    judge(page, f"views-{width}-{scheme}")
    page.get_by_role("link", name="Outside", exact=True).click()
    expect(page.locator(".chip")).to_contain_text("External")
    open_views(page)
    page.get_by_role("link", name="Change the view Outside").click()
    judge(page, f"view-{width}-{scheme}")
    page.get_by_label("Name").fill("Not ours")
    page.get_by_role("checkbox", name="Share it").check()
    page.get_by_role("button", name="Save", exact=True).click()
    open_views(page)
    expect(page.get_by_role("list", name="Saved views")).to_have_text("Not ours shared")
    page.get_by_role("link", name="Change the view Not ours").click()
    page.get_by_role("button", name="Delete the view").click()

    expect(page.get_by_text("The view is deleted.")).to_be_visible()


def test_views_and_choices_need_no_scripts(open_page, company):
    """Without JavaScript a view is saved and opened, columns are kept, all found are chosen."""
    page = open_page(company.user, scripts=False)
    accounts(page, company, "?external=yes")
    expect(page.locator("[data-page]")).to_be_hidden()
    save_view(page, "Outside")
    open_views(page)
    page.get_by_role("link", name="Outside", exact=True).click()
    expect(page.locator(".chip")).to_contain_text("External")
    page.locator(".bulk input[name=all]").check()
    page.get_by_role("button", name="Set type").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Set the type of")
