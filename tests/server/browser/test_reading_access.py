"""What a connector brought, where the documents say it stands: read, narrowed, taken along."""

import csv
import re
from datetime import timedelta

import pytest
from company import a_user
from judging import judge
from playwright.sync_api import expect
from walking import connected, synced

from rolecall.server.access.models import Account, Sync

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh", "worker")]


def test_accounts_are_filtered_and_taken_along(open_page, sim, tmp_path):
    """Apps, Managed apps, the app, Accounts: a filter, and its rows as CSV; Entitlements."""
    page = open_page(a_user())
    connected(page, sim)
    page.get_by_role("link", name="Apps", exact=True).first.click()
    page.get_by_role("link", name="Managed apps", exact=True).click()
    page.get_by_role("link", name="Larkspur").click()
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_text("1\u201324 of 24")).to_be_visible()
    page.get_by_text("Filter", exact=True).click()
    page.get_by_role("checkbox", name="Owner", exact=True).check()
    page.get_by_role("button", name="Apply").first.click()
    expect(page.locator(".chip")).to_contain_text("Role:")
    judge(page, "accounts with a filter")
    owners = {one["email"] for one in sim.state()["members"] if one["role"] == "owner"}
    expect(page.locator("tbody tr")).to_have_count(len(owners))
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "accounts.csv")

    assert re.match(r"larkspur-accounts-\d{4}-\d\d-\d\d-role-", waiting.value.suggested_filename)
    rows = list(csv.reader((tmp_path / "accounts.csv").read_text(encoding="utf-8").splitlines()))
    assert sorted(row[rows[0].index("Account")] for row in rows[1:]) == sorted(
        Account.objects.filter(email__in=owners).values_list("name", flat=True)
    )
    assert 0 < len(owners) == len(rows) - 1 < 24
    page.get_by_role("link", name="Remove the filter").click()
    expect(page.get_by_text("1\u201324 of 24")).to_be_visible()


def test_entitlements_stand_beside_accounts(open_page, sim):
    """The roles as one exclusive set; a group with everybody who is in it."""
    page = open_page(a_user())
    connected(page, sim)
    page.get_by_role("link", name="Larkspur").first.click()
    page.get_by_role("link", name="Entitlements").click()
    expect(page.get_by_text("exactly one of these per account")).to_be_visible()
    judge(page, "entitlements")
    group = sim.state()["groups"][0]
    page.get_by_role("link", name=group["name"], exact=True).click()
    judge(page, "a group")

    expect(page.locator("tbody tr")).to_have_count(len(group["members"]))


def test_access_as_of_a_moment(open_page, sim):
    """Who has left since is there in the past, and not now; before the first sync nothing is."""
    page = open_page(a_user())
    connected(page, sim)
    then = Sync.objects.get().ended_at + timedelta(seconds=1)
    page.wait_for_timeout(1_000)  # moments are typed in seconds
    leaver = next(one for one in sim.state()["members"] if one["role"] != "owner")
    sim.remove_user(leaver["id"])
    synced(page, "Connected")
    page.get_by_role("link", name="Larkspur").first.click()
    page.get_by_role("link", name="Access as of").click()
    expect(page.get_by_text("1\u201323 of 23")).to_be_visible()
    expect(page.get_by_text("Rests on sync 2")).to_be_visible()

    moment = page.get_by_label("Moment (UTC)")
    moment.fill(f"{then:%Y-%m-%dT%H:%M:%S}")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Rests on sync 1")).to_be_visible()
    page.get_by_role("searchbox", name="Search names and e-mails").fill(leaver["email"])
    expect(page.locator("tbody tr")).to_have_count(1)
    judge(page, "access as of a moment")
    moment.fill("2020-01-01T00:00:00")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_text("Nothing is known of that moment")).to_be_visible()
    judge(page, "access as of an unknown moment")
