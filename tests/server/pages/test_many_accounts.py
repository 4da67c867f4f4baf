"""Type and person of many accounts: of those with a tick, or of all that a filter has found."""

import pytest
from company import NOW, Company, a_user, log_in
from django.urls import reverse

from rolecall.errors import Gone, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.access import many
from rolecall.server.access.models import Account, PersonLink
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    """Sixty accounts in one app."""
    del db
    return Company.build()


@pytest.fixture
def browser(client, company):
    """A browser of a super administrator."""
    return log_in(client, company.user)


def acting(user) -> Actor:
    """As a page does."""
    return Actor(kind="person", id=user.public_id, name=str(user), user=user.pk)


def address(company: Company, name: str) -> str:
    """Of a form."""
    return reverse(f"access:{name}", args=(company.app.public_id,))


def test_all_that_were_found_get_a_type(browser, company):
    """The page repeats the number; each account has its audit row; the others are left alone."""
    outside = Account.objects.filter(external=True)
    number = outside.count()
    said = {"deed": "type", "all": "1", "query": "external=yes"}
    asked = browser.post(address(company, "ask_many"), said)
    assert f"Set the type of {number} accounts" in asked.content.decode()
    assert not Account.objects.filter(type="service").exists()

    done = browser.post(
        address(company, "set_many"), said | {"number": number, "type": "service"}, follow=True
    )

    assert f"{number} of {number} were changed." in done.content.decode()
    assert set(Account.objects.filter(type="service")) == set(outside)
    assert Event.objects.filter(action="account:type:set").count() == number > 3


def test_another_number_is_asked_again(browser, company):
    """A sync came between: nothing is done to rows that nobody has seen."""
    said = {"deed": "type", "all": "1", "query": "external=yes", "type": "service", "number": 1}

    answer = browser.post(address(company, "set_many"), said)

    assert answer.status_code == 422
    assert "of them now, and not 1." in answer.content.decode()
    assert not Account.objects.filter(type="service").exists()


def test_ticked_rows_become_one_persons(browser, company):
    """A person is found by name, and stands behind them by hand; a link there was ends."""
    chosen = [company.accounts[at] for at in (1, 2, 4)]
    chosen_ids = [one.public_id for one in chosen]
    said = {"deed": "person", "row": chosen_ids, "find": company.person.name}
    found = browser.post(address(company, "ask_many"), said).content.decode()
    assert company.person.public_id in found

    form = said | {"person": company.person.public_id, "number": 3}
    done = browser.post(address(company, "set_many"), form, follow=True)

    assert "2 of 3 were changed." in done.content.decode()
    assert {one.person for one in Account.objects.filter(public_id__in=chosen_ids)} == {
        company.person
    }
    assert PersonLink.objects.filter(until_at=None, how="hand").count() == 3


def test_nothing_chosen_is_said_on_the_table(browser, company):
    """And nothing is done."""
    answer = browser.post(address(company, "ask_many"), {"deed": "type"}, follow=True)

    assert "Nothing was chosen." in answer.content.decode()


def test_use_cases_refuse(company):
    """Who may not, what is of another app, too many, no type, no person."""
    app, one = company.app.public_id, company.accounts[0].public_id
    auditor, ada = acting(a_user("auditor", name="Aud Itor")), acting(company.user)
    refused = [
        (NotAllowed, lambda: many.set_type(auditor, app, [one], "human", now=clock.now())),
        (Gone, lambda: many.set_type(ada, app, ["acc_other"], "human", now=clock.now())),
        (Invalid, lambda: many.set_type(ada, app, [one], "robot", now=clock.now())),
        (Invalid, lambda: many.set_type(ada, app, ["x"] * 1_001, "human", now=clock.now())),
        (Gone, lambda: many.set_person(ada, app, [one], "per_none", now=clock.now())),
    ]
    for error, deed in refused:
        with pytest.raises(error):
            deed()
    assert not Event.objects.filter(action__startswith="account:").exists()


def test_without_domains_nobody_is_external_and_the_page_says_why(browser, company):
    """Only to whoever asks who is; and it leads to where it is said."""
    company.app.domains = []
    company.app.save()
    for path in (
        reverse("access:accounts", args=(company.app.public_id,)),
        reverse("access:entitlement", args=(company.groups[0].public_id,)),
    ):
        assert "Nobody counts as external yet" not in browser.get(path).content.decode()
        said = browser.get(path, {"external": "yes"}).content.decode()
        assert "Nobody counts as external yet" in said
        assert reverse("access:settings", args=(company.app.public_id,)) in said


def test_persons_are_found_by_any_word_of_their_names(browser):
    """By the family name too; a sign that no database can hold finds nothing more."""
    Person.objects.create(name="Ana Costa", created_at=NOW, changed_at=NOW)

    for text, found in (("cost", True), ("an co", True), ("osta", False), ("\x00cos", True)):
        hits = browser.get(reverse("search:results"), {"q": text}).context["hits"]
        assert ("Ana Costa" in [one.title for one in hits if one.noun == "person"]) is found, text
