"""Changes in a browser: rows with a tick, the plan, what guards say, proof, drift, the way back."""

import re

import pytest
from company import Company, a_user
from judging import judge
from playwright.sync_api import Page, expect
from test_connecting import SYNC_MS, connected, label

from notion_sim import Options, Simulator
from rolecall.server.access.models import Account, Entitlement, Grant
from rolecall.server.orders.models import Order

pytestmark = pytest.mark.slow


@pytest.fixture
def page(open_page, sim: Simulator, worker: None) -> Page:
    """An app whose connector has synced a workspace as it was made."""
    del worker
    sim.reset(Options(users=24, groups=6))
    found = open_page(a_user(name="Ada Admin"))
    connected(found, sim)
    return found


def accounts(page: Page, query: str = "") -> None:
    """The accounts of the app."""
    page.goto(f"/apps/{Account.objects.first().app.public_id}/accounts{query}")


def a_group_and_two_outside() -> tuple[Entitlement, list[Account]]:
    """Somebody to add, and where to."""
    group = Entitlement.objects.filter(kind="group").order_by("holders").first()
    held = Grant.objects.filter(entitlement=group, until_at=None).values("account")
    members = Account.objects.filter(role__resource__external_id="member").exclude(pk__in=held)
    return group, list(members.order_by("name", "id")[:2])


def tick(page: Page, rows: list[Account]) -> None:
    """Choose rows of the table."""
    for one in rows:
        page.locator(f'input[name="row"][value="{one.public_id}"]').check()


def inside(sim: Simulator, group: Entitlement) -> set[str]:
    """Who is in a group, as the simulator has it."""
    wanted = group.resource.external_id
    return next(set(one["members"]) for one in sim.state()["groups"] if one["id"] == wanted)


def plan_two(page: Page) -> tuple[Entitlement, list[Account]]:
    """Tick two accounts, Add to group, a group, why, Make the plan."""
    group, chosen = a_group_and_two_outside()
    accounts(page)
    tick(page, chosen)
    expect(page.get_by_text("2 chosen")).to_be_visible()
    judge(page, "ticks")
    page.get_by_role("button", name="Add to group").click()
    page.get_by_label("Which group").select_option(group.public_id)
    page.get_by_label("Why").fill("They work on it from today.")
    judge(page, "ask")
    page.get_by_role("button", name="Make the plan").click()
    return group, chosen


def apply(page: Page, number: int) -> None:
    """Apply, and wait until Notion was read again."""
    page.get_by_role("button", name=f"Apply {number}").click()
    expect(page.locator("#figures")).to_have_text(
        re.compile(rf"Verified\s*{number}"), timeout=SYNC_MS
    )


def test_from_ticks_to_proof_and_back(page, sim):
    """A bulk change is planned, applied, verified in Notion, and undone the same way."""
    group, chosen = plan_two(page)
    ids = {one.external_id for one in chosen}
    assert not ids & inside(sim, group)
    expect(page.get_by_text("Can be done")).to_have_count(2)
    judge(page, "plan")
    apply(page, 2)
    judge(page, "verified")
    assert ids <= inside(sim, group)

    page.goto(f"/accounts/{chosen[0].public_id}")
    expect(page.get_by_text("They work on it from today.")).to_be_visible()
    expect(page.get_by_text("By us")).to_be_visible()
    page.go_back()
    page.locator("summary", has_text="Undo").click()
    page.locator("#undo-reason").fill("It was the wrong group.")
    page.get_by_role("button", name="Plan the way back").click()
    expect(page.get_by_text("Can be done")).to_have_count(2)
    judge(page, "undo")
    apply(page, 2)
    assert not ids & inside(sim, group)


def test_without_scripts(open_page, page, sim):
    """Ticks, the form and the plan need no JavaScript."""
    group, chosen = a_group_and_two_outside()
    plain = open_page(a_user(name="Otto Plain"), scripts=False)
    accounts(plain)
    tick(plain, chosen[:1])
    plain.get_by_role("button", name="Add to group").click()
    plain.get_by_label("Which group").select_option(group.public_id)
    plain.get_by_role("button", name="Make the plan").click()
    plain.locator('tbody input[name="row"]').check()
    plain.get_by_role("button", name="Leave out").click()
    expect(plain.get_by_role("cell", name="Left out")).to_be_visible()
    plain.locator('tbody input[name="row"]').check()
    plain.get_by_role("button", name="Take in again").click()
    plain.get_by_role("button", name="Apply 1").click()
    page.goto(plain.url)
    expect(page.locator("#figures")).to_have_text(re.compile("Verified"), timeout=SYNC_MS)

    assert chosen[0].external_id in inside(sim, group)


