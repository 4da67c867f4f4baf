"""A self-hosted connector in a browser: Add, Rotate, copy, connect, sync.

The clicks and labels are those of the documentation of self-hosted connectors, word for word.
"""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from company import a_user
from judging import judge
from playwright.sync_api import Page, expect
from test_connecting import SYNC_MS, label, tab

from hosted import hosted
from notion_sim import Options, Simulator
from rolecall.server.connectors.models import Client

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("worker")]


@pytest.fixture(autouse=True)
def _fresh(sim: Simulator) -> None:
    """The workspace as it was made."""
    sim.reset(Options(users=24, groups=6))


class Environ:
    """What a connector's process is started with."""

    def __init__(self, line: str, root: Path) -> None:
        words = dict(one.split("=", 1) for one in shlex.split(line)[:-1])
        wanted = ("BATON_CLIENT_ID", "BATON_CLIENT_SECRET")
        self.environ = {name: words[name] for name in wanted} | {"SSL_CERT_FILE": str(root)}


def add_baton(page: Page) -> None:
    """Integrations, Connectors, Add connector, Baton, a new managed app, Next."""
    page.goto("/")
    page.get_by_role("link", name="Connectors", exact=True).first.click()
    page.get_by_role("link", name="Add connector").first.click()
    page.get_by_role("searchbox", name="Search connectors").fill("Baton")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Add Baton").click()
    set_up(page)


def set_up(page: Page) -> None:
    """A new managed app, Next."""
    page.get_by_role("radio", name="Create a new managed app").check()
    page.get_by_label("Name of the new app").fill("Larkspur")
    page.get_by_role("button", name="Next").click()


def rotate(page: Page) -> None:
    """Settings, Edit, Rotate."""
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_role("button", name="Rotate").click()


def copied(page: Page, name: str) -> str:
    """What a copy button puts on the clipboard."""
    page.get_by_role("button", name=name, exact=True).click()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def copy_everything(page: Page) -> tuple[str, str]:
    """Copy id, secret, manifest and line, each once; the secret, and the line."""
    client_id, secret = copied(page, "Copy the Client ID"), copied(page, "Copy the Client Secret")
    manifest = yaml.safe_load(copied(page, "Copy Kubernetes: secrets"))
    assert manifest["stringData"]["BATON_CLIENT_ID"] == client_id
    assert manifest["stringData"]["BATON_CLIENT_SECRET"] == secret
    assert manifest["stringData"]["BATON_SCIM_TOKEN"] == "<SCIM token>"  # noqa: S105 - its place
    assert client_id == Client.objects.get().client_id
    page.get_by_text("Shell", exact=True).click()
    return secret, copied(page, "Copy Shell")


def test_the_documented_way(open_page, sim, controller, tmp_path):
    """Add, Edit, Rotate, copy; the connector is started with what was copied, and syncs."""
    page = open_page(a_user(name="Ada Admin"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    add_baton(page)
    expect(label(page)).to_have_text("Not connected")
    judge(page, "baton-new")
    rotate(page)
    judge(page, "baton-rotated")
    secret, line = copy_everything(page)
    page.get_by_role("link", name="I have copied them").click()
    assert secret not in page.content()

    with hosted(sim, Environ(line, controller), tmp_path / "state"):
        expect(page.get_by_text("here", exact=True)).to_be_visible(timeout=SYNC_MS)
        expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)
        expect(page.get_by_text(re.compile("^rolecall 0"))).to_be_visible()
        judge(page, "baton-connected")
        tab(page, "Credentials")
        expect(page.get_by_text("In use").last).to_be_visible()
        judge(page, "baton-credentials")
    page.get_by_role("link", name="Apps", exact=True).first.click()
    page.get_by_role("link", name="Larkspur").click()
    page.get_by_role("link", name="Accounts", exact=True).click()
    expect(page.get_by_text("1\u201324 of 24")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_look(open_page, width, scheme):
    """The pages of a credential, light and dark, wide and narrow."""
    page = open_page(a_user(), width=width, scheme=scheme)
    page.goto("/connectors/add/baton")
    set_up(page)
    rotate(page)
    for summary in page.locator("main details > summary.strong").all()[1:]:
        summary.click()
    judge(page, f"rotated-{width}-{scheme}")
    page.get_by_role("link", name="I have copied them").click()
    rotate(page)
    page.get_by_role("link", name="I have copied them").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_text("Ends soon")).to_be_visible()
    judge(page, f"clients-{width}-{scheme}")
