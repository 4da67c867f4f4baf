"""One person everywhere, on screen and on paper; and a file that proves itself."""

import pytest
from company import Company, a_user
from judging import judge
from playwright.sync_api import expect

from rolecall.errors import BrokenChain
from rolecall.server.access.models import App
from rolecall.server.audit.models import Event
from rolecall.server.evidence.export import installation_key
from rolecall.server.evidence.signature import verify

pytestmark = pytest.mark.slow


def test_one_person_and_a_file(open_page, tmp_path):
    """People, the person, what they hold; CSV: accepted as it came, refused with a change."""
    company = Company.build()
    App.objects.create(name="Another workspace", created_at=company.app.created_at)
    page = open_page(a_user("auditor", name="Rae Auditor"))
    page.goto("/people/")
    page.get_by_role("link", name=company.person.name).click()
    page.get_by_role("link", name="What they hold").click()
    expect(page.get_by_role("heading", name=f"What {company.person.name} holds")).to_be_visible()
    section = page.locator("section.place")
    expect(section.get_by_role("link", name="Acme workspace")).to_be_visible()
    expect(section.locator("tbody tr")).to_have_count(
        2 + company.accounts[4].groups
    )  # the account, its role, its groups
    expect(page.get_by_text("Another workspace")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    path = tmp_path / "evidence.csv"
    waiting.value.save_as(path)

    assert verify(path, (installation_key(),)).sha256 == Event.objects.latest("id").detail["sha256"]
    path.write_bytes(path.read_bytes().replace(b"account", b"Account", 1))
    with pytest.raises(BrokenChain):
        verify(path)


def test_on_paper(open_page):
    """Printed, a page has neither the navigation nor forms, and moments in full."""
    company = Company.build()
    page = open_page(company.user)
    page.goto(f"/people/{company.person.public_id}/access")
    page.emulate_media(media="print")
    judge(page, "what somebody holds, printed")

    expect(page.get_by_role("button", name="Show")).to_be_hidden()
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator("section.place tbody tr").first).to_be_visible()
    said = page.locator("section.place time").first
    assert said.get_attribute("title") in said.evaluate(
        "one => getComputedStyle(one, '::after').content"
    )


def test_evidence_of_an_app(open_page, tmp_path):
    """A button makes each form; it stands below with its digest; trouble is told in place."""
    company = Company.build()
    page = open_page(company.user)
    page.goto("/")
    page.get_by_role("link", name="Evidence").click()
    access = page.get_by_role("form", name="Access as of a moment")
    for form in ("PDF", "XLSX"):
        access.get_by_label("Form").select_option(label=form)
        with page.expect_download() as waiting:
            access.get_by_role("button", name="Make the file").click()
        path = tmp_path / f"evidence.{form}"
        waiting.value.save_as(path)
        assert verify(path).key == installation_key()
    changes = page.get_by_role("form", name="Changes between two moments")
    changes.get_by_label("From").fill("2020-01-02T00:00:00")
    changes.get_by_label("To").fill("2020-01-01T00:00:00")
    changes.get_by_role("button", name="Make the file").click()
    expect(page.get_by_role("alert")).to_contain_text("The second moment is not after the first")
    judge(page, "evidence with trouble")
    expect(page.get_by_text(Event.objects.latest("id").detail["sha256"])).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_how_they_look(open_page, width):
    """Both pages in light and dark."""
    company = Company.build()
    for scheme in ("light", "dark"):
        page = open_page(company.user, width=width, scheme=scheme)
        for name in (f"/people/{company.person.public_id}/access", "/evidence/"):
            page.goto(name)
            judge(page, f"{name.split('/')[1]}-{width}-{scheme}")
