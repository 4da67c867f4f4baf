"""Users come in by password, factor, or a link; whoever should not does not, and is noted."""

import base64
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from cast import LATER, NOW, PASSWORD, Role, a_user, code_of
from django.core.cache import cache
from django.test import Client

from rolecall.server.audit.models import Event
from rolecall.server.people import links
from rolecall.server.people.models import LoginLink, Session, Throttle, User
from rolecall.server.people.sealed import open_text

pytestmark = pytest.mark.django_db


def log_in(browser: Client, email: str, password: str = PASSWORD):
    """Fill in the login."""
    return browser.post("/login/", {"login": email, "password": password})


def test_a_password_lets_in(ada: User, browser: Client):
    """Whoever knows the password is in, and it is noted how."""
    answer = log_in(browser, "Ada@Example.com")

    assert (answer.status_code, answer.url) == (302, "/")
    assert browser.get("/me/").status_code == 200
    assert [(e.target_id, e.detail) for e in Event.objects.filter(action="user:login")] == [
        (ada.public_id, {"how": ["password"]})
    ]


def test_a_wrong_one_does_not(ada: User, browser: Client):
    """A wrong password and an unknown address get the same page; what was typed is not kept."""
    wrong = log_in(browser, "ada@example.com", "hunter2hunter2").content.decode()
    unknown = log_in(browser, "hunter2@example.com", "hunter2hunter2").content.decode()

    def plain(text: str) -> str:
        return re.sub(r"value=\"[^\"]*\"|hunter2|ada@example.com", "", text)

    assert plain(wrong) == plain(unknown)
    assert browser.get("/me/").status_code == 302
    noted = list(Event.objects.filter(action="user:login:fail").order_by("id"))
    assert [one.target_id for one in noted] == [ada.public_id, ""]
    assert not any("hunter2" in str(vars(one)) for one in noted)


def test_guessing_is_slowed_down_for_all_processes(ada: User, browser: Client):
    """After five failures the right password does not help either; the count is in the database."""
    for _ in range(5):
        log_in(browser, ada.email, "wrong-wrong-wrong")
    answer = log_in(browser, ada.email)

    assert answer.status_code == 200
    assert "Too many failed login attempts" in answer.content.decode()
    assert Throttle.objects.exists()
    cache.clear()
    assert log_in(browser, ada.email).status_code == 302


def test_nobody_signs_up(browser: Client):
    """There is no address to sign up at."""
    for path in ("/login/signup/", "/login/signup/passkey/", "/login/email/"):
        assert browser.get(path).status_code == 404, path


def test_whoever_is_deactivated_is_out(ada: User, browser: Client):
    """A session that is there ends with the next request."""
    log_in(browser, ada.email)
    User.objects.update(is_active=False)

    assert browser.get("/me/").status_code == 302
    assert "/login/inactive/" in log_in(browser, ada.email).url


def test_a_dump_lets_nobody_in(ada: User, browser: Client):
    """The table of sessions holds neither the cookie's key nor readable data."""
    log_in(browser, ada.email)
    key = browser.cookies["rolecall"].value
    row = Session.objects.get()

    assert key not in row.session_key
    assert b"_auth_user_id" not in base64.b64decode(row.session_data.partition(":")[2])
    other = Client(SERVER_NAME="localhost")
    other.cookies["rolecall"] = row.session_key
    assert other.get("/me/").status_code == 302


def with_app(user: User, browser: Client) -> tuple[str, list[str]]:
    """Activate an authenticator app; its secret and the recovery codes."""
    log_in(browser, user.email)
    assert "/login/again/" in browser.get("/login/factors/totp/activate/").url
    browser.post("/login/again/", {"password": PASSWORD})
    page = browser.get("/login/factors/totp/activate/").content.decode()
    secret = re.search(r'id="secret" value="([A-Z2-7]+)"', page)[1]
    browser.post("/login/factors/totp/activate/", {"code": code_of(secret, time.time())})
    shown = browser.get("/login/factors/recovery-codes/").content.decode()
    codes = re.findall(r"<li>(\d{8})</li>", shown)
    browser.post("/login/out/")
    return secret, codes


