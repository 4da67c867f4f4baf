"""Users are invited, given roles, shut out; there is always somebody who administers."""

import threading

import pytest
from cast import LATER, NOW, PASSWORD, Role, a_user, acting
from django.db import connection
from django.test import Client

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.audit.models import Event
from rolecall.server.people import apikeys, joining, roles, users
from rolecall.server.people.models import ApiKey, LoginLink, RoleAssignment, User

pytestmark = pytest.mark.django_db


def held(user: User) -> set[str]:
    """The roles somebody has now."""
    return set(user.roles.filter(until_at=None).values_list("role", flat=True))


def test_an_invitation_is_one_transaction(ada: User, mails):
    """User, role, link, mail and audit are there together; the mail holds no signature."""
    bob, path = joining.invite(
        acting(ada), email=" Bob@Example.com ", name="Bob", wanted=[Role.AUDITOR], now=NOW
    )

    assert (bob.email, held(bob), bob.has_usable_password()) == (
        "bob@example.com", {Role.AUDITOR}, False,
    )  # fmt: skip
    (mail,) = mails()
    assert mail.recipient == "bob@example.com"
    assert path.startswith(mail.link)
    assert path != mail.link
    assert set(Event.objects.filter(target_id=bob.public_id).values_list("action", flat=True)) == {
        "user:invite", "user:role:assign", "user:link:make",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"email": "nothing", "name": "Bob"}, Invalid),
        ({"email": "ada@EXAMPLE.com", "name": "Bob"}, Conflict),
        ({"email": "bob@example.com", "name": "  "}, Invalid),
        ({"email": "bob@example.com", "name": "Bob", "wanted": ["god"]}, Invalid),
        ({"email": "bob@example.com", "name": "Bob", "wanted": ["app_owner"]}, Invalid),
    ],
)
def test_an_invitation_that_makes_no_sense(ada: User, said, error):
    """Nothing of it stays."""
    with pytest.raises(error):
        joining.invite(acting(ada), now=NOW, **said)

    assert [one.email for one in User.objects.all()] == ["ada@example.com"]


def test_only_super_administrators_may(ada: User):
    """Every use case refuses everybody else."""
    eve = acting(a_user("eve@example.com", Role.CONNECTORS, Role.AUDITOR))
    for attempt in (
        lambda: joining.invite(eve, email="x@example.com", name="X", now=NOW),
        lambda: joining.invite_again(eve, ada.public_id, now=NOW),
        lambda: joining.deactivate(eve, ada.public_id, now=NOW),
        lambda: joining.activate(eve, ada.public_id, now=NOW),
        lambda: roles.assign(eve, eve.id, Role.SUPER, now=NOW),
        lambda: roles.end(eve, ada.public_id, Role.SUPER, now=NOW),
        lambda: users.rename(eve, ada.public_id, "Mallory", now=NOW),
        lambda: users.end_sessions(eve, ada.public_id, now=NOW),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_roles_are_periods(ada: User):
    """A role that ended stays, with who ended it; it can be given again."""
    bob = a_user("bob@example.com")
    roles.assign(acting(ada), bob.public_id, Role.AUDITOR, now=NOW)
    with pytest.raises(Conflict, match="already"):
        roles.assign(acting(ada), bob.public_id, Role.AUDITOR, now=NOW)
    roles.end(acting(ada), bob.public_id, Role.AUDITOR, now=LATER)
    with pytest.raises(Conflict, match="does not have"):
        roles.end(acting(ada), bob.public_id, Role.AUDITOR, now=LATER)
    roles.assign(acting(ada), bob.public_id, Role.AUDITOR, now=LATER)

    periods = [(one.until_at, one.ended_by) for one in bob.roles.all()]
    assert periods == [(LATER, "Ada"), (None, "")]


def test_the_last_super_administrator_stays(ada: User):
    """Neither the role nor the user ends; somebody deactivated does not count as another."""
    a_user("gone@example.com", Role.SUPER, is_active=False)

    with pytest.raises(Conflict, match="last super administrator"):
        roles.end(acting(ada), ada.public_id, Role.SUPER, now=NOW)
    with pytest.raises(Conflict, match="last super administrator"):
        joining.deactivate(acting(ada), ada.public_id, now=NOW)
    assert held(ada) == {Role.SUPER}


@pytest.mark.django_db(transaction=True)
def test_two_who_end_each_other(transactional_db: None):  # noqa: ARG001
    """At the same moment: one of them succeeds, and one stays."""
    ada, bob = a_user("ada@example.com", Role.SUPER), a_user("bob@example.com", Role.SUPER)
    errors: list[Exception] = []
    both = threading.Barrier(2)

    def end(actor: User, other: User) -> None:
        both.wait()
        try:
            roles.end(acting(actor), other.public_id, Role.SUPER, now=NOW)
        except (Conflict, NotAllowed) as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=end, args=pair) for pair in ((ada, bob), (bob, ada))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(errors) == 1
    assert RoleAssignment.objects.filter(role=Role.SUPER, until_at=None).count() == 1


