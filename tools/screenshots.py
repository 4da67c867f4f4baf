"""Makes the pictures of the guides: the demo's installation in a browser, page by page.

Needs chromium, and the tools for development. Writes `docs/images/`; nothing else is changed.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from demo import Failed, clean_environ, simulator
from demo_server import a_free_port, filled, server
from playwright.sync_api import Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE: Final[ViewportSize] = {"width": 1120, "height": 640}
LONG_MS = 120_000
"""For a page on a machine that has much else to do."""


def main() -> None:
    """Start the demo, take every picture, stop it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise Failed("there is no chromium; on Debian: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rolecall-pictures-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o711)  # the database's user passes through, under root
        with simulator() as notion, simulator(users=30, groups=5, seed=11) as labs:
            environ = settings(notion, a_free_port())
            with server(folder, environ), filled(folder, environ, labs) as found:
                pictures(environ["ROLECALL_PUBLIC_URL"], found, chromium)


def settings(notion: dict[str, str], port: int) -> dict[str, str]:
    """What `rolecall up` needs to be told."""
    return {
        **clean_environ(),
        **notion,
        "ROLECALL_PUBLIC_URL": f"http://localhost:{port}",
        "ROLECALL_BIND": f"127.0.0.1:{port}",
        "ROLECALL_CONTROLLER_BIND": f"127.0.0.1:{a_free_port()}",
        "ROLECALL_NOTION_ALLOWED_HOSTS": notion["BATON_BASE_URL"].split("/")[2],
        "ROLECALL_NOTION_SCIM_URL": notion["BATON_BASE_URL"],
        "ROLECALL_NOTION_REST_URL": notion["BATON_REST_BASE_URL"],
        "ROLECALL_WEBHOOK_ALLOWED_HOSTS": "hooks.larkspur.example",
    }


def pictures(url: str, found: dict[str, Any], chromium: str) -> None:
    """Log in, and take one picture of each page that a guide shows."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(base_url=url, viewport=SIZE, color_scheme="light", locale="en-US")
        page.set_default_timeout(LONG_MS)
        page.goto("/login/")
        page.get_by_label("Email").or_(page.get_by_label("E-mail")).first.fill(
            found["login"]["email"]
        )
        page.get_by_label("Password").first.fill(found["login"]["password"])
        page.get_by_role("button", name="Log in").first.click()
        page.get_by_role("navigation", name="Main").wait_for()
        app = found["app"]
        take(page, "/", "home")
        take(page, f"/apps/{app}/accounts", "accounts")
        take(page, f"/apps/{app}/changes", "changes")
        take(page, "/connectors/add", "add-connector")
        take(page, "/connectors/add/notion", "set-up-connector")
        take(page, "/me/notifications", "notifications")
        add_apps(page)
        take(page, "/apps/unmanaged", "unmanaged-apps")
        browser.close()


def add_apps(page: Page) -> None:
    """Three apps that nothing reads yet."""
    for name, text in (
        ("Figma", "Drawing"),
        ("Miro", "Boards of the product teams"),
        ("Notion of the acquired company", "To be connected in spring"),
    ):
        page.goto("/apps/unmanaged/add")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Description").fill(text)
        page.get_by_role("button", name="Add", exact=True).click()


def take(page: Page, address: str, name: str) -> None:
    """One page, as it is shown first."""
    answer = page.goto(address)
    if answer is None or not answer.ok:
        raise Failed(f"{address} does not answer")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"{name}.png: {(IMAGES / f'{name}.png').stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        main()
    except Failed as failure:
        sys.exit(f"screenshots: {failure}")
