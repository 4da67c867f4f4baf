"""What is rare: nothing there yet, and the pages that refuse."""

import pytest
from company import Company, a_user
from django.template.loader import render_to_string
from judging import judge

from rolecall.server.access.models import App

pytestmark = pytest.mark.slow
EMPTY = ("/", "/apps/", "/apps/unmanaged", "/people/", "/connectors/", "/connectors/add?q=nothing",
         "/settings/mail", "/search/?q=nobody", "/users/?q=nobody")  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_there_yet(open_page, width):
    """A new installation says on each page what would stand there, and where to begin."""
    page = open_page(a_user(name="Ada Admin"), width=width)
    for address in EMPTY:
        page.goto(address)
        judge(page, f"empty {address} {width}")
    page.goto("/")
    page.get_by_role("link", name="Add connector").click()

    page.wait_for_url("**/connectors/add")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_that_refuse(open_page, width, scheme):
    """No such address, no such row, not allowed, an old form, our fault: each says what to do."""
    company = Company.build()
    page = open_page(a_user("member", name="Mia Member"), width=width, scheme=scheme)
    app = f"/apps/{company.app.public_id}/accounts"
    for status, address, said in (
        (404, "/there/is/no/such/page", "nothing at this address"),
        (404, "/accounts/acc_nobody", "There is no such account"),
        (403, app, "one of these roles"),
    ):
        answer = page.goto(address)
        judge(page, f"refused {status} {address.split('/')[1]} {width} {scheme}")
        assert answer.status in {status, 403}
        if answer.status == status:
            assert said in page.inner_text("main")
    page.goto("/me/")
    page.evaluate(
        "document.querySelectorAll('[name=csrfmiddlewaretoken]').forEach(e => e.value = 'x')"
    )
    page.get_by_role("button", name="Save").click()
    judge(page, f"refused an old form {width} {scheme}")
    assert "This form has grown old" in page.inner_text("main")
    page.goto("/login/")
    page.set_content(render_to_string("500.html"))
    judge(page, f"our fault {width} {scheme}")


def test_a_double_click_sends_once(open_page):
    """The second press, while the answer is on its way, does nothing: not even an error."""
    page = open_page(a_user(name="Ada Admin"))
    page.goto("/apps/unmanaged/add")
    page.get_by_label("Name").fill("Figma")
    page.get_by_role("button", name="Add", exact=True).dblclick()
    page.wait_for_url("**/apps/unmanaged")

    assert App.objects.get().name == "Figma"
