"""The ways through the pages, click by click, under the labels of the documentation."""

import re
from urllib.parse import urlsplit

from judging import judge
from playwright.sync_api import Locator, Page, expect

from notion_sim import Simulator

__all__ = ["SYNC_MS", "add", "connected", "label", "paste", "start", "synced", "tab"]

SYNC_MS = 120_000
"""How long a queued job, a sync of 24 and the page's next look may take on a busy machine."""
_TARGETS = {
    "new": "Create a new managed app",
    "managed": "Add the connector to a managed app",
    "unmanaged": "Add the connector to a currently unmanaged app",
}


def start(page: Page, kind: str = "Notion") -> None:
    """Integrations, Connectors, Add connector, search, Add."""
    page.goto("/")
    integrations = page.get_by_role("list", name="Integrations")
    integrations.get_by_role("link", name="Connectors", exact=True).click()
    page.get_by_role("link", name="Add connector").first.click()
    page.get_by_role("searchbox", name="Search connectors").fill(kind)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"Add {kind}").click()
    page.get_by_role("heading", name=f"Set up the new {kind} connector").wait_for()


def add(page: Page, *, target: str = "new", app: str = "Larkspur", owner: str = "") -> None:
    """A Notion connector for this app, looked after by oneself and this owner; Next."""
    start(page)
    page.get_by_role("radio", name=_TARGETS[target]).check()
    if target == "new":
        page.get_by_label("Name of the new app").fill(app)
    else:
        page.get_by_label(f"{target.capitalize()} app", exact=True).select_option(label=app)
    if owner:
        page.get_by_role("checkbox", name=re.compile(owner)).check()
    page.get_by_role("button", name="Next").click()


def tab(page: Page, name: str) -> None:
    """One of the pages of a connector."""
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name=name).click()


def paste(page: Page, token: str, button: str) -> None:
    """In the area Settings: Edit, the token, and a button."""
    settings = page.get_by_role("region", name="Settings")
    settings.get_by_role("link", name="Edit").click()
    page.get_by_label("Notion SCIM API token").fill(token)
    page.get_by_role("button", name=button, exact=True).click()


def label(page: Page) -> Locator:
    """What stands beside the connector's name."""
    return page.locator("#label")


def connected(page: Page, sim: Simulator) -> None:
    """A connector that has synced; the page is its overview."""
    add(page)
    paste(page, sim.scim_token, "Save")
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)


def synced(page: Page, state: str) -> None:
    """Sync now, until the run is over and the label says this."""
    runs = urlsplit(page.get_by_role("link", name="All of it").get_attribute("href")).path
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("link", name="All of it")).not_to_have_attribute("href", runs)
    expect(label(page)).to_have_text(state, timeout=SYNC_MS)
    judge(page, f"connector {state}")
