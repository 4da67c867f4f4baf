"""Home: what needs one, with one verb each; by role, and only what they may do something about."""

import re

import pytest
from company import NOW, Company, a_hold, a_user, log_in
from django.urls import reverse

from rolecall.server import needs
from rolecall.server.access.models import Account, App
from rolecall.server.audit.trail import Actor
from rolecall.server.connectors.models import Connector
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order
from rolecall.server.people.models import Person, RoleAssignment
from rolecall.server.policies.models import RolePolicy

pytestmark = pytest.mark.django_db
MOST_QUERIES = 20


@pytest.fixture
def company(db: None) -> Company:
    """Twelve accounts, all of them settled; nothing waits."""
    del db
    found = Company.build(accounts=12)
    Account.objects.update(person=found.person, link="linked")
    return found


def acting(user) -> Actor:
    """This user, as an actor."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


def told(user) -> list[tuple[str, int]]:
    """Kind and number of each need, in their order."""
    return [(one.kind, one.number) for one in needs.needs_of(acting(user), now=NOW)]


def connectors(number: int, state: str) -> list[Connector]:
    """So many more apps, each with a connector in this state."""
    return [
        Connector.objects.create(
            app=App.objects.create(name=f"Workspace {n:02}", created_at=NOW),
            name=f"Notion {n:02}", state=state, trouble="Notion says no.", created_at=NOW,
        )
        for n in range(number)
    ]  # fmt: skip


def a_plan(app: App, **facts) -> Decision:
    """A decision that nobody has applied."""
    return Decision.objects.create(
        app=app, title="A plan", decided_by="Olga", authority="super_administrator",
        created_at=NOW, **facts,
    )  # fmt: skip


def everything(company: Company) -> None:
    """One of each kind that can wait."""
    a_hold(company.connector)
    connectors(1, "error")
    order = Order.objects.create(
        decision=a_plan(company.app), app=company.app, operation="grant", effect="x",
        account=company.accounts[0], entitlement=company.groups[0], created_at=NOW,
    )  # fmt: skip
    Drift.objects.create(order=order, app=company.app, sync=company.syncs[1], found_at=NOW)
    ManualStep.objects.create(order=order, created_at=NOW)
    for role, name in zip(company.roles, ("owner", "member", "restricted_member"), strict=True):
        role.resource.external_id = name
        role.resource.save()
    RolePolicy.objects.create(role="owner", at_least=9, changed_at=NOW, changed_by="Olga")
    left = Person.objects.create(name="L", status="left", created_at=NOW, changed_at=NOW)
    states = (("gone", left), ("unlinked", None), ("unmatched", None), ("disputed", None))
    for account, (link, person) in zip(company.accounts[5:], states, strict=False):
        Account.objects.filter(pk=account.pk).update(link=link, person=person)


def test_nothing_needs_anybody(client, company):
    """Where nothing waits, home says so, and shows how things stand."""
    log_in(client, company.user)
    text = client.get(reverse("home")).content.decode()

    assert told(company.user) == []
    assert "Nothing needs you." in text
    assert "At a glance" in text


def test_each_kind_once_and_the_broken_first(client, company):
    """What is broken comes before what only waits; each has its verb and leads somewhere."""
    everything(company)
    log_in(client, company.user)
    found = needs.needs_of(acting(company.user), now=NOW)
    text = client.get(reverse("home")).content.decode()

    assert [(one.kind, one.number) for one in found] == [
        ("connector", 1), ("confirmation", 1), ("drift", 1), ("step", 1), ("plan", 1),
        ("policy", 1), ("leaver", 1), ("match", 1), ("unmatched", 2),
    ]  # fmt: skip
    for one in found:
        assert client.get(one.address).status_code == 200, one
        assert re.search(rf">{one.verb}<span", text), one


def test_each_number_is_the_length_of_its_list(client, company):
    """The page a verb leads to shows as many rows as home had said."""
    everything(company)
    log_in(client, company.user)
    for one in needs.needs_of(acting(company.user), now=NOW):
        if one.kind in {"drift", "step", "plan", "leaver", "match", "unmatched"}:
            text = client.get(one.address).content.decode()
            assert f"of {one.number}<" in text, one


def test_twelve_connectors_that_fail(client, company, django_assert_max_num_queries):
    """Five by name, the worst first, the others as a number; in few queries."""
    everything(company)
    for n, state in enumerate(["not_connected", "not_seen"] * 5 + ["error"]):
        Connector.objects.create(
            app=App.objects.create(name=f"Other {n:02}", created_at=NOW), name=f"Other {n:02}",
            state=state, created_at=NOW,
        )  # fmt: skip
    log_in(client, company.user)
    found = [
        one for one in needs.needs_of(acting(company.user), now=NOW) if one.kind == "connector"
    ]
    with django_assert_max_num_queries(MOST_QUERIES):
        text = client.get(reverse("home")).content.decode()

    assert [one.number for one in found] == [1, 1, 1, 1, 1, 7]
    assert [one.verb for one in found[:3]] == ["See why", "See why", "Look at its machine"]
    assert "7 more connectors do not work" in text
    assert "of 12<" in client.get(found[-1].address).content.decode()


def test_an_owner_of_one_app_is_told_of_that_app(client, company):
    """Nothing of connectors that they do not keep, nor of other apps."""
    everything(company)
    other = App.objects.create(name="Somebody else's", created_at=NOW)
    a_plan(other)
    owner = a_user("app_owner", name="Alva App", scope=company.app.public_id)
    log_in(client, owner)
    kinds = [kind for kind, _number in told(owner)]

    assert kinds == ["drift", "step", "plan", "policy", "leaver", "match", "unmatched"]
    assert "Somebody else" not in client.get(reverse("home")).content.decode()
    for one in needs.needs_of(acting(owner), now=NOW):
        assert client.get(one.address).status_code == 200, one


def test_an_owner_of_nothing_there_is_told_nothing(company):
    """An app that is archived, or is not there, needs nobody."""
    everything(company)

    assert told(a_user("app_owner", name="Alva App", scope="app_gone")) == []


def test_a_connector_owner_keeps_theirs(company):
    """Confirmations and failures of their own connector only."""
    everything(company)
    owner = a_user("connector_owner", name="Conny", scope=company.connector.public_id)

    assert told(owner) == [("confirmation", 1)]


def test_an_auditor_is_asked_for_nothing(client, company):
    """They decide nothing: home shows how things stand."""
    everything(company)
    auditor = a_user("auditor", name="Aud Itor")
    log_in(client, auditor)
    text = client.get(reverse("home")).content.decode()

    assert told(auditor) == []
    assert "Nothing needs you." in text
    assert "At a glance" in text


def test_a_member_by_a_link_is_told_where_they_are(client, company):
    """No app, no connector: who can change that is said."""
    everything(company)
    member = a_user("member", name="Mem Ber")
    log_in(client, member)
    text = client.get(reverse("home")).content.decode()

    assert told(member) == []
    assert "A super administrator can" in text
    assert "At a glance" not in text


def test_a_role_that_has_ended_needs_nothing(company):
    """What waited for somebody waits for others now."""
    everything(company)
    owner = a_user("app_owner", name="Alva App", scope=company.app.public_id)
    RoleAssignment.objects.filter(user=owner).update(until_at=NOW)

    assert told(owner) == []


def test_counting_stops_at_a_bound(company, monkeypatch):
    """More than the bound is called so, and nothing else is said of it."""
    monkeypatch.setattr(needs, "MOST", 3)
    Account.objects.update(person=None, link="unmatched")
    (only,) = needs.needs_of(acting(company.user), now=NOW)

    assert only.number == 4
    assert only.text == "More than 3 accounts have no person yet"


def test_a_program_asks_the_same(client, company):
    """The API tells what home tells."""
    everything(company)
    log_in(client, company.user)
    answer = client.get("/api/me/needs").json()

    assert [(one["kind"], one["number"]) for one in answer] == told(company.user)
