"""Every page with a table, by keyboard alone: all controls in order, rows, sorting, filters."""

from collections.abc import Iterator

import pytest
from company import NOW, Company
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TooLate
from test_appearance import FRAGMENTS
from test_pages import addresses

from rolecall.server.audit.trail import Actor
from rolecall.server.orders import deciding
from rolecall.server.orders.models import Decision
from rolecall.server.orders.wishes import Wish

pytestmark = pytest.mark.slow
WAITS = 60_000
SOON = 10_000
WATCH = """() => {
  const able = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  window.wanted = [...document.querySelectorAll(able)].filter((one) =>
    !one.disabled && !one.closest("dialog:not([open])")
    && one.checkVisibility({visibilityProperty: true})
    && !(one.type === "radio" && !one.checked
         && [...document.getElementsByName(one.name)].some((other) => other.checked)));
  return window.wanted.length;
}"""
HERE = """() => {
  const one = document.activeElement;
  if (one === document.body) return [-1, ""];
  const {left, top, width, height} = one.getClientRects()[0] ?? one.getBoundingClientRect();
  const front = document.elementFromPoint(left + width / 2, top + height / 2);
  const faults = [
    getComputedStyle(one).outlineStyle === "none" && "shows no focus",
    (width < 2 || height < 2) && "cannot be seen",
    (left < -1 || left + width > window.innerWidth + 1) && "is beside the page",
    !(front && (one.contains(front) || front.contains(one))) && "is behind something",
  ].filter(Boolean);
  const said = faults.length ? `${one.outerHTML.slice(0, 120)} ${faults}` : "";
  return [window.wanted.indexOf(one), said];
}"""
NAME = "at => window.wanted[at].outerHTML.slice(0, 160)"
POLLS = """() => document.addEventListener("htmx:beforeRequest", () => {
  document.body.dataset.polls = Number(document.body.dataset.polls ?? 0) + 1;
})"""
INSIDE = 20
"""Stops that single fields may have beyond one."""
ROWS = "[...document.querySelectorAll('.tablebox tbody tr')]"
ROW = f"{ROWS}.indexOf(document.activeElement)"
CATCH = """() => document.addEventListener("click", (event) => {
  window.opened = event.target.closest("a")?.href;
  event.preventDefault();
}, {capture: true, once: true})"""


@pytest.fixture
def company(transactional_db: None) -> Company:
    """Few accounts in one app: more rows have no more kinds of controls."""
    del transactional_db
    return Company.build(accounts=8)


def a_plan(company: Company) -> Decision:
    """Everybody is to be added to the first group; planned, and not applied."""
    user = company.user
    actor = Actor(kind="person", id=user.public_id, name=str(user), user=user.pk)
    wishes = [
        Wish(operation="grant", account=one.public_id, entitlement=company.groups[0].public_id)
        for one in company.accounts
    ]
    return deciding.plan(actor, company.app.public_id, wishes, title="Many", now=NOW)


def tables(page: Page, company: Company) -> Iterator[str]:
    """Each page with a table, opened."""
    plan = f"/decisions/{a_plan(company).public_id}"
    for name, address in {**addresses(company), "orders:decision": plan}.items():
        if name not in FRAGMENTS:
            page.goto(address)
            if page.locator(".tablebox").count():
                yield name


def by_tab(page: Page) -> Iterator[str]:
    """What is wrong with going through the page: each control once, in order, seen, and no trap."""
    total = page.evaluate(WATCH)
    visited: list[int] = []
    for _step in range(total + INSIDE):
        page.keyboard.press("Tab")
        at, fault = page.evaluate(HERE)
        if at < 0 or (at == 0 and visited):
            break
        if at not in visited[-1:]:  # a field of a date has several stops of the browser's own
            visited.append(at)
            yield from [fault] * bool(fault)
    else:
        yield "has a trap: Tab never leaves it"
    for at in sorted(set(range(total)) - set(visited)):
        yield f"is not reached: {page.evaluate(NAME, at)}"
    if visited != sorted(visited):
        yield f"is gone through in another order: {visited}"


