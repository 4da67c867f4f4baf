"""Mail reaches a real SMTP server once per event, whatever happens on the way."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from typing import Any

import msgspec
import pytest
from django.conf import settings as django_settings
from django.core.mail import send_mail
from smtp_inbox import Inbox, an_inbox, html_of, plain_of

from rolecall.server.mail import links
from rolecall.server.mail.models import Message
from rolecall.server.mail.post import MAX_ATTEMPTS, message_id, post, send_next

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    """A mail server on this machine, and settings that name it."""
    with an_inbox() as found:
        settings.CONFIG = configured(found.url)
        yield found


def configured(url: str) -> Any:
    """The settings with this mail server."""
    config = django_settings.CONFIG
    mail = msgspec.structs.replace(config.mail, url=url, sender="rolecall@larkspur.example")
    return msgspec.structs.replace(config, mail=mail)


def told(event: str = "connector:failing:con_1:3") -> bool:
    """Something worth a mail."""
    return post(
        event,
        "ana@larkspur.example",
        subject="Notion does not sync\nBcc: all@larkspur.example",
        text="Three syncs in a row failed.",
        now=NOW,
        link="/connectors/con_1/",
        why="You get this because you own this connector.",
    )


@pytest.mark.django_db
def test_an_event_is_told_once(inbox: Inbox):
    """The second time nothing is sent; the mail says what, where and why, on one subject line."""
    assert told()
    assert not told()
    assert send_next(NOW)
    assert not send_next(NOW)

    (mail,) = inbox.mails
    row = Message.objects.get()
    assert mail["Subject"] == "Notion does not sync Bcc: all@larkspur.example"
    assert mail["Bcc"] is None
    assert mail["Message-ID"] == message_id(row)
    body = plain_of(mail)
    assert "http://localhost:8010/connectors/con_1/" in body
    assert "You get this because" in body
    assert (row.state, row.sent_at) == (Message.State.SENT, NOW)


@pytest.mark.django_db
def test_a_mail_has_one_button_and_loads_nothing(inbox: Inbox):
    """Text first, then HTML that says the same, escaped; one link, and nothing from elsewhere."""
    hostile = '<img src="https://else.example/seen.gif"> & <b>three</b> syncs failed.'
    post(
        "one", "ana@larkspur.example", subject="A <b>subject</b>", text=f"{hostile}\n\nAgain.",
        link="/connectors/con_1/?a=1&b=2", why="Because of <i>you</i>.", now=NOW,
    )  # fmt: skip
    assert send_next(NOW)

    (mail,) = inbox.mails
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html"]
    address = "http://localhost:8010/connectors/con_1/?a=1&b=2"
    text = f"{hostile}\n\nAgain.\n\n{address}\n\nBecause of <i>you</i>.\n"
    assert plain_of(mail).replace("\r\n", "\n") == text
    html = html_of(mail)
    assert re.findall(r'(?:href|src)="([^"]*)"', html) == [escape(address)]
    assert re.findall(r"<(img|b|i|script|link|style|form|iframe)\b|url\(|@import", html) == []
    assert "&lt;img src=" in html
    assert html.count("<a ") == 1


@pytest.mark.django_db
def test_the_button_of_a_login_link_has_the_signature_that_no_row_has(inbox: Inbox):
    """Both parts lead to the same address, which is complete only in the mail."""
    row = "lnk_1"
    post("two", "ana@larkspur.example", subject="In", text="In.", link=links.LOGIN + row, now=NOW)
    send_next(NOW)

    (mail,) = inbox.mails
    (address,) = re.findall(r"http\S+", plain_of(mail))
    assert f'href="{address}"' in html_of(mail)
    assert links.row_of(address.rsplit("/", 1)[1]) == row
    assert address.rsplit(".", 1)[1] not in str(Message.objects.values().get())


@pytest.mark.django_db
def test_a_mail_without_a_link_is_plain(inbox: Inbox):
    """A code to log in is read, not pressed."""
    send_mail("Log in", "Here is your code", None, ["ana@larkspur.example"])
    send_next(NOW)

    (mail,) = inbox.mails
    assert mail.get_content_type() == "text/plain"


@pytest.mark.django_db
def test_a_message_id_depends_on_the_event_and_the_address_alone(inbox: Inbox):
    """A mail that goes out again after a kill is recognised as the same."""
    told()
    row = Message.objects.get()
    send_next(NOW)
    Message.objects.update(state=Message.State.WAITING)
    send_next(NOW)

    first, second = inbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert message_id(row) != message_id(Message(event="another", recipient=row.recipient))


@pytest.mark.django_db
def test_a_permanent_refusal_ends_it_and_another_is_repeated(inbox: Inbox):
    """5xx fails at once; 4xx is asked again, eight times; the server's words are not kept."""
    told()
    inbox.answer = "451 try later, ana@larkspur.example"
    for _ in range(MAX_ATTEMPTS - 1):
        send_next(NOW)
        assert Message.objects.get().state == Message.State.WAITING
    send_next(NOW)
    assert Message.objects.get().state == Message.State.FAILED

    told("another")
    inbox.answer = "550 no such user"
    send_next(NOW)
    row = Message.objects.get(event="another")
    assert (row.state, row.error) == (Message.State.FAILED, "The mail server answered 550.")


@pytest.mark.django_db
def test_a_server_that_is_away_loses_nothing(inbox: Inbox, settings: Any):
    """The mail waits, and goes out when the server is back."""
    there = settings.CONFIG
    settings.CONFIG = configured("smtp://127.0.0.1:1")
    told()
    with pytest.raises(OSError, match="refused"):
        send_next(NOW)

    settings.CONFIG = there
    assert send_next(NOW)
    assert len(inbox.mails) == 1


@pytest.mark.django_db
def test_without_a_server_mail_is_kept_to_be_read_here():
    """Nothing waits for ever; what Django's own parts send is kept the same way."""
    told()
    send_mail("Log in", "Here is your code", None, ["ana@larkspur.example"])

    assert {row.state for row in Message.objects.all()} == {Message.State.KEPT}
    assert not send_next(NOW)
