"""Where one is logged in: each browser is seen, and ended by itself."""

from datetime import timedelta

import pytest
from cast import NOW, PASSWORD, Role, a_user, acting
from django.test import Client

from rolecall.errors import Gone, NotAllowed
from rolecall.server import clock
from rolecall.server.audit.models import Event
from rolecall.server.people import devices
from rolecall.server.people.models import Session, User

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def logged_in(user: User, agent: str, ip: str) -> Client:
    """A browser that has logged in and looked at a page."""
    browser = Client(SERVER_NAME="localhost", HTTP_USER_AGENT=agent, REMOTE_ADDR=ip)
    browser.post("/login/", {"login": user.email, "password": PASSWORD})
    assert browser.get("/me/").status_code == 200
    return browser


def test_each_browser_is_ended_by_itself(ada: User):
    """Which, from where and since when; the other one goes on, and the trail says which it was."""
    here, there = logged_in(ada, FIREFOX, "192.0.2.1"), logged_in(ada, SAFARI, "192.0.2.2")
    page = here.get("/me/sessions/").content.decode()
    phone = Session.objects.get(ip="192.0.2.2")

    assert "Firefox on Linux <span" in page
    assert "Safari on iPhone" in page
    assert f"/me/sessions/{Session.objects.get(ip='192.0.2.1').public_id}/end" not in page
    assert here.post(f"/me/sessions/{phone.public_id}/end").url == "/me/sessions/"
    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200
    event = Event.objects.get(action="user:session:end")
    assert event.detail == {"session": phone.public_id, "browser": "Safari on iPhone"}
    assert here.post(f"/me/sessions/{phone.public_id}/end").status_code == 404


def test_nobody_ends_what_is_anothers(ada: User):
    """Only a super administrator may, and says whose it is."""
    bob = a_user("bob@example.com", Role.MEMBER, password=PASSWORD)
    logged_in(ada, FIREFOX, "192.0.2.1")
    browser = logged_in(bob, SAFARI, "192.0.2.2")
    hers, his = ada.logins.get().public_id, bob.logins.get().public_id

    assert browser.post(f"/me/sessions/{hers}/end").status_code == 404
    with pytest.raises(NotAllowed):
        devices.end(acting(bob), ada.public_id, hers, now=NOW)
    with pytest.raises(Gone):
        devices.end(acting(ada), ada.public_id, his, now=NOW)
    devices.end(acting(ada), bob.public_id, his, now=NOW)
    assert browser.get("/me/").status_code == 302


def test_what_is_over_is_not_listed(ada: User):
    """Logged out, ended by a new password, or by time; and in the end the row goes too."""
    here, there = logged_in(ada, FIREFOX, "192.0.2.1"), logged_in(ada, SAFARI, "192.0.2.2")
    assert len(devices.logged_in(ada, clock.now())) == 2
    new = "a rather different password"
    here.post("/login/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    ada.refresh_from_db()
    assert [one.ip for one in devices.logged_in(ada, clock.now())] == ["192.0.2.1"]
    there.get("/me/")
    here.post("/login/out/")
    assert devices.logged_in(ada, clock.now()) == []

    logged_in(a_user("bob@example.com", Role.MEMBER, password=PASSWORD), SAFARI, "192.0.2.2")
    over = clock.now() + timedelta(hours=13)
    assert devices.forget(over) == 0  # whose they were is known for a day
    assert devices.forget(over + timedelta(days=1)) > 0
    assert not Session.objects.exists()


def test_log_out_everywhere_else_leaves_one(ada: User):
    """The browser that asked, with no other row that somebody could wonder about."""
    here = logged_in(ada, FIREFOX, "192.0.2.1")
    logged_in(ada, SAFARI, "192.0.2.2")
    here.post("/me/sessions/elsewhere")

    assert here.get("/me/sessions/").status_code == 200
    assert [devices.browser_name(one.browser) for one in ada.logins.all()] == ["Firefox on Linux"]


def test_when_it_was_used_last(ada: User):
    """To a minute, and at once where it comes from somewhere else; its begin stays."""
    browser = logged_in(ada, FIREFOX, "192.0.2.1")
    row = ada.logins.get()
    ada.logins.update(seen_at=row.seen_at - timedelta(seconds=90))
    browser.get("/me/")
    seen = ada.logins.get()
    assert row.seen_at - timedelta(seconds=90) < row.seen_at <= seen.seen_at
    browser.get("/me/")
    assert ada.logins.get().seen_at == seen.seen_at
    browser.get("/me/", REMOTE_ADDR="192.0.2.9")

    assert ada.logins.get().ip == "192.0.2.9"
    assert ada.logins.get().began_at == row.began_at


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/140.0 Safari/537.36 Edg/140.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.14.1", "curl"),
        ("", "Unknown browser"),
    ],
)  # fmt: skip
def test_what_a_browser_is_called(agent: str, name: str):
    """Recognised by a person; a program by its own word."""
    assert devices.browser_name(agent) == name