def by_rows(page: Page) -> Iterator[str]:
    """What is wrong with its rows: j and k move, x ticks, Enter opens, Escape leaves."""
    number = page.evaluate(f"{ROWS}.length")
    for key, wanted in (("j", 0), ("j", min(1, number - 1)), ("k", 0)):
        page.keyboard.press(key)
        if number and page.evaluate(ROW) != wanted:
            yield f"{key} does not lead to row {wanted}"
    row = page.locator(".tablebox tbody tr").first
    if number and row.locator(".pick input").count():
        page.keyboard.press("x")
        expect(page.locator("[data-chosen]")).to_have_text("1 chosen")
        page.keyboard.press("x")
    if number and row.locator("a").count():
        page.evaluate(CATCH)
        page.keyboard.press("Enter")
        if page.evaluate("window.opened") != row.locator("a").first.evaluate("one => one.href"):
            yield "Enter does not open the row"
    page.keyboard.press("Escape")
    if page.evaluate(ROW) >= 0:
        yield "Escape does not leave the table"


def by_dialogs(page: Page) -> Iterator[str]:
    """What is wrong with the two lists that keys open: the row has the focus again."""
    page.keyboard.press("j")
    before = page.evaluate(ROW)
    for key, dialog in (("?", "#keys"), ("Control+k", "#palette")):
        page.keyboard.press(key)
        expect(page.locator(dialog)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(dialog)).to_be_hidden()
        if page.evaluate(ROW) != before:
            yield f"after {key} and Escape the row has lost the focus"


def focused(page: Page, selector: str, fault: str) -> Iterator[str]:
    """The fault, unless something of this kind soon has the focus."""
    try:
        here = page.locator(":focus").and_(page.locator(selector))
        here.wait_for(state="attached", timeout=SOON)
    except TooLate:
        yield fault


def by_heads(page: Page) -> Iterator[str]:
    """What is wrong with sorting: the head keeps the focus, and says how it is sorted."""
    heads = page.locator(".tablebox thead a")
    if not heads.count():
        return
    head = heads.last
    head.focus()
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before, timeout=WAITS)
    yield from focused(page, "th[aria-sort] a", "a head that sorts loses the focus")


def by_filters(page: Page) -> Iterator[str]:
    """What is wrong with filters: opened, ticked, applied, and the focus stays in the table."""
    menu = page.locator(".toolbar details:has([type=checkbox])", has_text="Filter")
    if not menu.count():
        return
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    box = menu.get_by_role("checkbox").first
    for _step in range(3):
        page.keyboard.press("Tab")
        if box.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Space")
    if not box.is_checked():
        yield "a filter is not ticked by keys"
    menu.get_by_role("button", name="Apply").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    yield from focused(page, "#table, #table *", "a filter that is applied loses the focus")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_table_is_used_without_a_mouse(open_page, company, width, scheme):
    """Tab, letters, heads and filters, on each page with a table."""
    page = open_page(company.user, width=width, scheme=scheme)
    walked, faults = [], []
    for name in tables(page, company):
        walked.append(name)
        for way in (by_tab, by_rows, by_dialogs, by_heads, by_filters):
            faults += [f"{name}: {fault}" for fault in way(page)]

    assert not faults, "\n".join(faults)
    assert len(walked) >= 18, walked


def test_a_page_that_looks_again_waits_for_whoever_chooses(open_page, company):
    """Ticks survive while an order is under way; after Clear the page looks again."""
    plan = a_plan(company)
    plan.orders.filter(pk=plan.orders.filter(state="planned").first().pk).update(state="ordered")
    page = open_page(company.user)
    page.goto(f"/decisions/{plan.public_id}")
    box = page.locator("tbody input").last
    box.check()
    page.evaluate(POLLS)
    expect(page.locator("body[data-polls='3']")).to_be_attached(timeout=WAITS)
    expect(box).to_be_checked()

    with page.expect_response(f"**/decisions/{plan.public_id}", timeout=WAITS):
        page.get_by_role("button", name="Clear", exact=True).click()
        page.evaluate("document.activeElement.blur()")
