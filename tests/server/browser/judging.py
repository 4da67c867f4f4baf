"""What every page has to pass: axe, and no scrolling sideways; its picture is kept if asked for."""

import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

__all__ = ["judge"]

_AXE = Axe()
_KEEP = os.environ.get("ROLECALL_SCREENSHOTS", "")


def judge(page: Page, name: str) -> None:
    """Nothing serious or critical by axe, and nothing that sticks out.

    Args:
        page: as it is shown now.
        name: what it is called in a failure, and in its picture's file.
    """
    if _KEEP:
        Path(_KEEP).mkdir(exist_ok=True)
        page.screenshot(path=Path(_KEEP) / f"{re.sub('[^a-z0-9]+', '-', name)}.png", full_page=True)
    found = [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in _AXE.run(page).response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    assert found == [], name
    assert wide <= 0, f"{name} sticks out by {wide} px"
