"""Every page in light and dark, wide and narrow: nothing serious for axe, nothing sticks out."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from company import Company
from test_pages import addresses

AXE = Axe()
FRAGMENTS = {"connectors:live", "connectors:tested"}
"""Parts of pages; they are never shown by themselves."""
KEEP = os.environ.get("ROLECALL_SCREENSHOTS", "")


def judge(page, name: str) -> None:
    """Nothing serious or critical by axe, and no scrolling sideways."""
    results = AXE.run(page).response
    found = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in results["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    assert found == [], name
    assert wide <= 0, f"{name} sticks out by {wide} px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page(open_page, width, scheme):
    """Each page that shows something, for somebody who may see everything."""
    company = Company.build()
    page = open_page(company.user, width=width, scheme=scheme)
    for name, address in addresses(company).items():
        if name in FRAGMENTS:
            continue
        page.goto(address)
        if KEEP:
            Path(KEEP).mkdir(exist_ok=True)
            file = f"{name.replace(':', '-')}-{width}-{scheme}.png"
            page.screenshot(path=Path(KEEP) / file, full_page=True)
        judge(page, name)


def test_open_menus(open_page):
    """Menus that are open hold to the same."""
    company = Company.build()
    page = open_page(company.user)
    page.goto(f"/apps/{company.app.public_id}/accounts")
    for menu in page.locator("details.menu").all():
        menu.locator("summary").first.click()
        judge(page, "an open menu")
        page.keyboard.press("Escape")
        assert not page.locator("details.menu[open]").count()
