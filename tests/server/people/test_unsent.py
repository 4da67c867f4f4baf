"""What somebody sends after their session has ended waits until they are in again."""

from datetime import timedelta

import pytest
from cast import PASSWORD, Role, a_user
from django.conf import settings
from django.test import Client

from rolecall.server import clock
from rolecall.server.people import devices
from rolecall.server.people.models import Person, Session, User

pytestmark = pytest.mark.django_db
TYPED = {"name": "Ana Costa", "email": "ana@example.com", "department": "A <b>bold</b> team"}


@pytest.fixture
def ended(ada: User, browser: Client) -> Client:
    """A browser whose session is over, with a page of before still open in it."""
    browser.force_login(ada)
    assert browser.get("/people/add").status_code == 200
    Session.objects.update(expire_date=clock.now() - timedelta(hours=20))
    devices.forget(clock.now())
    return browser


def send(browser: Client, path: str, **form: object):
    """Press the button of a form, and log in where that leads."""
    asked = browser.post(path, form, headers={"Referer": "http://localhost/people/add"})
    assert (asked.status_code, asked.url) == (302, "/login/?next=/me/unsent")
    assert "You had been logged out" in browser.get(asked.url).content.decode()
    return browser.post(asked.url, {"login": "ada@example.com", "password": PASSWORD})


def test_what_was_typed_is_there_after_the_login(ended: Client):
    """Nothing is done by itself; one press sends it as it was."""
    answer = send(ended, "/people/add", **TYPED)
    assert answer.url == "/me/unsent"
    shown = ended.get("/me/unsent").content.decode()
    assert "A &lt;b&gt;bold&lt;/b&gt; team" in shown
    assert 'action="/people/add"' in shown
    assert not Person.objects.exists()
    for name in TYPED:
        assert f'type="hidden" name="{name}"' in shown
    ended.post("/people/add", TYPED)

    assert Person.objects.get().name == "Ana Costa"


def test_it_can_be_left(ended: Client):
    """Whoever does not want it any more is asked no more."""
    send(ended, "/people/add", **TYPED)
    ended.post("/me/unsent/drop")

    assert "Nothing waits to be sent" in ended.get("/me/unsent").content.decode()


def test_secrets_are_not_kept(ended: Client):
    """A token is typed again, on its own page; half a form is not sent."""
    typed = {"scim_token": "s3cret-of-ours", "made_by": "me@x.org"}
    send(ended, "/connectors/con_x/credentials", **typed)
    shown = ended.get("/me/unsent").content.decode()

    assert "me@x.org" in shown
    assert "s3cret-of-ours" not in shown
    assert "Send it now" not in shown
    assert 'href="/people/add">To its page' in shown


def test_what_is_very_long_is_not_kept(ended: Client):
    """It is said, and not cut."""
    send(ended, "/people/add", name="x" * 100_000)
    shown = ended.get("/me/unsent").content.decode()

    assert "fill it in again" in shown
    assert "xxx" not in shown


def test_a_stranger_leaves_nothing(browser: Client):
    """Who had no session has typed nothing here; the database does not grow by them."""
    asked = browser.post("/people/add", TYPED)

    assert asked.url == "/login/?next=/"
    assert not Session.objects.exists()


@pytest.mark.parametrize("cookie", ["made-up", "", "x" * 5000])
def test_a_made_up_cookie_leaves_nothing(browser: Client, cookie: str):
    """A stranger who says that they had a session is a stranger."""
    browser.cookies[settings.SESSION_COOKIE_NAME] = cookie
    asked = browser.post("/people/add", TYPED)

    assert asked.url == "/login/?next=/"
    assert not Session.objects.exists()


def test_a_session_that_was_ended_leaves_nothing(ended: Client):
    """Whoever was logged out by somebody has nothing waiting here."""
    Session.objects.all().delete()

    assert ended.post("/people/add", TYPED).url == "/login/?next=/"
    assert not Session.objects.exists()


def test_nobody_else_sees_it(ended: Client):
    """Another user who logs in in the same browser."""
    a_user("eve@example.com", Role.SUPER, password=PASSWORD)
    asked = ended.post("/people/add", TYPED)
    ended.post(asked.url, {"login": "eve@example.com", "password": PASSWORD})
    shown = ended.get("/me/unsent").content.decode()

    assert "Nothing waits to be sent" in shown
    assert "bold" not in shown


def test_a_part_of_a_page_takes_the_whole_page_along(ended: Client):
    """A table or a label that is asked for again is no place for a login form."""
    answer = ended.get(
        "/connectors/con_x/live",
        headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/connectors/con_x/"},
    )

    assert answer.headers["HX-Redirect"] == "/login/?next=/connectors/con_x/"
