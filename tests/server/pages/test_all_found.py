"""All that a table had found, in every table with ticks: asked once more, with their number."""

import re

import pytest
from company import NOW, Company, a_user, log_in
from django.urls import reverse
from django.utils.html import escape

from rolecall.server.access.models import Account, App, Grant
from rolecall.server.audit.models import Event
from rolecall.server.mail.models import Message
from rolecall.server.orders.models import Decision, Order
from rolecall.server.people.models import Person, PersonEmail

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(client) -> Company:
    """Sixty accounts in one app, and a browser of somebody who may change them."""
    found = Company.build()
    log_in(client, found.user)
    return found


@pytest.fixture
def plan(client, company) -> Decision:
    """A plan to add everybody who is not there to Design: more rows than a page shows."""
    group = company.groups[0]
    held = Grant.objects.filter(entitlement=group, until_at=None).values("account")
    rows = [one.public_id for one in Account.objects.exclude(pk__in=held)]
    said = {"verb": "add_to_group", "target": group.public_id, "row": rows}
    client.post(reverse("orders:plan", args=(company.app.public_id,)), said)
    made = Decision.objects.get()
    assert made.orders.filter(state="planned").count() > 25
    return made


def states(plan: Decision) -> list[str]:
    """Those of its rows, in their order."""
    return list(plan.orders.order_by("pk").values_list("state", flat=True))


def number_in(page: str) -> str:
    """What the question repeats."""
    return re.search(r'name="number" value="(\d+)"', page)[1]


def test_all_rows_of_a_plan_are_held(client, plan):
    """The page names the number first and changes nothing; then each row has its audit row."""
    address = reverse("orders:rows", args=(plan.public_id,))
    total = plan.orders.count()
    said = {"deed": "hold", "all": "1", "query": "sort=-state&size=50"}
    asked = client.post(address, said).content.decode()
    assert f"Hold {total} changes?" in asked
    assert set(states(plan)) == {"planned"}

    done = client.post(address, said | {"number": number_in(asked)}, follow=True)

    assert set(states(plan)) == {"held"}
    assert f"{total} held." in done.content.decode()
    assert done.redirect_chain[-1][0].endswith(f"/decisions/{plan.public_id}?sort=-state&size=50")
    assert Event.objects.filter(action="order:hold").count() == total


def test_all_means_all_that_the_filter_left_and_that_can_be_moved(client, plan):
    """Rows that were left out stay so when all planned ones are held."""
    first, second = plan.orders.order_by("pk")[:2]
    address = reverse("orders:rows", args=(plan.public_id,))
    client.post(address, {"deed": "exclude", "row": [first.public_id, second.public_id]})
    said = {"deed": "hold", "all": "1", "query": ""}
    asked = client.post(address, said).content.decode()
    assert f"Hold {plan.orders.count() - 2} changes?" in asked
    narrow = client.post(address, said | {"deed": "include", "query": "state=held"})
    assert narrow.status_code == 302
    assert "Nothing was chosen" in client.get(narrow["Location"]).content.decode()

    client.post(address, said | {"number": number_in(asked)})

    assert states(plan)[:3] == ["excluded", "excluded", "held"]


def test_another_number_of_rows_is_asked_once_more(client, plan):
    """Somebody else left one out in between: nothing happens before the new number is seen."""
    address = reverse("orders:rows", args=(plan.public_id,))
    said = {"deed": "hold", "all": "1", "query": ""}
    before = number_in(client.post(address, said).content.decode())
    Order.objects.filter(pk=plan.orders.first().pk).update(state="excluded")
    again = client.post(address, said | {"number": before}).content.decode()

    assert "held" not in states(plan)
    assert int(number_in(again)) == int(before) - 1
    assert "There are" in again


