"""Another owner: a mail by real SMTP, whose link leads them to where they finish the set-up."""

import re

import pytest
from cast import PASSWORD, hashed
from company import a_user
from judging import judge
from playwright.sync_api import expect
from smtp_inbox import plain_of
from walking import SYNC_MS, add, label, paste

from rolecall.server.mail.jobs import send
from rolecall.server.mail.models import Message
from rolecall.server.people.models import User

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("fresh", "worker")]


def test_the_mail_leads_to_the_last_step(open_page, sim, inbox):
    """Nora is asked for help, follows the link, logs in, and connects what Ada has added."""
    nora = a_user("member", name="Nora Notion")
    User.objects.filter(pk=nora.pk).update(password=hashed(PASSWORD))
    ada = open_page(a_user(name="Ada Admin"))
    add(ada, owner="Nora Notion")
    send.defer(timestamp=0)  # it is due each minute; nobody has to wait for that
    expect_mail(ada, nora.email)
    (mail,) = inbox.mails
    assert mail["To"] == "nora.notion@acme.example"
    assert mail["Subject"] == "Ada Admin made you an owner of the connector Notion"
    text = plain_of(mail)
    assert "Your help is needed" in text
    (link,) = re.findall(r"http://\S+", text)

    page = open_page(None)
    page.goto(link)
    page.get_by_label("Email").fill(nora.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(label(page)).to_have_text("Not connected")
    judge(page, "an owner's page of a connector")
    paste(page, sim.scim_token, "Save")

    expect(label(page)).to_have_text("Connected", timeout=SYNC_MS)


def expect_mail(page, address: str) -> None:
    """Wait until the page of the outbox says that it was sent."""
    page.goto("/settings/mail")
    row = page.get_by_role("row").filter(has_text=address)
    for _look in range(SYNC_MS // 500):
        if row.filter(has_text="Sent").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    judge(page, "the outbox")
    assert Message.objects.get().state == Message.State.SENT