def test_a_second_factor_is_asked_for(ada: User, browser: Client):
    """With an app the password alone opens nothing; its code or a recovery code once does."""
    secret, codes = with_app(ada, browser)
    assert len(codes) == 10

    assert "factors/authenticate" in log_in(browser, ada.email).url
    assert browser.get("/me/").status_code == 302
    wrong = browser.post("/login/factors/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert browser.post("/login/factors/authenticate/", {"code": codes[0]}).status_code == 302
    assert browser.get("/me/").status_code == 200

    browser.post("/login/out/")
    log_in(browser, ada.email)
    again = browser.post("/login/factors/authenticate/", {"code": codes[0]})
    assert again.status_code == 200
    noted = Event.objects.values_list("action", flat=True)
    assert {"user:factor:add", "user:login:fail", "user:logout"} <= set(noted)
    how = [one.detail["how"] for one in Event.objects.filter(action="user:login")]
    assert ["password", "recovery_codes"] in how
    assert secret


def test_factors_are_sealed(ada: User, browser: Client):
    """Neither the app's secret nor the seed of the codes is readable in the database."""
    secret, _codes = with_app(ada, browser)
    rows = {row.type: row.data for row in Authenticator.objects.all()}

    assert secret not in str(rows)
    assert open_text(rows["totp"]["secret"], "people.factor") == secret
    assert rows["recovery_codes"]["seed"].startswith("k1:")


def use(browser: Client, path: str, password: str = PASSWORD, **more: str):
    """Fill in the form of a link."""
    return browser.post(path, {"password": password, "again": password, **more})


def test_the_first_start(browser: Client):
    """The first link makes a super administrator of whoever has it, once."""
    path = links.first(NOW)
    assert links.first(NOW) != path  # each start prints a new one; the one before ends
    assert browser.get(path).status_code == 404
    path = links.first(NOW)

    assert browser.get(path).status_code == 200
    answer = use(browser, path, name="Grace Hopper", email="Grace@Example.com")

    assert (answer.status_code, answer.url) == (302, "/")
    user = User.objects.get()
    assert (user.name, user.email) == ("Grace Hopper", "grace@example.com")
    assert [role.role for role in user.roles.all()] == [Role.SUPER]
    assert browser.get("/users/").status_code == 200
    assert "used already" in browser.get(path).content.decode()
    assert links.first(LATER) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"used_at": NOW}, "used already"),
        ({"expires_at": NOW}, "expired"),
    ],
)
def test_a_link_that_is_over_says_so(ada: User, browser: Client, change, said):
    """A used link and an expired one open nothing, and say which they are."""
    path = links.make(ada, LoginLink.Purpose.INVITATION, NOW)
    LoginLink.objects.update(**change)

    for answer in (browser.get(path), use(browser, path)):
        assert answer.status_code == 404
        assert said in answer.content.decode()
    assert browser.get("/me/").status_code == 302


def test_a_link_cannot_be_made_from_the_database(ada: User, browser: Client):
    """The row's id without our signature is no link."""
    links.make(ada, LoginLink.Purpose.LOCK_OUT, NOW)
    row = LoginLink.objects.get()

    for token in (row.public_id, f"{row.public_id}.", f"{row.public_id}.{'x' * 43}"):
        assert "not one of ours" in browser.get(f"/login/link/{token}").content.decode()


def test_looking_at_a_link_does_not_use_it(ada: User, browser: Client):
    """Machines read mail first; and a password that is too weak leaves the link as it was."""
    path = links.make(ada, LoginLink.Purpose.INVITATION, NOW)
    browser.get(path)
    weak = use(browser, path, "password1234")
    unequal = browser.post(path, {"password": PASSWORD, "again": PASSWORD + "x"})

    assert weak.status_code == 422
    assert "not the same" in unequal.content.decode()
    assert use(browser, path).status_code == 302