def test_each_row_says_what_became_of_it(client, plan):
    """One that cannot be held is named with its reason; the others are held all the same."""
    one, two = plan.orders.select_related("account").order_by("pk")[:2]
    Order.objects.filter(pk=one.pk).update(state="verified")
    address = reverse("orders:rows", args=(plan.public_id,))
    page = client.post(
        address, {"deed": "hold", "row": [one.public_id, two.public_id]}, follow=True
    ).content.decode()

    assert states(plan)[:2] == ["verified", "held"]
    assert "1 held." in page
    assert f"{escape(one.account)}: stays as it is. It is: Verified." in page


def test_failed_rows_are_tried_again_each_by_itself(client, plan):
    """Without a connector to carry them each row says so, and stays as it was."""
    App.objects.update(state="managed")
    plan.app.connectors.update(archived_at=NOW)
    plan.orders.update(state="failed")
    total = plan.orders.count()
    address = reverse("orders:rows", args=(plan.public_id,))
    said = {"deed": "retry", "all": "1", "query": ""}
    asked = client.post(address, said).content.decode()
    page = client.post(address, said | {"number": number_in(asked)}, follow=True).content.decode()

    assert set(states(plan)) == {"failed"}
    assert page.count("stays as it is.") == 10
    assert f"{total - 10} more stay as they are." in page
    assert not Event.objects.filter(action="order:retry").exists()


def test_who_may_not_plan_moves_nothing(client, plan):
    """An auditor is refused, whatever number they name."""
    log_in(client, a_user("auditor", name="Audra Auditor"))
    said = {"deed": "hold", "all": "1", "query": "", "number": plan.orders.count()}
    answer = client.post(reverse("orders:rows", args=(plan.public_id,)), said)

    assert answer.status_code == 403
    assert set(states(plan)) == {"planned"}


def test_all_unmanaged_apps_of_a_search_are_managed(client, company):
    """Three of four: the form repeats the number, and the fourth stays on the list."""
    for name in ("Figma", "Figma two", "Figma three", "Miro"):
        App.objects.create(name=name, state="unmanaged", kind="", created_at=NOW)
    address = reverse("access:manage")
    said = {"all": "1", "query": "q=figma"}
    form = client.post(address, said | {"ask": "1"}).content.decode()
    assert "Manage 3 apps" in form
    owner = {"owner": company.user.public_id}
    wrong = client.post(address, said | owner | {"number": "4"}).content.decode()
    assert "Manage 3 apps" in wrong
    assert App.objects.filter(state="unmanaged").count() == 4

    client.post(address, said | owner | {"number": number_in(form)})

    assert [one.name for one in App.objects.filter(state="unmanaged")] == ["Miro"]


def test_all_exact_matches_of_a_search_are_accepted(client, company):
    """Those that the search found, and no other."""
    chosen = company.accounts[10:13]
    for one in chosen:
        person = Person.objects.create(name=one.name, created_at=NOW, changed_at=NOW)
        PersonEmail.objects.create(person=person, address=one.email, folded=one.email, primary=True)
    Account.objects.update(link="unmatched", person=None)
    Account.objects.filter(pk__in=[one.pk for one in chosen]).update(link="unlinked")
    said = {"all": "1", "query": f"q={chosen[0].email}"}
    address = reverse("access:accept_chosen")
    asked = client.post(address, said).content.decode()
    assert "Accept 1 exact match?" in asked
    client.post(address, said | {"number": "1"})

    linked = Account.objects.filter(link="linked")
    assert [one.pk for one in linked] == [chosen[0].pk]


def test_all_failed_mails_are_sent_again(client, company):
    """What waits or has arrived is not among them."""
    del company
    for number, state in enumerate(["failed", "failed", "sent", "waiting"]):
        Message.objects.create(
            event=f"e{number}", recipient="ana@acme.example", subject="News", text="News.",
            state=state, created_at=NOW,
        )  # fmt: skip
    address = reverse("notifications:mail_again")
    asked = client.post(address, {"all": "1", "query": ""}).content.decode()
    assert "Send again 2 mails?" in asked
    client.post(address, {"all": "1", "query": "", "number": "2"})

    found = sorted(Message.objects.values_list("state", flat=True))
    assert found == ["sent", "waiting", "waiting", "waiting"]
