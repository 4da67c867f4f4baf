"""From the login to Connected, as the documents describe it, and what can happen on the way.

The clicks and labels are those of the documentation of hosted Notion connectors, word for word.
"""

import csv
import re

import pytest
from company import a_user
from playwright.sync_api import Page, expect

from notion_sim import Options, Simulator
from rolecall.server.access.models import App
from rolecall.server.connectors.models import Connector
from rolecall.server.mail.models import Message

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("worker")]
SYNC_MS = 120_000
"""How long a queued job, a sync of 24 and the page's next look may take on a busy machine."""


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    """The workspace as it was made."""
    sim.reset(Options(users=24, groups=6))


def add(page: Page, *, app: str = "Larkspur", owner: str = "") -> None:
    """Integrations, Connectors, Add connector, Notion, a new managed app, Next."""
    page.goto("/")
    page.get_by_role("link", name="Connectors", exact=True).first.click()
    page.get_by_role("link", name="Add connector").first.click()
    page.get_by_role("searchbox", name="Search connectors").fill("Notion")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Add Notion").click()
    page.get_by_role("radio", name="Create a new managed app").check()
    page.get_by_label("Name of the new app").fill(app)
    if owner:
        page.get_by_role("checkbox", name=re.compile(owner)).check()
    page.get_by_role("button", name="Next").click()


def tab(page: Page, name: str) -> None:
    """One of the pages of a connector."""
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name=name).click()


def point(page: Page, sim: Simulator) -> None:
    """Let the connector look at the simulator."""
    tab(page, "Settings")
    page.get_by_label("SCIM address").fill(sim.scim_url)
    page.get_by_label("API address").fill(sim.rest_url)
    page.get_by_role("button", name="Save the addresses").click()
    tab(page, "Overview")


def paste(page: Page, token: str, button: str) -> None:
    """Settings, Edit, the token, and a button."""
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Notion SCIM API token").fill(token)
    page.get_by_role("button", name=button, exact=True).click()


def label(page: Page):
    """What stands beside the connector's name."""
    return page.locator("#label")


def connected(page: Page, sim: Simulator) -> None:
    """A connector that has synced."""
    add(page)
    point(page, sim)
    paste(page, sim.scim_token, "Save")
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)


def test_the_documented_way(open_page, sim):
    """Add, owners, Next, Settings, Edit, token, Save; Syncing, then Connected; and the data."""
    admin = a_user(name="Ada Admin")
    a_user("member", name="Nora Notion")
    page = open_page(admin)
    add(page, owner="Nora Notion")
    expect(label(page)).to_have_text("Not connected")
    (mail,) = Message.objects.all()
    assert mail.recipient == "nora.notion@acme.example"
    assert "help is needed" in mail.text
    point(page, sim)
    paste(page, sim.scim_token, "Save")
    expect(label(page)).to_have_text("Syncing")
    expect(page.get_by_role("list", name="Log", exact=True)).to_contain_text(
        "Taking it in", timeout=SYNC_MS
    )
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    expect(page.get_by_text("Workspace roles")).to_be_visible()
    assert sim.scim_token not in page.content()


def test_the_data_stands_where_the_documents_say(open_page, sim, tmp_path):
    """Apps, Managed apps, the app, Accounts and Entitlements: filtered, and as CSV."""
    page = open_page(a_user())
    connected(page, sim)
    page.get_by_role("link", name="Apps", exact=True).first.click()
    page.get_by_role("link", name="Larkspur").click()
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_text("1\u201324 of 24")).to_be_visible()
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("checkbox", name=re.compile("owner", re.IGNORECASE)).check()
    page.get_by_role("button", name="Apply").first.click()
    expect(page.locator(".chip")).to_contain_text("Role:")
    shown = page.locator("tbody tr").count()
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "accounts.csv")
    text = (tmp_path / "accounts.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    assert 0 < shown < 24
    assert len(rows) == shown + 1
    assert re.match(r"larkspur-accounts-\d{4}-\d\d-\d\d-role-", waiting.value.suggested_filename)

    page.get_by_role("link", name="Entitlements").click()
    expect(page.get_by_text("exactly one of these per account")).to_be_visible()
    page.get_by_role("link", name="Access as of").click()
    expect(page.get_by_text("Rests on")).to_be_visible()


def test_a_token_is_tested_before_it_is_used(open_page, sim):
    """A wrong one is told as a checklist; the right one is tested, then saved."""
    page = open_page(a_user())
    add(page)
    point(page, sim)
    paste(page, "ntn_nobody_knows_this_one", "Test")
    expect(page.locator("#tested")).to_contain_text("Failed", timeout=SYNC_MS)
    expect(page.get_by_role("button", name="Save the tested token")).to_have_count(0)
    page.get_by_label("Notion SCIM API token").fill(sim.scim_token)
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("button", name="Save the tested token").click(timeout=SYNC_MS)

    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)


def test_a_shrunken_workspace_waits_for_a_yes(open_page, sim):
    """Most members gone: nothing is applied, the difference is shown, Confirm applies it."""
    page = open_page(a_user())
    connected(page, sim)
    leaving = [one["id"] for one in sim.state()["members"] if one["role"] != "owner"][:14]
    for uid in leaving:
        sim.remove_user(uid)
    page.get_by_role("button", name="Sync now").click()
    expect(label(page)).to_have_text("Needs confirmation", timeout=SYNC_MS)
    expect(page.get_by_text("Nothing was applied.").first).to_be_visible()
    app = App.objects.get()
    assert app.accounts.filter(present=True).count() == 24
    page.get_by_role("link", name="Show the difference").click()
    expect(page.get_by_text("Who would lose something")).to_be_visible()
    page.get_by_role("button", name="Confirm").click()

    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    assert app.accounts.filter(present=True).count() == 10


def test_delete_asks_for_the_name(open_page):
    """Another name deletes nothing; the right one archives, and says what is kept."""
    page = open_page(a_user())
    add(page)
    tab(page, "Settings")
    page.get_by_label("Type Notion to delete it").fill("Nothing")
    page.get_by_role("button", name="Delete this connector").click()
    expect(page.get_by_text("The name you typed is not the connector's.")).to_be_visible()
    page.get_by_label("Type Notion to delete it").fill("Notion")
    page.get_by_role("button", name="Delete this connector").click()

    expect(label(page)).to_have_text("Deleted")
    expect(page.get_by_text("Kept: the app with its accounts").first).to_be_visible()
    assert Connector.objects.get().archived_at