def test_the_last_owner_goes_by_hand(page):
    """The guard refuses the last one: a person gets it, does it, and a sync looks."""
    owners = Account.objects.filter(role__resource__external_id="owner")
    role = owners.first().role
    accounts(page, f"?role={role.public_id}")
    page.get_by_role("checkbox", name=re.compile("^All")).check()
    page.get_by_role("button", name="Remove account").click()
    page.get_by_role("button", name="Make the plan").click()
    expect(page.get_by_text("last workspace owner")).to_be_visible()
    judge(page, "guard")
    for one in page.locator("tbody tr").filter(has_text="Can be done").all():
        one.get_by_role("checkbox").check()
    if page.get_by_text("Can be done").count():
        page.get_by_role("button", name="Leave out").click()
    page.get_by_role("button", name="Apply 1").click()
    page.get_by_role("link", name="What to do").click()
    judge(page, "step")
    page.get_by_label("How one can see it").fill("Made Bea owner, and removed them in Notion.")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_text("Made Bea owner")).to_be_visible()
    judge(page, "step-done")

    assert Order.objects.get(by_hand=True).state == Order.State.APPLIED


def test_drift_is_seen_and_restored(page, sim):
    """Somebody takes out in Notion whom we had put in: a sync sees it, and one click plans it."""
    group, chosen = plan_two(page)
    apply(page, 2)
    sim.remove_from_group(group.resource.external_id, chosen[0].external_id)
    page.get_by_role("link", name="Connectors", exact=True).first.click()
    page.get_by_role("link", name="Notion", exact=True).click()
    page.get_by_role("button", name="Sync now").click()
    expect(label(page)).to_have_text("Syncing")
    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
    page.goto("/drift/")
    expect(page.get_by_text(f"not in {group.name}")).to_be_visible()
    judge(page, "drifts")
    page.get_by_role("link", name="Add to group").click()
    judge(page, "drift")
    page.get_by_role("button", name="Restore").click()
    apply(page, 1)

    assert chosen[0].external_id in inside(sim, group)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_look(open_page, width, scheme):
    """Plan, list, change, step and tables with ticks: light and dark, wide and narrow."""
    company = Company.build()
    a_user(name="Petra Second")
    page = open_page(company.user, width=width, scheme=scheme)
    page.goto(f"/apps/{company.app.public_id}/accounts?external=yes")
    page.get_by_role("checkbox", name=re.compile("^All")).check()
    judge(page, f"ticks-{width}-{scheme}")
    page.get_by_role("button", name="Remove account").click()
    judge(page, f"ask-{width}-{scheme}")
    page.get_by_role("button", name="Make the plan").click()
    judge(page, f"plan-{width}-{scheme}")
    page.get_by_role("link", name="Remove account").first.click()
    judge(page, f"change-{width}-{scheme}")
    for path in ("/decisions/", "/orders/", "/drift/", "/by-hand/"):
        page.goto(path)
        judge(page, f"{path.strip('/')}-{width}-{scheme}")
    step_by_hand(page, company, f"{width}-{scheme}")


def step_by_hand(page: Page, company: Company, look: str) -> None:
    """A guest whom somebody removes by hand: the step, taken, and in the list."""
    page.goto(f"/apps/{company.app.public_id}/accounts")
    page.get_by_text("Change", exact=True).click()
    page.get_by_role("link", name="Remove a guest").click()
    page.get_by_label("E-mail address").fill("guest@else.example")
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_role("button", name="Apply 1").click()
    page.get_by_role("link", name="What to do").click()
    judge(page, f"step-{look}")
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_role("button", name="Give it back")).to_be_visible()
    judge(page, f"step-taken-{look}")
    page.goto("/by-hand/?whose=mine")
    judge(page, f"steps-mine-{look}")
