"""Coming in, in a browser: the first link, a password, a factor, a passkey; axe on each page."""

import re
import time
from urllib.parse import urlsplit

import pytest
from cast import NOW, PASSWORD, Role, a_user, code_of
from judging import judge
from playwright.sync_api import Page, expect

from rolecall.server.audit.trail import SYSTEM
from rolecall.server.people import links
from rolecall.server.people.persons import Draft, add


def with_authenticator(page: Page) -> None:
    """A device that makes passkeys, as a phone would, and always says yes."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def confirm_password(page: Page) -> None:
    """Say that it is still you."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_the_first_start(open_page, transactional_db):
    """The printed link makes an administrator, who is in, and adds an app's codes and a passkey."""
    del transactional_db
    page = open_page(None)
    with_authenticator(page)
    page.goto(links.first(NOW))
    judge(page, "the first link")
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("Your e-mail address").fill("grace@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="log in").click()
    page.get_by_role("link", name="Users").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    add_two_factors(page)

    expect(page.get_by_text("Active: after the password")).to_be_visible()
    expect(page.get_by_text("1 added.")).to_be_visible()


def add_two_factors(page: Page) -> None:
    """From one's name on any page: an authenticator app, then a passkey; no password again."""
    page.get_by_text("Grace Hopper").first.click()
    page.get_by_role("link", name="Me", exact=True).click()
    page.get_by_role("link", name="Second factors").click()
    page.get_by_role("link", name="Activate").click()
    activate(page)
    judge(page, "recovery codes after the first factor")
    page.goto("/login/factors/")
    page.get_by_role("link", name="Add", exact=True).click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url(lambda url: not url.endswith("/add/"))
    page.goto("/login/factors/")
    judge(page, "two factors")


def activate(page: Page) -> None:
    """Type the code that an authenticator app would show."""
    secret = page.get_by_label("Or type this secret").input_value()
    assert re.fullmatch("[A-Z2-7]+", secret)
    page.get_by_label("Authenticator code").fill(code_of(secret, time.time()))
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()


def test_a_passkey(open_page, transactional_db):
    """Added with the password, and then enough by itself."""
    del transactional_db
    ada = a_user("ada@example.com", Role.SUPER, password=PASSWORD)
    page = open_page(ada)
    with_authenticator(page)
    page.goto("/login/factors/webauthn/add/")
    judge(page, "confirm the password")
    confirm_password(page)
    judge(page, "add a passkey")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    judge(page, "recovery codes")
    page.goto("/login/factors/webauthn/")
    judge(page, "passkeys")

    page.goto("/login/out/")
    judge(page, "log out")
    page.locator("main").get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/")
    page.goto("/me/")

    assert page.get_by_role("heading", level=1).inner_text() == "Ada"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_the_login(open_page, transactional_db, width, scheme):
    """Login, wrong password, forgotten password, a dead link, the second factor's pages."""
    del transactional_db
    ada = a_user("ada@example.com", Role.SUPER, password=PASSWORD)
    page = open_page(ada, width=width, scheme=scheme)
    page.goto("/login/factors/totp/activate/")
    confirm_password(page)
    judge(page, "authenticator app")
    activate(page)
    for path in ("/login/factors/", "/login/factors/totp/deactivate/", "/login/password/",
                 "/login/factors/recovery-codes/generate/", "/me/", "/me/sessions/"):  # fmt: skip
        page.goto(path)
        judge(page, path)
    as_a_stranger(open_page(None, width=width, scheme=scheme), ada.email)


def as_a_stranger(stranger: Page, email: str) -> None:
    """What somebody sees who is not logged in."""
    stranger.goto("/login/")
    judge(stranger, "login")
    stranger.get_by_label("Email").fill(email)
    stranger.get_by_label("Password").fill("not this one at all")
    stranger.get_by_role("button", name="Log in", exact=True).click()
    judge(stranger, "wrong password")
    stranger.get_by_label("Password").fill(PASSWORD)
    stranger.get_by_role("button", name="Log in", exact=True).click()
    stranger.get_by_role("heading", name="Second factor").wait_for()
    judge(stranger, "second factor")
    for path in ("/login/forgotten/", "/login/link/x.y", "/login/inactive/"):
        stranger.goto(path)
        judge(stranger, path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_people(open_page, transactional_db, width, scheme):
    """Users, people, a roster, the audit log."""
    del transactional_db
    ada = a_user("ada@example.com", Role.SUPER, password=PASSWORD)
    pia = add(SYSTEM, Draft(name="Pia Persson", emails=["pia@example.com"]), now=NOW)
    page = open_page(ada, width=width, scheme=scheme)
    for path in ("/users/", "/users/invite", f"/users/{ada.public_id}", "/people/", "/people/add",
                 f"/people/{pia.public_id}", f"/people/{pia.public_id}/edit", "/audit/",
                 "/people/roster"):  # fmt: skip
        page.goto(path)
        judge(page, path)
    page.set_input_files("input[type=file]", {
        "name": "r.csv", "mimeType": "text/csv",
        "buffer": b"name,email\nPia P,pia@example.com\nQuin,quin@example.com\n",
    })  # fmt: skip
    page.get_by_role("button", name="Look at it").click()
    judge(page, "the preview")
    page.get_by_role("button", name="Change exactly this").click()

    assert "1 added, 1 changed" in page.get_by_role("status").inner_text()