def test_lock_out_ends_factors_and_reset_does_not(ada: User, browser: Client):
    """Whoever runs the machine gets past a lost factor; whoever reads mail does not."""
    with_app(ada, browser)
    reset = links.make(ada, LoginLink.Purpose.RESET, NOW)
    use(browser, reset, "another long password")
    assert browser.get("/me/").status_code == 302
    assert "factors/authenticate" in log_in(browser, ada.email, "another long password").url

    other = Client(SERVER_NAME="localhost")
    use(other, links.lock_out("ada@example.com", NOW), "a third long password")
    assert other.get("/me/").status_code == 200
    assert not Authenticator.objects.exists()
    assert (
        Event.objects.get(action="user:link:use", detail__purpose="lock-out").detail[
            "factors_ended"
        ]
        == 2
    )


def test_lock_out_makes_an_administrator():
    """Where nobody is left, the address given becomes one."""
    links.lock_out("New@Example.com", NOW)

    user = User.objects.get(email="new@example.com")
    assert [role.role for role in user.roles.all()] == [Role.SUPER]


def test_a_forgotten_password_tells_nothing(ada: User, browser: Client, mails):
    """The page is the same for every address; only a user's gets a mail, without the signature."""
    known = browser.post("/login/forgotten/", {"email": "Ada@example.com"})
    unknown = browser.post("/login/forgotten/", {"email": "nobody@example.com"})

    assert known.content == unknown.content
    assert [(one.recipient, one.link) for one in mails()] == [
        (ada.email, f"/login/link/{LoginLink.objects.get().public_id}")
    ]
    for _ in range(5):
        answer = browser.post("/login/forgotten/", {"email": ada.email})
    assert answer.status_code == 429


def test_a_new_password_ends_other_sessions(ada: User):
    """Whoever changes the password stays, and is out everywhere else."""
    here, there = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    log_in(here, ada.email)
    log_in(there, ada.email)
    new = "a rather different password"
    changed = here.post(
        "/login/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )

    assert changed.status_code == 302
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302
    assert Event.objects.filter(action="user:password:change").count() == 1


def test_log_out_everywhere_else(ada: User):
    """One's own session stays."""
    here, there = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    log_in(here, ada.email)
    log_in(there, ada.email)
    here.post("/me/sessions/elsewhere")

    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302


def test_an_invited_user_comes_in(browser: Client):
    """An invitation lets in who was invited, as a member."""
    bob = a_user("bob@example.com", Role.MEMBER, password=None)
    use(browser, links.make(bob, LoginLink.Purpose.INVITATION, NOW))

    assert "Bob" in browser.get("/me/").content.decode()
    assert browser.get("/users/").status_code == 403


def test_a_second_factor_can_be_added_at_once(browser: Client):
    """Whoever has set a password by a link has just shown who they are; a mere login has not."""
    bob = a_user("bob@example.com", Role.MEMBER, password=None)
    use(browser, links.make(bob, LoginLink.Purpose.INVITATION, NOW))
    assert browser.get("/login/factors/totp/activate/").status_code == 200
    browser.post("/login/out/")
    log_in(browser, bob.email)

    assert "/login/again/" in browser.get("/login/factors/totp/activate/").url


def test_times_are_in_ones_own_zone(ada: User, browser: Client):
    """Saved on one's own page; the next request of somebody else is in theirs."""
    log_in(browser, ada.email)
    saved = browser.post("/me/save", {"name": "Ada L", "zone": "Asia/Tokyo"})
    wrong = browser.post("/me/save", {"name": "Ada L", "zone": "Mars/Olympus"})
    page = browser.get(f"/audit/{Event.objects.first().public_id}").content.decode()

    assert (saved.status_code, wrong.status_code) == (302, 422)
    assert " JST" in page
    browser.post("/me/save", {"name": "Ada L", "zone": "UTC"})
    page = browser.get(f"/audit/{Event.objects.first().public_id}").content.decode()
    assert " UTC" in page
