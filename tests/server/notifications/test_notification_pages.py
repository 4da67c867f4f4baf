"""The pages and the API of notifications: what one chooses, the webhook, and what is sent again."""

import json
import re

import pytest
from cast import NOW, Role, a_user, acting, log_in

from rolecall.server.mail.models import Message
from rolecall.server.notifications import choosing
from rolecall.server.notifications.kinds import How, Kind
from rolecall.server.notifications.models import Delivery, Notice
from rolecall.server.notifications.telling import tell

pytestmark = pytest.mark.django_db
WHY = "You get this because you look after it."


def test_one_chooses_on_ones_page_and_reads_what_one_was_told(ada, news):
    """The form shows what is chosen; a kind that it does not send stays."""
    browser = log_in(ada)
    tell(news(7), [ada], why=WHY, now=NOW)
    browser.post(
        "/me/notifications/choose",
        {Kind.DRIFT: How.DIGEST, "hour": "17", "zone": "Europe/Berlin"},
    )
    page = browser.get("/me/notifications").content.decode()

    wanted = choosing.wanted_by(ada)
    ada.refresh_from_db()
    assert (wanted.hows[Kind.DRIFT], wanted.hour, ada.time_zone) == (
        How.DIGEST, 17, "Europe/Berlin"
    )  # fmt: skip
    assert wanted.hows[Kind.HELD] == How.AT_ONCE
    assert '<option value="17" selected>17:00</option>' in page
    assert '<a href="/drift/7">Thing 7' in page


@pytest.mark.parametrize("hour", ["", "24", "-1", "8.5", "\u0662"])
def test_an_odd_hour_is_refused_on_the_page(ada, hour):
    """With words, and nothing is kept."""
    browser = log_in(ada)
    sent = {Kind.DRIFT: How.NONE, "hour": hour, "zone": "UTC"}
    answer = browser.post("/me/notifications/choose", sent, follow=True)

    assert "That is no hour of a day." in answer.content.decode()
    assert choosing.wanted_by(ada).hows[Kind.DRIFT] == How.AT_ONCE


def test_the_secret_is_shown_once_and_the_path_to_few(ada, receiver):
    """On the page that answers the form, which no browser keeps; an auditor reads the host only."""
    browser = log_in(ada)
    answer = browser.post("/settings/webhook/set", {"url": receiver.url, "kind": Kind.values})
    text = answer.content.decode()
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", text)
    assert "no-store" in answer["Cache-Control"]

    again = browser.get("/settings/webhook").content.decode()
    assert secret not in again
    assert "token=abc" in again
    auditor = log_in(a_user("audra@larkspur.example", Role.AUDITOR))
    shown = auditor.get("/settings/webhook").content.decode()
    assert "127.0.0.1" in shown
    assert "token=abc" not in shown
    told = auditor.get("/api/webhook").json()
    assert (told["host"], "hooks" in json.dumps(told)) == ("127.0.0.1", False)


def test_a_host_that_is_not_allowed_is_said_on_the_form(ada, receiver):
    """And what was typed stays in it."""
    del receiver
    url = "https://evil.example/hook"
    answer = log_in(ada).post("/settings/webhook/set", {"url": url, "kind": [Kind.DRIFT]})

    assert answer.status_code == 422
    assert "Messages may not go to evil.example." in answer.content.decode()
    assert url in answer.content.decode()


def test_what_failed_is_chosen_and_sent_again(ada, receiver):
    """Mail and messages; only what failed has a box."""
    browser = log_in(ada)
    browser.post("/settings/webhook/set", {"url": receiver.url, "kind": Kind.values})
    browser.post("/settings/webhook/try")
    Delivery.objects.update(state=Delivery.State.FAILED, attempts=14)
    mails = [
        Message.objects.create(
            event=state, recipient="b@x.org", subject=state, text="T", state=state, created_at=NOW
        )
        for state in (Message.State.FAILED, Message.State.SENT)
    ]
    listed = browser.get("/settings/mail").content.decode()
    assert mails[0].public_id in listed
    assert mails[1].public_id not in listed
    browser.post("/settings/mail/again", {"row": [mails[0].public_id]})
    row = Delivery.objects.get().public_id
    assert row in browser.get("/settings/webhook/sent").content.decode()
    browser.post("/settings/webhook/sent/again", {"row": [row]})

    assert Message.objects.get(pk=mails[0].pk).state == Message.State.WAITING
    assert Delivery.objects.get().state == Delivery.State.WAITING


def test_programs_choose_and_read_the_same(ada, news):
    """By the API: choices, what one was told, and nobody else's."""
    bo = a_user("bo@larkspur.example", Role.AUDITOR)
    choosing.choose(acting(bo), {Kind.DRIFT: How.DIGEST}, hour=6, now=NOW)
    tell(news(1), [ada, bo], why=WHY, now=NOW)
    browser = log_in(bo)

    chosen = browser.get("/api/notifications").json()
    assert (chosen["hows"][Kind.DRIFT], chosen["hour"]) == (How.DIGEST, 6)
    (notice,) = browser.get("/api/notifications/notices").json()["items"]
    assert (notice["event"], notice["mailed_at"]) == ("drift:open:1", None)
    assert Notice.objects.count() == 2
