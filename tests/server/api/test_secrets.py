"""What opens something is nowhere to be read: not in the database, a page, a mail, a log."""

import logging
import re
import time

import pytest
from cast import NOW, PASSWORD, acting, code_of, log_in
from django.test import Client
from leaks import everything_stored, holding
from test_walk import OPERATIONS, PAGES, addresses, filled, operations
from world import the_world

from rolecall.server.connectors.services import credential
from rolecall.server.people import joining, links
from rolecall.server.people.models import LoginLink

TOKEN = "ntn_" + "Z9y8X7w6V5u4T3s2R1q0" * 2
OTHER_TOKEN = "scim_" + "Q1w2E3r4T5y6U7i8O9p0" * 2


@pytest.fixture
def planted(db: None, caplog: pytest.LogCaptureFixture) -> tuple[dict[str, str], object]:  # noqa: ARG001
    """One secret of each kind, brought in by the doors that they come by."""
    caplog.set_level(logging.DEBUG)
    world = the_world()
    ada = world.users["super_administrator"]
    link = links.make(ada, LoginLink.Purpose.RESET, NOW)
    browser = Client(SERVER_NAME="localhost")
    browser.post(link, {"password": PASSWORD, "again": PASSWORD})
    browser.post("/login/", {"login": ada.email, "password": PASSWORD})
    browser.post("/login/again/", {"password": PASSWORD})
    page = browser.get("/login/factors/totp/activate/").content.decode()
    secret = re.search(r'id="secret" value="([A-Z2-7]+)"', page)[1]
    pending = everything_stored()
    browser.post("/login/factors/totp/activate/", {"code": code_of(secret, time.time())})
    codes = re.findall(
        r"<li>(\d{8})</li>", browser.get("/login/factors/recovery-codes/").content.decode()
    )
    _user, invitation = joining.invite(acting(ada), email="new@example.com", name="New", now=NOW)
    credential.give(
        acting(ada), world.named["connector"], {"api_key": TOKEN, "scim_token": OTHER_TOKEN},
        now=NOW,
    )  # fmt: skip
    found = {
        "password": PASSWORD,
        "authenticator secret": secret,
        "session": browser.cookies["rolecall"].value,
        "API key": world.secret,
        "token": TOKEN,
        "SCIM token": OTHER_TOKEN,
        "invitation": invitation.rpartition(".")[2],
        "reset link": link.rpartition(".")[2],
        **{f"recovery code {number}": code for number, code in enumerate(codes)},
    }
    assert len(codes) == 10
    assert secret not in pending
    return found, world


def test_nothing_that_is_stored_opens_anything(planted):
    """A dump of the database holds no secret."""
    secrets, _world = planted

    assert holding(everything_stored(), secrets) == []
    assert holding(f"x{TOKEN.encode().hex()}", secrets) == ["token"]  # the search finds them


def test_no_page_answer_or_log_shows_one(planted, caplog: pytest.LogCaptureFixture):
    """Whatever a super administrator opens afterwards, and whatever was logged on the way."""
    secrets, world = planted
    browser = log_in(world.users["super_administrator"])
    browser.raise_request_exception = False
    texts = {}
    for name in PAGES:
        path = "/" + filled(addresses()[name][0], world)
        if name not in {"account_logout", "mfa_download_recovery_codes"}:
            answer = browser.get(path)
            texts[name] = b"".join(answer).decode("latin-1")
    for name in OPERATIONS:
        method, path = operations()[name]
        if method == "get":
            texts[name] = b"".join(browser.get(filled(path, world))).decode("latin-1")

    shown = {name: holding(text, secrets) for name, text in texts.items()}
    assert {name: found for name, found in shown.items() if found} == {}
    assert holding(caplog.text, secrets) == []
