"""Whose account it is: what addresses say, what people say, and what ends it."""

from datetime import timedelta

import pytest
from access_app import HOUR, NOON
from workspaces import a_workspace

from rolecall.errors import Conflict, Gone, Invalid, NotAllowed
from rolecall.server.access import accounts, matching
from rolecall.server.access.models import Account, PersonLink
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import SYSTEM, Actor
from rolecall.server.people.models import Person, PersonEmail, RoleAssignment, User

NOW = NOON + HOUR


def a_person(name, *addresses, status="active"):
    """Somebody of the company."""
    person = Person.objects.create(name=name, status=status, created_at=NOON, changed_at=NOON)
    for address in addresses:
        PersonEmail.objects.create(person=person, address=address, folded=address.casefold())
    return person


def an_account(external_id="a"):
    """An account, as it is now."""
    return Account.objects.get(external_id=external_id)


def links():
    """How each account stands with persons."""
    return dict(Account.objects.values_list("external_id", "link"))


@pytest.fixture
def synced(sync):
    """Three members: one of one person, one of two, one of nobody."""
    a_person("Ana Costa", "ANA@acme.example", "ana@old.example")
    a_person("Bo One", "b@acme.example")
    a_person("Bo Two", "bo@acme.example")
    workspace = a_workspace({"a": "owner", "b": "member", "c": "member"}, {})
    workspace.members["a"].email = "Ana@Acme.example"
    workspace.members["b"].more = ("bo@acme.example",)
    sync(workspace, 0)
    return workspace


@pytest.mark.usefixtures("synced")
def test_what_addresses_say():
    """One person's address makes a candidate, two persons' a dispute, nobody's nothing."""
    assert links() == {"a": "unlinked", "b": "disputed", "c": "unmatched"}
    assert [one.name for one in accounts.candidates(an_account())] == ["Ana Costa"]


def test_accept_all_exact_matches(app, synced, sync):
    """Candidates become persons; whoever has no single one stays as they were. It is on record."""
    assert accounts.accept_exact(SYSTEM, app.public_id, now=NOW) == 1

    assert links() == {"a": "linked", "b": "disputed", "c": "unmatched"}
    assert an_account().person.name == "Ana Costa"
    assert Event.objects.get(action="account:person:accept_all").detail == {"number": 1}
    with pytest.raises(Conflict):
        accounts.accept_exact(SYSTEM, app.public_id, now=NOW)
    synced.members["a"].email = "somebody@else.example"
    sync(synced, 2)
    assert links()["a"] == "unmatched"
    assert PersonLink.objects.get().until_at is not None


def test_a_hand_is_stronger(synced, sync):
    """A person set by hand stays, whatever the addresses say later."""
    other = a_person("Somebody Else")

    accounts.set_person(SYSTEM, an_account().public_id, other.public_id, now=NOW)

    synced.members["a"].email = "other@acme.example"
    sync(synced, 2)
    assert (an_account().link, an_account().person) == ("linked", other)
    with pytest.raises(Conflict):
        accounts.set_person(SYSTEM, an_account().public_id, other.public_id, now=NOW)


@pytest.mark.usefixtures("synced")
def test_accept_one_and_clear_it():
    """One match is accepted and taken back; then it is a candidate again, and history keeps it."""
    account = accounts.accept(SYSTEM, an_account().public_id, now=NOW)
    assert (account.link, account.person.name) == ("linked", "Ana Costa")
    with pytest.raises(Conflict):
        accounts.accept(SYSTEM, account.public_id, now=NOW)

    account = accounts.clear_person(SYSTEM, account.public_id, now=NOW + HOUR)

    assert (account.link, account.person) == ("unlinked", None)
    link = PersonLink.objects.get()
    assert (link.how, link.from_at, link.until_at, link.ended_by) == (
        "email",
        NOW,
        NOW + HOUR,
        "Rolecall",
    )
    with pytest.raises(Conflict):
        accounts.clear_person(SYSTEM, account.public_id, now=NOW + HOUR)
    with pytest.raises(Conflict):
        accounts.accept(SYSTEM, an_account("b").public_id, now=NOW)


@pytest.mark.usefixtures("synced")
def test_whoever_left_shows():
    """The account of somebody who has left the company says so, by hand or by address."""
    accounts.accept(SYSTEM, an_account().public_id, now=NOW)
    ana = Person.objects.get(name="Ana Costa")
    Person.objects.filter(pk=ana.pk).update(status="left")

    matching.people_changed([ana.pk], [], now=NOW)

    assert (an_account().link, an_account().person) == ("gone", ana)


@pytest.mark.usefixtures("synced")
def test_an_address_that_changes_hands():
    """When an address becomes another person's, its accounts are looked at again."""
    carla = a_person("Carla")
    PersonEmail.objects.filter(folded="bo@acme.example").update(person=carla)
    PersonEmail.objects.filter(folded="b@acme.example").update(person=carla)
    PersonEmail.objects.create(person=carla, address="C@acme.example", folded="c@acme.example")

    matching.people_changed([carla.pk], ["b@acme.example", "c@acme.example"], now=NOW)

    assert links() == {"a": "unlinked", "b": "unlinked", "c": "unlinked"}


@pytest.mark.usefixtures("synced")
def test_a_type_is_set_by_hand():
    """Human or service; another word, or the same again, is refused."""
    account = accounts.set_type(SYSTEM, an_account().public_id, "service", now=NOW)

    assert an_account().type == "service"
    assert Event.objects.get().detail == {"before": "human", "after": "service"}
    with pytest.raises(Conflict):
        accounts.set_type(SYSTEM, account.public_id, "service", now=NOW)
    with pytest.raises(Invalid):
        accounts.set_type(SYSTEM, account.public_id, "robot", now=NOW)


@pytest.mark.usefixtures("synced")
def test_who_may(app):
    """The owner of this app may; the owner of another may not, nor an auditor."""
    user = User.objects.create_user("u@acme.example", name="U", created_at=NOON)
    actor = Actor(kind="person", id=user.public_id, name="U", user=user.pk)
    person = Person.objects.get(name="Ana Costa")
    account = an_account()

    def hold(role, scope=""):
        RoleAssignment.objects.all().delete()
        RoleAssignment.objects.create(
            user=user, role=role, scope=scope, from_at=NOON, granted_by="test"
        )

    for role, scope in (("auditor", ""), ("app_owner", "app_another")):
        hold(role, scope)
        with pytest.raises(NotAllowed):
            accounts.set_person(actor, account.public_id, person.public_id, now=NOW)
        with pytest.raises(NotAllowed):
            accounts.accept_exact(actor, app.public_id, now=NOW)
    hold("app_owner", app.public_id)
    accounts.set_person(actor, account.public_id, person.public_id, now=NOW)
    assert PersonLink.objects.get().set_by == "U"


def test_what_is_not_there(app, sync):
    """Accounts, persons and apps that do not exist are said to be so."""
    sync(a_workspace({"a": "owner"}, {}), 0)

    with pytest.raises(Gone):
        accounts.set_person(SYSTEM, "acc_none", "per_none", now=NOW)
    with pytest.raises(Gone):
        accounts.set_person(SYSTEM, an_account().public_id, "per_none", now=NOW)
    with pytest.raises(Gone):
        accounts.accept_exact(SYSTEM, "app_none", now=NOW + timedelta(1))
    assert app.accounts.count() == 1
