"""Login by an identity provider: whoever was invited comes in, by an address it vouches for."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from cast import Role, a_user
from django.test import Client
from provider import Provider, provider

from rolecall.errors import BadConfig
from rolecall.server.audit.models import Event
from rolecall.server.people.models import User
from rolecall.server.project.config import Oidc

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(settings, tmp_path: Path):
    """The company's provider, and Rolecall set up for it."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n", encoding="ascii")
    with provider() as running:
        oidc = Oidc(
            issuer=running.issuer, client_id="rolecall", client_secret_file=str(secret), name="Acme"
        )
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [oidc.app()]}
        }
        yield running


def come(browser: Client, company: Provider, **claims: object):
    """Follow the button on the login, there and back."""
    company.claims = {"sub": "42", **claims}
    assert "/login/sso/" in browser.get("/login/").content.decode()
    there = browser.get("/login/sso/").headers["Location"]
    assert dict(parse_qsl(urlsplit(there).query))["code_challenge_method"] == "S256"
    back = urlsplit(httpx2.get(there, trust_env=False).headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def test_whoever_was_invited_comes_in(company: Provider, browser: Client):
    """By the verified address, and from then on by who they are there, whatever their address."""
    ada = a_user("ada@example.com", Role.SUPER)
    answer = come(browser, company, email="Ada@Example.com", email_verified=True)

    assert (answer.status_code, answer.url) == (302, "/")
    assert browser.get("/users/").status_code == 200
    assert Event.objects.get(action="user:login").detail == {"how": ["socialaccount"]}
    assert "s3cret" in company.asked[0].values()
    assert "code_verifier" in company.asked[0]
    again = Client(SERVER_NAME="localhost")
    assert come(again, company, email="ada@married.example", email_verified=True).url == "/"
    assert User.objects.get() == ada


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@example.com", "email_verified": True},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com"},
        {},
    ],
)
def test_others_do_not(company: Provider, browser: Client, claims):
    """Not with an address nobody invited, and not with one that nobody vouches for."""
    a_user("ada@example.com", Role.SUPER)
    answer = come(browser, company, **claims)

    assert "no user here" in answer.content.decode()
    assert browser.get("/me/").status_code == 302
    assert User.objects.count() == 1


def test_deactivated_users_do_not(company: Provider, browser: Client):
    """The provider's yes is not ours."""
    a_user("ada@example.com", Role.SUPER, is_active=False)
    come(browser, company, email="ada@example.com", email_verified=True)

    assert browser.get("/me/").status_code == 302


def test_an_answer_to_no_question_is_refused(company: Provider, browser: Client):
    """Somebody else's way back logs nobody in."""
    a_user("ada@example.com", Role.SUPER)
    company.claims = {"sub": "42", "email": "ada@example.com", "email_verified": True}
    browser.get("/login/sso/callback/?code=x&state=stolen")

    assert browser.get("/me/").status_code == 302
    assert company.asked == []


def test_half_a_setting_is_refused(tmp_path: Path):
    """An issuer without TLS, a secret that is not there."""
    secret = tmp_path / "secret"
    secret.touch()
    for issuer, file in (("http://idp.example.com", secret), ("https://idp", tmp_path / "none")):
        with pytest.raises(BadConfig):
            Oidc(issuer=issuer, client_id="c", client_secret_file=str(file)).app()
