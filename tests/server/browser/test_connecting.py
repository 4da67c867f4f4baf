"""From Add connector to Connected, as the documents describe it, and what can happen on the way.

The clicks and labels are those of the documentation of hosted Notion connectors, word for word.
"""

import pytest
from company import NOW, a_user
from judging import judge
from playwright.sync_api import expect
from walking import SYNC_MS, add, connected, label, paste, start, tab

from rolecall.server.access.models import App
from rolecall.server.connectors.models import Connector, Secret

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh", "worker")]


def test_the_documented_way(open_page, sim):
    """Add, owners, Next, Settings, Edit, token, Save; Syncing, then Connected; and the log."""
    page = open_page(a_user())
    start(page)
    judge(page, "set up a connector")
    add(page)
    expect(label(page)).to_have_text("Not connected")
    judge(page, "a connector that is not connected")
    paste(page, sim.scim_token, "Save")
    expect(label(page)).to_have_text("Syncing")
    log = page.get_by_role("list", name="Log", exact=True)
    expect(log).to_contain_text("Taking it in", timeout=SYNC_MS)
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    expect(page.get_by_text("Workspace roles")).to_be_visible()
    judge(page, "a connector that is connected")
    assert sim.scim_token not in page.content()
    app = App.objects.get()
    assert (app.name, app.state) == ("Larkspur", App.State.MANAGED)
    assert app.accounts.filter(present=True).count() == 24


@pytest.mark.parametrize("target", ["unmanaged", "managed"])
def test_an_app_that_is_there(open_page, sim, target):
    """Its data goes to the app that was chosen, which is a managed one from then on."""
    there = App.objects.create(name="Wiki", state=target, created_at=NOW)
    page = open_page(a_user())
    add(page, target=target, app="Wiki")
    paste(page, sim.scim_token, "Save")
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    page.get_by_role("link", name="Apps", exact=True).first.click()
    page.get_by_role("link", name="Managed apps", exact=True).click()
    page.get_by_role("link", name="Wiki").click()

    assert App.objects.get() == there
    assert App.objects.get().state == App.State.MANAGED
    assert there.accounts.filter(present=True).count() == 24


def test_an_app_that_has_a_connector(open_page, sim):
    """A second one is refused, and nothing that was typed is lost; it may take over."""
    page = open_page(a_user())
    connected(page, sim)
    start(page)
    page.get_by_label("Name", exact=True).fill("The newer one")
    page.get_by_role("radio", name="Add the connector to a managed app").check()
    page.get_by_label("Managed app", exact=True).select_option(label="Larkspur (has a connector)")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_contain_text("Larkspur has a connector: Notion.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("The newer one")
    judge(page, "a second connector is refused")
    page.get_by_role("checkbox", name="Take over").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The newer one")

    expect(label(page)).to_have_text("Not connected")
    assert Connector.objects.get(name="The newer one").succeeds.name == "Notion"


def test_a_wrong_token(open_page):
    """Saved, it says what is wrong and who can help; tested, it shows what is missing."""
    page = open_page(a_user())
    add(page)
    paste(page, "ntn_nobody_knows_this_one", "Save")
    expect(page.get_by_text("Notion does not accept the token").first).to_be_visible(
        timeout=SYNC_MS
    )
    expect(label(page)).to_have_text("Error")
    judge(page, "a wrong token was saved")
    paste(page, "ntn_nobody_knows_this_one", "Test")
    expect(page.locator("#tested")).to_contain_text("Failed", timeout=SYNC_MS)
    expect(page.get_by_role("button", name="Save the tested token")).to_have_count(0)
    judge(page, "a wrong token was tested")
    assert not Secret.objects.filter(state=Secret.State.CURRENT).exists()


def test_a_token_is_tested_and_then_saved(open_page, sim):
    """What it can read stands there as a checklist; then one button uses it."""
    page = open_page(a_user())
    add(page)
    paste(page, sim.scim_token, "Test")
    tested = page.locator("#tested")
    expect(tested).to_contain_text("Done", timeout=SYNC_MS)
    expect(tested.get_by_role("listitem").filter(has_text="accounts and roles")).to_contain_text(
        "24"
    )
    judge(page, "a token was tested")
    assert not Secret.objects.filter(state=Secret.State.CURRENT).exists()
    page.get_by_role("button", name="Save the tested token").click()

    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)


def test_delete_asks_for_the_name(open_page):
    """Another name deletes nothing; the right one archives, and says what is kept."""
    page = open_page(a_user())
    add(page)
    tab(page, "Settings")
    page.get_by_label("Type Notion to delete it").fill("Nothing")
    page.get_by_role("button", name="Delete this connector").click()
    expect(page.get_by_text("The name you typed is not the connector's.")).to_be_visible()
    assert not Connector.objects.get().archived_at
    page.get_by_label("Type Notion to delete it").fill("Notion")
    page.get_by_role("button", name="Delete this connector").click()

    expect(label(page)).to_have_text("Deleted")
    expect(page.get_by_text("Kept: the app with its accounts").first).to_be_visible()
    judge(page, "a deleted connector")
    assert Connector.objects.get().archived_at
