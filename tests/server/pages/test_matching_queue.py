"""The queue of accounts without a person: suggestions, their reasons, and accepting."""

import csv
import io
from datetime import timedelta

import pytest
from company import HOSTILE, NOW, Company, a_sync, a_user, log_in
from django.urls import reverse

from rolecall.errors import Conflict, Gone
from rolecall.server.access import accounts, matching
from rolecall.server.access.models import Account, App
from rolecall.server.access.suggestions import suggestions, waiting
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import Person, PersonEmail

pytestmark = pytest.mark.django_db
QUEUE = "access:matching"


@pytest.fixture
def company(db: None) -> Company:
    """Twelve accounts, none of them somebody's but one."""
    del db
    return Company.build(accounts=12)


def acting(user) -> Actor:
    """This user, as an actor."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


def a_person(name: str, *addresses: str, status: str = "active") -> Person:
    """Somebody with these addresses."""
    person = Person.objects.create(name=name, status=status, created_at=NOW, changed_at=NOW)
    for address in addresses:
        PersonEmail.objects.create(person=person, address=address, folded=address.casefold())
    return person


def an_account(company: Company, name: str, *emails: str, app: App | None = None) -> Account:
    """An account with these addresses, settled against the persons there are."""
    account = Account.objects.create(
        app=app or company.app, external_id=f"{name}{emails}", name=name, email=emails[0],
        emails=list(emails), first_seen_at=NOW, last_changed_at=NOW,
    )  # fmt: skip
    matching.settle([account.pk], now=NOW)
    account.refresh_from_db()
    return account


def suggested(account: Account) -> list[tuple[str, str, bool]]:
    """Whom, why, and whether it is exact."""
    return [(o.person.name, o.reason, o.exact) for o in suggestions([account])[account.pk]]


def test_an_address_that_fits_is_exact(company):
    """It comes before hints, and its reason names the address."""
    a_person("Maria Sol", "other@acme.example")
    a_person("M. Sol", "Maria@Acme.example")
    account = an_account(company, "Maria Sol", "maria@acme.example")

    assert account.link == Account.Link.UNLINKED
    assert suggested(account) == [
        ("M. Sol", "has Maria@Acme.example", True),
        ("Maria Sol", "is called the same", False),
    ]


def test_hints_are_names_and_what_stands_before_the_at(company):
    """Neither is exact; who has left is no hint; each person stands once."""
    a_person("Maria Sol", "maria.sol@acme.example")
    a_person("Mary", "maria.sol@old.example")
    a_person("maria sol", status="left")
    account = an_account(company, "MARIA SOL", "maria.sol@gmail.example")

    assert account.link == Account.Link.UNMATCHED
    assert suggested(account) == [
        ("Maria Sol", "is called the same", False),
        ("Mary", "has maria.sol@old.example, which begins alike", False),
    ]


def test_an_account_without_a_name_or_address_is_like_nobody(company):
    """An empty name is not the same as another empty name."""
    a_person("", "x@acme.example")
    account = Account.objects.create(
        app=company.app, external_id="bare", first_seen_at=NOW, last_changed_at=NOW
    )

    assert suggested(account) == []


def test_suggestions_ask_three_times(company, django_assert_num_queries):
    """However many accounts a page has."""
    rows = list(Account.objects.all())
    with django_assert_num_queries(3):
        suggestions(rows)
    assert len(rows) == len(company.accounts)


def test_the_queue_leaves_out_what_is_settled(company):
    """What is linked, gone or a service is not in it, nor what is not one's own app's."""
    service = an_account(company, "Robot", "robot@acme.example")
    Account.objects.filter(pk=service.pk).update(type="service")
    past = an_account(company, "Past", "past@acme.example")
    Account.objects.filter(pk=past.pk).update(present=False)
    other = App.objects.create(name="Other", created_at=NOW)
    elsewhere = an_account(company, "Else", "else@acme.example", app=other)
    owner = acting(a_user("app_owner", name="Alva App", scope=other.public_id))
    mine = set(waiting(acting(company.user)))

    assert elsewhere in mine
    assert not {service, past, company.accounts[4]} & mine
    assert set(waiting(owner)) == {elsewhere}


def test_one_button_accepts_everywhere(client, company):
    """Every exact match of both apps is linked, each app audited; the disputed stays."""
    other = App.objects.create(name="Other", created_at=NOW)
    a_sync(other, 1, NOW - timedelta(days=1))
    Account.objects.filter(link="unlinked").update(link="unmatched")
    maria = a_person("Maria", "maria@acme.example")
    here = an_account(company, "Maria", "maria@acme.example")
    there = an_account(company, "Maria", "maria@acme.example", app=other)
    a_person("Two", "two@acme.example")
    disputed = an_account(company, "Both", "maria@acme.example", "two@acme.example")
    log_in(client, company.user)
    assert "Accept all 2 exact matches" in client.get(reverse(QUEUE)).content.decode()
    client.post(reverse("access:accept_all"))

    linked = Account.objects.filter(pk__in=(here.pk, there.pk))
    assert {(one.person, one.link) for one in linked} == {(maria, "linked")}
    disputed.refresh_from_db()
    assert (disputed.person, disputed.link) == (None, "disputed")
    done = Event.objects.filter(action="account:person:accept_all")
    assert {one.target_name for one in done} == {company.app.name, "Other"}
    with pytest.raises(Conflict):
        accounts.accept_everywhere(acting(company.user), now=NOW)


def test_an_owner_of_one_app_accepts_there_only(company):
    """Matches of an app that somebody else looks after stay as they are."""
    other = App.objects.create(name="Other", created_at=NOW)
    a_person("Maria", "maria@acme.example")
    here = an_account(company, "Maria", "maria@acme.example")
    there = an_account(company, "Maria", "maria@acme.example", app=other)
    owner = acting(a_user("app_owner", name="Alva App", scope=other.public_id))
    accounts.accept_everywhere(owner, now=NOW)
    here.refresh_from_db()
    there.refresh_from_db()

    assert (here.link, there.link) == ("unlinked", "linked")


def test_chosen_ones_are_accepted_all_or_none(client, company):
    """One that cannot be accepted keeps all of them back, and the page says why."""
    Account.objects.filter(link="unlinked").update(link="unmatched")
    a_person("Maria", "maria@acme.example")
    fits = an_account(company, "Maria", "maria@acme.example")
    alone = an_account(company, "Nobody", "nobody@acme.example")
    log_in(client, company.user)
    chosen = {"row": [fits.public_id, alone.public_id]}
    refused = client.post(reverse("access:accept_chosen"), chosen, follow=True)
    fits.refresh_from_db()
    assert fits.person is None
    assert "nobody has its addresses" in refused.content.decode()
    client.post(reverse("access:accept_chosen"), {"one": fits.public_id})
    fits.refresh_from_db()

    assert fits.person is not None
    with pytest.raises(Gone):
        accounts.accept_each(acting(company.user), ["acc_gone"], now=NOW)


def test_disputed_candidates_stand_side_by_side(client, company):
    """Both with job, addresses and accounts; choosing one goes back to the queue."""
    one, two = (
        a_person("One", "a@acme.example"),
        a_person("Two", "b@acme.example", "c@acme.example"),
    )
    two.department = "Design"
    two.save()
    account = an_account(company, "Both", "a@acme.example", "b@acme.example")
    log_in(client, company.user)
    queue = client.get(reverse(QUEUE) + "?link=disputed").content.decode()
    address = reverse("access:choose_person", args=(account.public_id,))
    assert f"{address}?back=queue" in queue
    text = client.get(f"{address}?back=queue").content.decode()
    assert text.count("<article") == 2
    assert "<strong>b@acme.example</strong>" in text
    assert "<div>c@acme.example</div>" in text
    assert "Design" in text
    answer = client.post(
        reverse("access:set_person", args=(account.public_id,)),
        {"person": two.public_id, "back": "queue"},
    )
    account.refresh_from_db()

    assert answer["Location"] == reverse(QUEUE)
    assert account.person == two != one


def test_nothing_but_the_queue_is_gone_back_to(client, company):
    """A form cannot send somebody elsewhere."""
    account = company.accounts[1]
    log_in(client, company.user)
    answer = client.post(
        reverse("access:set_person", args=(account.public_id,)),
        {"person": company.person.public_id, "back": "https://else.example"},
    )

    assert answer["Location"] == reverse("access:account", args=(account.public_id,))


def test_an_auditor_reads_and_decides_nothing(client, company):
    """They see suggestions, take them along as CSV, and have no button."""
    a_person(HOSTILE, "maria@acme.example")
    an_account(company, "Maria", "maria@acme.example")
    log_in(client, a_user("auditor", name="Aud Itor"))
    text = client.get(reverse(QUEUE)).content.decode()
    rows = list(csv.reader(io.StringIO(
        b"".join(client.get(reverse(QUEUE) + "?as=csv").streaming_content).decode()
    )))  # fmt: skip

    assert 'form="bulk"' not in text
    assert "Accept all" not in text
    assert "<script>alert" not in text
    assert len(rows) - 1 == waiting(acting(company.user)).count()
    assert any("has maria@acme.example" in row[rows[0].index("Suggestion")] for row in rows)
    assert client.post(reverse("access:accept_all")).status_code == 403
