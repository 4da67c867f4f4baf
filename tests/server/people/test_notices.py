"""Users hear once of what happened to their login; nothing is kept of what they were shown."""

import re
import time

import pytest
from cast import NOW, PASSWORD, a_user, code_of
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from rolecall.server.people import links
from rolecall.server.people.models import LoginLink, User

pytestmark = pytest.mark.django_db
ANOTHER = "a rather different password"


@pytest.fixture
def inside(ada: User, browser: Client) -> Client:
    """A browser in which Ada has logged in by her password."""
    browser.post("/login/", {"login": ada.email, "password": PASSWORD})
    return browser


def test_a_login_is_no_news(inside: Client, mails):
    """Coming in by password, going out, a wrong password: no mail."""
    inside.post("/login/out/")
    inside.post("/login/", {"login": "ada@example.com", "password": "wrong-wrong-wrong"})

    assert mails() == []


def test_a_new_password_is_told(inside: Client, mails):
    """Once, with the address it came from, and what to do; never the password."""
    inside.post(
        "/login/password/",
        {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER},
    )

    (mail,) = mails()
    assert (mail.recipient, mail.subject) == ("ada@example.com", "Your password was changed")
    assert "from 127.0.0.1" in mail.text
    assert "tell a super administrator" in mail.text
    assert ANOTHER not in str(vars(mail))


def test_factors_are_told(inside: Client, mails):
    """An app that is activated brings recovery codes along: one mail; removing it is another."""
    inside.post("/login/again/", {"password": PASSWORD})
    page = inside.get("/login/factors/totp/activate/").content.decode()
    secret = re.search(r'id="secret" value="([A-Z2-7]+)"', page)[1]
    inside.post("/login/factors/totp/activate/", {"code": code_of(secret, time.time())})

    (added,) = mails()
    assert added.subject == "A second factor was added to your login"
    inside.post("/login/factors/totp/deactivate/")
    assert [one.subject for one in mails()][1:] == ["A second factor was removed from your login"]
    assert not any(secret in one.text for one in mails())


def test_a_link_that_was_used_is_told(browser: Client, mails):
    """Whoever reads one's mail, or runs the machine, does not come in unnoticed."""
    bob = a_user("bob@example.com", password=PASSWORD)
    path = links.make(bob, LoginLink.Purpose.LOCK_OUT, NOW)
    browser.get(path)
    assert mails() == []
    browser.post(path, {"password": ANOTHER, "again": ANOTHER})

    (mail,) = mails()
    assert mail.subject == "A one-time link was used to set your password"
    assert path not in mail.text


@pytest.mark.parametrize("path", ["/", "/me/", "/users/", "/audit/", "/api/me", "/nowhere"])
def test_nothing_behind_the_login_is_kept(inside: Client, path: str):
    """Neither by a proxy nor by a browser, errors included."""
    assert "no-store" in inside.get(path).headers["Cache-Control"]


def test_what_a_key_reads_is_not_kept(inside: Client):
    """A program's answers neither."""
    page = inside.post("/me/keys", {"name": "k", "scope": "home:read"}).content.decode()
    secret = re.search(r"rck_[\w-]+", page)[0]
    program = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})

    assert "no-store" in program.get("/api/me").headers["Cache-Control"]


def test_static_files_are_kept_for_a_year(inside: Client):
    """Each page names them by their digest; no style sheet names a file without."""
    page = inside.get("/me/").content.decode()
    named = re.findall(r"/static/[^\"]+", page)

    assert named
    assert all(re.search(r"\?v=[0-9a-f]{12}$", one) for one in named), named
    answer = inside.get(named[0])
    answer.close()
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert staticfiles_storage.url("no/such.css") == "/static/no/such.css"
    for sheet in re.findall(r"rolecall/[\w-]+\.css", page):
        with open(finders.find(sheet), encoding="utf-8") as text:  # noqa: PTH123 - a found name
            assert "url(" not in text.read(), sheet
