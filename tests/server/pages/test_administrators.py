"""Workspace owners and membership admins, and the policies about them."""

import csv
import io

import pytest
from company import NOW, Company, a_user, log_in
from django.urls import reverse

from rolecall.errors import Gone, Invalid, NotAllowed
from rolecall.server.access.models import App, Grant
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import Person
from rolecall.server.policies.deciding import Wanted, end_policy, set_policy
from rolecall.server.policies.models import RolePolicy
from rolecall.server.policies.standing import administrators, apps_of, standings

pytestmark = pytest.mark.django_db
PAGE = "policies:administrators"


@pytest.fixture
def company(db: None) -> Company:
    """60 accounts, of which every twentieth owns the workspace: three of them."""
    del db
    found = Company.build()
    for role, name in zip(found.roles, ("owner", "member", "restricted_member"), strict=True):
        role.resource.external_id = name
        role.resource.save()
    return found


def acting(user) -> Actor:
    """This user, as an actor."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


def wanting(company: Company, **said) -> RolePolicy:
    """Set a policy about owners."""
    return set_policy(acting(company.user), Wanted(**{"role": "owner", **said}), now=NOW)


def faults(company: Company) -> list[str]:
    """What is wrong with the owners."""
    found = standings(apps_of(acting(company.user)))
    return next(one.faults for one in found if one.role == "owner")


def a_person(name: str, *, of=None, status: str = "active") -> Person:
    """Somebody, who stands behind this account."""
    person = Person.objects.create(name=name, status=status, created_at=NOW, changed_at=NOW)
    if of is not None:
        of.person, of.link = person, "linked"
        of.save()
    return person


def owners(company: Company):
    """The accounts that own the workspace."""
    return [one for one in company.accounts if one.role == company.roles[0]]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, []),
        ({"at_least": 3, "at_most": 3}, []),
        ({"at_least": 4}, ["fewer than 4"]),
        ({"at_most": 2}, ["more than 2"]),
        ({"at_most": 0}, ["more than 0"]),
        ({"only_named": True}, ["3 whom the policy does not name"]),
        ({"at_most": 1, "only_named": True}, ["more than 1", "3 whom the policy does not name"]),
    ],
)
def test_what_breaks_a_policy(company, said, found):
    """Too few, too many, and who is not named; a policy that wants nothing is never broken."""
    wanting(company, **said)

    assert faults(company) == found


def test_whoever_is_named_may_hold_it(company):
    """Named and there: no fault; named and left the company: not named any more."""
    first, second, third = owners(company)
    people = [a_person("One", of=first), a_person("Two", of=second), a_person("Three", of=third)]
    wanting(company, only_named=True, persons=[one.public_id for one in people])
    assert faults(company) == []
    people[0].status = "left"
    people[0].save()

    assert faults(company) == ["1 whom the policy does not name"]


def test_an_app_s_own_policy_goes_first(company):
    """The policy of every app counts where there is no other; ended, it counts again."""
    wanting(company, at_most=2)
    assert faults(company) == ["more than 2"]
    own = wanting(company, at_most=5, app=company.app.public_id)
    assert faults(company) == []
    end_policy(acting(company.user), own.public_id, now=NOW)

    assert faults(company) == ["more than 2"]
    assert Event.objects.latest("id").action == "policy:role:end"


def test_setting_again_changes_the_one_there_is(company):
    """One policy per role and app; the audit log has what was before."""
    wanting(company, at_least=2)
    wanting(company, at_least=3)
    changed = Event.objects.latest("id")

    assert RolePolicy.objects.count() == 1
    assert changed.detail["before"]["at_least"] == 2
    assert changed.detail["after"]["at_least"] == 3


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"role": "member"}, Invalid),
        ({"at_least": 3, "at_most": 2}, Invalid),
        ({"at_least": -1}, Invalid),
        ({"at_most": 100_001}, Invalid),
        ({"persons": ["per_nobody"]}, Gone),
        ({"app": "app_nothing"}, Gone),
    ],
)
def test_what_is_no_policy_is_refused(company, said, error):
    """Nothing is kept of it."""
    with pytest.raises(error):
        wanting(company, **said)

    assert not RolePolicy.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "connector_administrator", "app_owner"])
def test_only_super_administrators_decide(company, role):
    """An owner of the app could otherwise allow themselves what the policy forbids."""
    user = a_user(role, name="Some Body", scope=company.app.public_id if "owner" in role else "")
    with pytest.raises(NotAllowed):
        set_policy(acting(user), Wanted(role="owner", app=company.app.public_id), now=NOW)


def test_an_app_without_roles_has_no_standing(company):
    """A workspace that never showed its roles is not said to have too few owners."""
    wanting(company, at_least=1)
    App.objects.create(name="Never synced", created_at=NOW)

    assert [one.app for one in standings(apps_of(acting(company.user)))] == [company.app]


def test_the_page_names_them_and_marks_what_is_broken(client, company):
    """Each owner with person, origin and policy; the broken policy above; the same as CSV."""
    first = owners(company)[0]
    wanting(company, only_named=True, persons=[a_person("Ana Named", of=first).public_id])
    log_in(client, company.user)
    text = client.get(reverse(PAGE)).content.decode()
    rows = list(csv.reader(io.StringIO(
        b"".join(client.get(reverse(PAGE) + "?as=csv").streaming_content).decode()
    )))  # fmt: skip

    assert "1 policy is broken" in text
    assert "2 whom the policy does not name" in text
    assert text.count("Not named") == 2
    assert [row[rows[0].index("Policy")] for row in rows[1:]].count("Named") == 1
    assert len(rows) - 1 == len(owners(company)) == 3


def test_who_owns_one_app_sees_that_one(client, company):
    """Administrators of another app are none of theirs."""
    del company
    log_in(client, a_user("app_owner", name="Alva App", scope="app_elsewhere0000000000000"))
    text = client.get(reverse(PAGE)).content.decode()

    assert "No administrators are known" in text
    assert not administrators(App.objects.none()).exists()


def test_the_form_names_persons_by_box_and_by_address(client, company):
    """Holders are offered; others are named by address; an unknown address is refused."""
    person = a_person("Ana Named", of=owners(company)[0])
    other = company.person
    log_in(client, company.user)
    form = client.get(reverse("policies:edit") + f"?app={company.app.public_id}&role=owner")
    asked = {"app": company.app.public_id, "role": "owner", "at_least": "2", "at_most": "",
             "only_named": "1", "person": person.public_id}  # fmt: skip
    answer = client.post(
        reverse("policies:save"), asked | {"addresses": other.emails.get().address.upper()}
    )
    policy = RolePolicy.objects.get()
    refused = client.post(
        reverse("policies:save"), asked | {"addresses": "nobody@else.example"}, follow=True
    )

    assert person.public_id in form.content.decode()
    assert answer.status_code == 302
    assert set(policy.persons.all()) == {person, other}
    assert (policy.at_least, policy.at_most, policy.only_named) == (2, None, True)
    assert "No person has the address" in refused.content.decode()


def test_past_owners_are_not_shown(company):
    """Whoever held it before is not an administrator now."""
    grant = Grant.objects.filter(entitlement=company.roles[0]).first()
    grant.until_at = NOW
    grant.save()

    assert grant not in administrators(App.objects.all())
    assert administrators(App.objects.all()).count() == 2