def test_deactivating_shuts_out_at_once(ada: User):
    """Session, key and link end with it, and stay ended after activation; roles come back."""
    bob = a_user("bob@example.com", Role.AUDITOR, password=PASSWORD)
    browser = Client(SERVER_NAME="localhost")
    browser.post("/login/", {"login": bob.email, "password": PASSWORD})
    _key, secret = apikeys.make(acting(bob), name="k", scopes=["audit:read"], now=NOW)
    assert browser.get("/audit/").status_code == 200

    joining.deactivate(acting(ada), bob.public_id, reason="left", now=NOW)
    assert browser.get("/audit/").status_code == 302
    assert apikeys.recognise(secret, now=LATER) is None
    with pytest.raises(Conflict, match="already"):
        joining.deactivate(acting(ada), bob.public_id, now=NOW)

    joining.activate(acting(ada), bob.public_id, now=LATER)
    assert browser.get("/audit/").status_code == 302
    assert apikeys.recognise(secret, now=LATER) is None
    assert held(bob) == {Role.AUDITOR}
    assert Event.objects.get(action="user:deactivate").reason == "left"


def test_inviting_again_ends_the_link_before(ada: User):
    """The last link is the one that works; whoever has come needs none."""
    bob, _path = joining.invite(acting(ada), email="bob@example.com", name="Bob", now=NOW)
    joining.invite_again(acting(ada), bob.public_id, now=LATER)

    assert LoginLink.objects.filter(user=bob, expires_at__gt=LATER).count() == 1
    User.objects.filter(pk=bob.pk).update(last_login=NOW)
    with pytest.raises(Conflict, match="logged in before"):
        joining.invite_again(acting(ada), bob.public_id, now=LATER)
    with pytest.raises(Gone):
        joining.invite_again(acting(ada), "usr_nobody", now=LATER)


def test_a_key_is_shown_once_and_kept_as_a_digest(ada: User):
    """What is in the database is not what opens."""
    key, secret = apikeys.make(acting(ada), name="Export", scopes=["account:*"], now=NOW)

    assert secret.startswith("rck_")
    assert secret not in str(ApiKey.objects.values().get())
    actor = apikeys.recognise(secret, now=LATER)
    assert (actor.kind, actor.user, actor.scopes) == ("key", ada.pk, {"account:*"})
    key.refresh_from_db()
    assert key.last_used_at == LATER
    for wrong in ("", "rck_", secret[:-1], secret.upper(), key.prefix, key.sha256):
        assert apikeys.recognise(wrong, now=LATER) is None


@pytest.mark.parametrize(
    "said",
    [
        {"name": "", "scopes": ["*"]},
        {"name": "k", "scopes": []},
        {"name": "k", "scopes": ["acount:read"]},
        {"name": "k", "scopes": ["*"], "expires_at": NOW},
    ],
)
def test_keys_that_make_no_sense(ada: User, said):
    """No name, no scope, a scope that covers nothing, an end that is past."""
    with pytest.raises(Invalid):
        apikeys.make(acting(ada), now=NOW, **said)


def test_a_key_cannot_make_keys(ada: User):
    """It could give itself more than it was given."""
    _key, secret = apikeys.make(acting(ada), name="k", scopes=["key:own"], now=NOW)
    actor = apikeys.recognise(secret, now=NOW)

    with pytest.raises(NotAllowed, match="cannot make keys"):
        apikeys.make(actor, name="more", scopes=["*"], now=NOW)


def test_keys_end(ada: User):
    """By its day, by its owner, by a super administrator; not by somebody else."""
    bob = acting(a_user("bob@example.com", Role.MEMBER))
    key, secret = apikeys.make(bob, name="k", scopes=["*"], expires_at=LATER, now=NOW)
    eve = acting(a_user("eve@example.com", Role.AUDITOR))

    assert apikeys.recognise(secret, now=LATER) is None
    assert apikeys.recognise(secret, now=NOW) is not None
    with pytest.raises(NotAllowed):
        apikeys.end(eve, key.public_id, now=NOW)
    apikeys.end(acting(ada), key.public_id, now=NOW)
    assert apikeys.recognise(secret, now=NOW) is None
    with pytest.raises(Conflict):
        apikeys.end(bob, key.public_id, now=NOW)
