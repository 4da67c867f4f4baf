"""The guide of the first question, click by click, in the installation that `make demo` fills."""

import re
import time
from importlib import import_module
from pathlib import Path

import pytest
from company import a_user
from judging import judge
from playwright.sync_api import Page, expect
from walking import SYNC_MS

from notion_sim import Options, Simulator
from rolecall.server.access.models import Account, Entitlement, Grant

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow
GUIDE = (ROOT / "docs/guides/first-question.md").read_text(encoding="utf-8")
MOST = 15
"""Things to press in under two minutes: eight seconds for each, to find it and to read."""


@pytest.fixture
def login(
    sim: Simulator, worker: None, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What the demo prints of an administrator, once it has connected and synced twice."""
    del worker, transactional_db
    monkeypatch.syspath_prepend(ROOT / "tools")
    demo, demo_seed = import_module("demo"), import_module("demo_seed")
    sim.reset(Options(users=demo.USERS, groups=demo.GROUPS, seed=demo.SEED))
    monkeypatch.setenv("BATON_SCIM_TOKEN", sim.scim_token)
    monkeypatch.setenv("BATON_API_KEY", sim.api_key)
    monkeypatch.setenv("BATON_BASE_URL", sim.scim_url)
    a_user(name="Ada Admin")
    found = demo_seed.first_login()
    assert demo_seed.hosted(demo_seed.administrator())["state"] == "Connected"
    return found


class Hand:
    """Presses what the guide names, and remembers it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed: list[str] = []

    def press(self, role: str, name: str) -> None:
        """One click."""
        self.page.get_by_role(role, name=name, exact=True).first.click()
        self.pressed.append(name)

    def open(self, summary: str) -> None:
        """One click on a menu."""
        self.page.locator("summary", has_text=summary).first.click()
        self.pressed.append(summary)

    def key(self, name: str) -> None:
        """One key."""
        self.page.keyboard.press(name.replace("Ctrl", "Control").replace("K", "k"))
        self.pressed.append(name)


def outsiders() -> set[str]:
    """Who of Design has an address of another domain, by the rows themselves."""
    held = Grant.objects.filter(
        entitlement=Entitlement.objects.get(kind="group", name="Design"), until_at=None
    ).exclude(account__email__endswith="@larkspur.example")
    return set(held.values_list("account__email", flat=True))


def find(hand: Hand, login: dict[str, str]) -> None:
    """Log in, and open the group."""
    page = hand.page
    page.goto("/")
    page.get_by_label("Email").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    hand.press("button", "Log in")
    page.get_by_role("heading", name="Hello").wait_for()
    hand.key("Ctrl+K")
    page.keyboard.type("Design")
    expect(page.locator("#palette-found")).to_contain_text("holders in Notion")
    judge(page, "first question, palette")
    hand.key("Enter")
    page.get_by_role("heading", name="Design").wait_for()


def narrow(hand: Hand, who: str) -> None:
    """Who has an address outside, and since when."""
    hand.open("Filter")
    hand.press("checkbox", "External")
    hand.press("button", "Apply")
    row = hand.page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(who)
    expect(row).to_contain_text("before the first sync")


def remove(hand: Hand) -> None:
    """All of them, with a plan in between, until Notion was read again."""
    page = hand.page
    hand.press("checkbox", "Choose all rows of this page")
    expect(page.locator("[data-chosen]")).to_have_text("1 chosen")
    judge(page, "first question, answered")
    hand.press("button", "Remove from this group")
    page.get_by_label("Why").fill("Their contract ended.")
    hand.press("button", "Make the plan")
    expect(page.get_by_text("Can be done")).to_have_count(1)
    judge(page, "first question, plan")
    hand.press("button", "Apply 1")
    expect(page.locator("#figures")).to_have_text(re.compile(r"Verified\s*1"), timeout=SYNC_MS)


def test_the_guide(open_page, sim: Simulator, login: dict[str, str], record_testsuite_property):
    """Its clicks lead to the answer and to the removal, and no other click is needed."""
    (who,) = outsiders()
    hand = Hand(open_page(None))
    began = time.monotonic()
    find(hand, login)
    narrow(hand, who)
    answered = time.monotonic()
    remove(hand)
    record_testsuite_property("answered_s", round(answered - began, 1))
    record_testsuite_property("removed_s", round(time.monotonic() - began, 1))

    assert outsiders() == set()
    gone = Account.objects.get(email=who).external_id
    (design,) = [one for one in sim.state()["groups"] if one["name"] == "Design"]
    assert gone not in design["members"]
    named = [one for one in re.findall(r"\*\*(.+?)\*\*", GUIDE) if one not in {"bold", "⌘K"}]
    assert hand.pressed == named
    assert len(named) <= MOST
