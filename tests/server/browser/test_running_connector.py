"""A connector that is connected: what its owner does with it, and what it asks them."""

import re

import pytest
from company import a_user
from judging import judge
from playwright.sync_api import Page, expect
from walking import SYNC_MS, connected, label, paste, synced, tab

from notion_sim import Options, Simulator
from rolecall.server.access.models import Account
from rolecall.server.connectors.models import Secret

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh", "worker")]


@pytest.fixture
def page(open_page, sim: Simulator) -> Page:
    """The overview of a connector that has synced."""
    opened: Page = open_page(a_user())
    connected(opened, sim)
    return opened


def present() -> int:
    """Accounts that are there."""
    return Account.objects.filter(present=True).count()


def lose(sim: Simulator, leavers: int) -> None:
    """So many people leave the workspace."""
    members = [one["id"] for one in sim.state()["members"] if one["role"] != "owner"]
    for uid in members[:leavers]:
        sim.remove_user(uid)


def test_a_shrunken_workspace_is_confirmed(page, sim):
    """Most members gone: nothing is applied, the difference is shown, Confirm applies it."""
    lose(sim, 14)
    synced(page, "Needs confirmation")
    expect(page.get_by_text("Nothing was applied.").first).to_be_visible()
    expect(page.get_by_text("14 of 24 members").first).to_be_visible()
    assert present() == 24
    page.get_by_role("link", name="Show the difference").click()
    expect(page.get_by_text("Who would lose something")).to_be_visible()
    judge(page, "the difference")
    page.get_by_role("button", name="Confirm").click()

    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    assert present() == 10


def test_a_shrunken_workspace_is_rejected(page, sim):
    """Reject applies nothing, and what is shown says that it is from before."""
    lose(sim, 14)
    synced(page, "Needs confirmation")
    page.get_by_role("button", name="Reject").click()
    expect(label(page)).to_have_text("Error", timeout=SYNC_MS)
    expect(page.get_by_text("rejected the last sync").first).to_be_visible()
    judge(page, "a rejected sync")

    assert present() == 24


def test_another_workspaces_token(page, sim):
    """It works, but what it reads is somebody else's: nothing is applied without a yes."""
    sim.reset(Options(users=24, groups=6, seed=7))
    paste(page, sim.scim_token, "Save")
    expect(label(page)).to_have_text("Needs confirmation", timeout=SYNC_MS)
    expect(page.get_by_text("This looks like another workspace").first).to_be_visible()
    judge(page, "another workspace's token")
    before = set(Account.objects.filter(present=True).values_list("external_id", flat=True))
    page.get_by_role("button", name="Reject").click()

    expect(label(page)).to_have_text("Error", timeout=SYNC_MS)
    assert before.isdisjoint(one["id"] for one in sim.state()["members"])
    assert present() == len(before) == 24


def test_a_token_is_replaced(page, sim):
    """A wrong one changes nothing, the old one goes on; one that works takes its place."""
    old = Secret.objects.get(state=Secret.State.CURRENT)
    paste(page, "ntn_nobody_knows_this_one", "Save")
    expect(page.get_by_text("Notion does not accept the token").first).to_be_visible(
        timeout=SYNC_MS
    )
    expect(label(page)).to_have_text("Connected")
    expect(page.get_by_role("region", name="Settings")).to_contain_text(old.hint)
    judge(page, "a wrong token beside one that works")
    synced(page, "Connected")

    owner = next(one["id"] for one in sim.state()["members"] if one["role"] == "owner")
    new = sim.mint_token(owner)
    paste(page, new, "Save")
    expect(page.get_by_role("region", name="Settings")).to_contain_text(new[-4:], timeout=SYNC_MS)
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    tab(page, "Credentials")
    judge(page, "credentials in use")
    old.refresh_from_db()
    assert old.state == Secret.State.ENDED
    assert not old.sealed


def test_a_pause(page):
    """Paused it says so, on every page of its own; resumed it goes on."""
    page.get_by_role("button", name="Pause").click()
    expect(label(page)).to_have_text("Paused")
    expect(page.get_by_text(re.compile("^Paused .* grows old"))).to_be_visible()
    judge(page, "a paused connector")
    page.get_by_role("button", name="Resume").click()

    expect(label(page)).to_have_text(re.compile("Syncing|Connected"))
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
