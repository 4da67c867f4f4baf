"""One person everywhere, on screen and on paper; and a file that proves itself."""

import io
from datetime import timedelta

import pytest
from company import NOW, Company, a_file_in_making, a_user
from judging import judge
from playwright.sync_api import expect

from rolecall.errors import BrokenChain
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.audit.models import Event
from rolecall.server.evidence.export import installation_key
from rolecall.server.evidence.models import EvidenceFile
from rolecall.server.evidence.signature import verify
from rolecall.server.files.store import store

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


def ready(file: EvidenceFile) -> EvidenceFile:
    """A worker has made it."""
    file.file = store(io.BytesIO(b"rows"), kind="evidence", name="acme.csv", now=NOW)
    file.state, file.name, file.rows, file.sha256 = "ready", "acme.csv", 1_200_000, "4f" * 32
    file.ended_at, file.expires_at = clock.now(), clock.now() + timedelta(days=7)
    file.save()
    return file


def test_a_large_file_is_waited_for(open_page, tmp_path):
    """Its page goes on by itself, says once what became of it, and then has one button."""
    company = Company.build()
    file = a_file_in_making(company)
    page = open_page(company.user)
    page.goto("/evidence/")
    page.get_by_role("link", name="Acme workspace: access on").click()
    expect(page.get_by_text("300,000 are written")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Rows written")).to_be_visible()
    ready(file)
    download = page.get_by_role("link", name="Download")
    expect(download).to_be_visible(timeout=60_000)
    expect(page.locator("#said")).to_have_text("Ready")
    with page.expect_download() as waiting:
        download.click()
    waiting.value.save_as(tmp_path / "file")

    assert (tmp_path / "file").read_bytes() == b"rows"
    assert waiting.value.suggested_filename == "acme.csv"
    assert Event.objects.latest("id").action == "evidence:file:download"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_how_large_files_look(open_page, *, width, scheme):
    """Waiting, being made, ready, not made, not kept; and all of them on one page."""
    company = Company.build()
    states = {"making": a_file_in_making(company)}
    EvidenceFile.objects.update(question="one")
    states["ready"] = ready(a_file_in_making(company))
    for state, how in (
        ("waiting", {"started_at": None, "rows": 0, "attempt": 0}), ("expired", {"state": "ready"}),
        ("failed", {"state": "failed", "attempt": 5, "why": "5 workers ended while they made it. "
         "Whoever runs Rolecall finds why in the worker's log, or in its memory and disk."}),
    ):  # fmt: skip
        states[state] = a_file_in_making(company)
        EvidenceFile.objects.filter(pk=states[state].pk).update(question=state, **how)
    page = open_page(company.user, width=width, scheme=scheme)
    for state, file in states.items():
        page.goto(f"/evidence/files/{file.public_id}")
        judge(page, f"file {state} {width} {scheme}")
    page.goto("/evidence/")
    judge(page, f"files {width} {scheme}")


@pytest.mark.parametrize("width", [1280, 390])
def test_how_they_look(open_page, width):
    """Both pages in light and dark."""
    company = Company.build()
    for scheme in ("light", "dark"):
        page = open_page(company.user, width=width, scheme=scheme)
        for name in (f"/people/{company.person.public_id}/access", "/evidence/"):
            page.goto(name)
            judge(page, f"{name.split('/')[1]}-{width}-{scheme}")
