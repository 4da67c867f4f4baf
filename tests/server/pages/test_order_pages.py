"""From rows with a tick to a plan, and from the plan to what came of it, page by page."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from company import NOW, Company, a_sync, a_user, log_in
from django.urls import reverse

from rolecall.server.access.models import Entitlement, Grant
from rolecall.server.connectors.models import Task
from rolecall.server.orders.models import Decision, Drift, ManualStep, Order

pytestmark = pytest.mark.django_db
MOST_QUERIES = 20


@pytest.fixture
def company(client) -> Company:
    """Sixty accounts in one app, and a browser of somebody who may change them."""
    found = Company.build()
    log_in(client, found.user)
    for role, name in zip(found.roles, ("owner", "member", "restricted_member"), strict=True):
        role.resource.external_id = name
        role.resource.save()
    return found


def at(name: str, *args: str) -> str:
    """An address of this noun."""
    return reverse(f"orders:{name}", args=args)


def outside(company: Company, group: Entitlement) -> list[str]:
    """The accounts that are not in a group."""
    held = Grant.objects.filter(entitlement=group, until_at=None)
    inside = set(held.values_list("account_id", flat=True))
    return [one.public_id for one in company.accounts if one.pk not in inside]


def planned(client, company: Company, **said) -> Decision:
    """Send the form of a plan."""
    answer = client.post(at("plan", company.app.public_id), {"reason": "Because.", **said})
    assert answer.status_code == 302, answer.content.decode()
    return Decision.objects.latest("id")


def text_of(client, address: str) -> str:
    """A page."""
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def some(client, company: Company, number: int = 3) -> Decision:
    """A plan to add so many to Design."""
    group = company.groups[0]
    rows = outside(company, group)[:number]
    return planned(client, company, verb="add_to_group", row=rows, target=group.public_id)


def test_rows_with_a_tick_become_a_plan(client, company):
    """Ticks, a verb, a group, a reason: the plan shows each row, and nothing is changed."""
    group = company.groups[0]
    rows = outside(company, group)[:3]
    asked = client.post(
        at("ask", company.app.public_id), {"verb": "add_to_group", "row": rows}
    ).content.decode()
    assert "Add 3 accounts to a group" in asked
    for one in rows:
        assert f'name="row" value="{one}"' in asked
    decision = planned(client, company, verb="add_to_group", row=rows, target=group.public_id)
    shown = text_of(client, at("decision", decision.public_id))

    assert decision.title == "Add 3 accounts to Design"
    assert decision.reason == "Because."
    assert shown.count("Can be done") == 3
    assert shown.count("nothing → Design") == 3
    assert "Apply 3" in shown
    assert not Task.objects.filter(kind="grant").exists()


def test_all_that_was_found_is_more_than_the_page(client, company):
    """One tick is for every row that search and filters left, on all pages."""
    asked = {"verb": "remove_account", "all": "1", "query": "external=yes"}
    decision = planned(client, company, **asked)
    expected = {one.pk for one in company.accounts if one.external}

    assert set(decision.orders.values_list("account_id", flat=True)) == expected


def test_all_holders_of_a_group(client, company):
    """From the page of a group, all who hold it."""
    group = company.groups[2]
    decision = planned(
        client, company, verb="remove_from_group", all="1", of=group.public_id,
        target=group.public_id,
    )  # fmt: skip
    held = Grant.objects.filter(entitlement=group, until_at=None)

    assert decision.orders.count() == held.count() > 0


def test_the_tables_offer_ticks_to_those_who_may_plan(client, company):
    """Boxes and buttons for an owner of the app; neither for an auditor."""
    accounts = reverse("access:accounts", args=(company.app.public_id,))
    groups = reverse("access:entitlements", args=(company.app.public_id,))
    holders = reverse("access:entitlement", args=(company.groups[0].public_id,))
    for address in (accounts, groups, holders):
        assert 'form="bulk" name="row"' in text_of(client, address)
    log_in(client, a_user("auditor", name="Aud Itor"))
    for address in (accounts, groups, holders):
        assert 'name="row"' not in text_of(client, address)

    assert (
        client.post(at("ask", company.app.public_id), {"verb": "add_to_group"}).status_code == 403
    )


def test_nothing_chosen_is_said(client, company):
    """Without a tick, or without a group, the form comes back and says what is missing."""
    nothing = client.post(at("ask", company.app.public_id), {"verb": "add_to_group"})
    assert nothing.status_code == 422
    assert "Nothing was chosen." in nothing.content.decode()
    row = company.accounts[1].public_id
    no_group = client.post(at("plan", company.app.public_id), {"verb": "add_to_group", "row": row})
    assert no_group.status_code == 422
    assert "No group was chosen." in no_group.content.decode()
    unknown = client.post(at("ask", company.app.public_id), {"verb": "explode"})
    assert unknown.status_code == 422

    assert not Decision.objects.exists()


def test_what_guards_say_stands_in_the_row(client, company):
    """The last owner goes by hand, and what is so already is refused, each with its reason."""
    owners = [one for one in company.accounts if one.role == company.roles[0]]
    decision = planned(
        client, company, verb="remove_account", row=[one.public_id for one in owners]
    )
    shown = text_of(client, at("decision", decision.public_id))
    assert shown.count("last workspace owner") == 1
    assert "By hand" in shown
    group = company.groups[0]
    member = Grant.objects.filter(entitlement=group, until_at=None).first().account
    again = planned(
        client, company, verb="add_to_group", row=member.public_id, target=group.public_id
    )

    assert "is in Design already" in text_of(client, at("decision", again.public_id))


def test_rows_are_held_left_out_and_taken_in(client, company):
    """The rest is applied: one task for each row that was planned, and none for the others."""
    decision = some(client, company, 4)
    one, two, three, four = decision.orders.values_list("public_id", flat=True)
    for deed, rows in (("hold", [one]), ("exclude", [two, three]), ("include", [three])):
        client.post(at("rows", decision.public_id), {"deed": deed, "row": rows})
    states = dict(decision.orders.values_list("public_id", "state"))
    assert states == {one: "held", two: "excluded", three: "planned", four: "planned"}
    assert "Apply 2" in text_of(client, at("decision", decision.public_id))
    client.post(at("apply", decision.public_id))
    shown = text_of(client, at("decision", decision.public_id))

    assert Task.objects.filter(kind="grant").count() == 2
    assert shown.count("Ordered") >= 2
    assert 'hx-trigger="every 2s"' in shown


def test_a_large_change_wants_its_number(client, company):
    """More than 25 rows within an hour: the number has to be typed."""
    decision = some(client, company, 26)
    assert "Type 26 to confirm it" in text_of(client, at("decision", decision.public_id))
    refused = client.post(at("apply", decision.public_id), follow=True).content.decode()
    assert "confirm the number 26" in refused
    assert not Task.objects.filter(kind="grant").exists()
    client.post(at("apply", decision.public_id), {"agreed": "26"})

    assert Task.objects.filter(kind="grant").count() == 26


def test_a_plan_is_cancelled(client, company):
    """Nothing of it is done, and the page says so."""
    decision = some(client, company)
    client.post(at("cancel", decision.public_id))
    shown = text_of(client, at("decision", decision.public_id))

    assert "Cancelled" in shown
    assert "Apply 3" not in shown


def test_a_plan_is_exported_before_it_is_applied(client, company):
    """As CSV, with who, what, from and to."""
    decision = some(client, company)
    answer = client.get(at("decision", decision.public_id), {"as": "csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()

    assert len(lines) == 4
    assert "Add to group,nothing → Design,Planned" in lines[1]


def finished(decision: Decision, **said) -> Order:
    """Its first order, carried out and seen."""
    order = decision.orders.first()
    moments = {"ordered_at": NOW, "applied_at": NOW, "verified_at": NOW}
    Order.objects.filter(pk=order.pk).update(state="verified", current=True, **moments, **said)
    Decision.objects.filter(pk=decision.pk).update(state="applied", applied_by="Olga Owner")
    return Order.objects.get(pk=order.pk)


def test_undo_plans_the_way_back(client, company):
    """Of a verified change there is a plan that reverses it."""
    decision = some(client, company, 1)
    finished(decision)
    assert "Plan the way back" in text_of(client, at("decision", decision.public_id))
    client.post(at("undo", decision.public_id), {"reason": "A mistake."})
    back = Decision.objects.latest("id")

    assert back.undoes == decision
    assert back.reason == "A mistake."
    assert f'Undone by</dt><dd><a href="{at("decision", back.public_id)}' in text_of(
        client, at("decision", decision.public_id)
    )


def a_drift(client, company: Company) -> Drift:
    """A change of ours that somebody undid."""
    order = finished(some(client, company, 1))
    sync = a_sync(company.app, 3, NOW)
    return Drift.objects.create(
        app=company.app, order=order, sync=sync, found={"present": True}, found_at=NOW
    )


def test_drift_is_restored_or_accepted(client, company):
    """Restore makes a plan; accepting wants a reason, and closes it."""
    drift = a_drift(client, company)
    assert "not in Design" in text_of(client, at("drifts"))
    shown = text_of(client, at("drift", drift.public_id))
    assert "Restore" in shown
    client.post(at("accept", drift.public_id))
    drift.refresh_from_db()
    assert drift.state == "open"
    client.post(at("accept", drift.public_id), {"reason": "They changed teams."})
    drift.refresh_from_db()

    assert drift.state == "accepted"
    assert "They changed teams." in text_of(client, at("drift", drift.public_id))


def test_restoring_shows_the_plan(client, company):
    """What was undone is planned again."""
    drift = a_drift(client, company)
    answer = client.post(at("restore", drift.public_id))
    made = Decision.objects.latest("id")

    assert answer["Location"] == at("decision", made.public_id)
    assert made.orders.get().operation == "grant"


def by_hand(client, company: Company) -> ManualStep:
    """A guest who has to be removed by hand."""
    decision = planned(client, company, verb="remove_guest", email="guest@else.example")
    client.post(at("apply", decision.public_id))
    return ManualStep.objects.get()


def test_a_step_by_hand_is_done_with_proof(client, company):
    """Instructions, one after the other; a text and a file show that it was done."""
    step = by_hand(client, company)
    shown = text_of(client, at("step", step.public_id))
    assert "guest@else.example, and remove them" in shown
    with Path(__file__).open("rb") as picture:
        client.post(
            at("finish", step.public_id), {"proof": "Ticket 7: done by Ana.", "file": picture}
        )
    shown = text_of(client, at("step", step.public_id))
    assert "Ticket 7: done by Ana." in shown
    assert "Done by hand" in shown
    file = b"".join(client.get(at("proof", step.public_id)).streaming_content)

    assert b"From rows with a tick to a plan" in file


def test_a_step_that_cannot_be_done(client, company):
    """The reason stands with the change, which has failed."""
    step = by_hand(client, company)
    client.post(at("cannot", step.public_id), {"reason": "Notion refuses."})
    shown = text_of(client, at("order", step.order.public_id))

    assert "Failed" in shown
    assert "Notion refuses." in shown


def test_marks_say_who_brought_it(client, company):
    """Before us, by us, outside: on the account's page and in the feed."""
    account = company.accounts[1]
    shown = text_of(client, reverse("access:account", args=(account.public_id,)))
    assert "Before us" in shown
    group = next(one for one in company.groups if account.public_id in outside(company, one))
    Grant.objects.create(
        account=account, entitlement=group, from_at=NOW, observed_at=NOW,
        first_sync=company.syncs[1],
    )  # fmt: skip
    shown = text_of(client, reverse("access:account", args=(account.public_id,)))
    assert "Outside" in shown

    assert "Outside" in text_of(client, reverse("access:feed", args=(company.app.public_id,)))


def test_pages_ask_little_and_make_no_markup(client, company, django_assert_max_num_queries):
    """Whatever a plan holds, its pages ask few questions, and names from Notion stay text."""
    decision = planned(
        client, company, verb="remove_account", all="1", query="q=", reason="<script>alert(1)"
    )
    step = by_hand(client, company)
    drift = a_drift(client, company)
    order = decision.orders.first()
    addresses = (
        at("decisions"), at("of_app", company.app.public_id), at("decision", decision.public_id),
        at("order", order.public_id), at("drifts"), at("drift", drift.public_id), at("steps"),
        at("step", step.public_id),
        at("ask", company.app.public_id) + "?verb=create_account",
        at("ask", company.app.public_id) + f"?verb=update_account&row={order.account.public_id}",
    )  # fmt: skip
    for address in addresses:
        with django_assert_max_num_queries(MOST_QUERIES):
            shown = text_of(client, address)

        assert "<script>alert" not in shown
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", shown)


def test_home_says_what_waits(client, company):
    """A plan, a step by hand and drift stand on the home page of those who may answer them."""
    waiting = (
        "1 plan waits to be applied",
        "1 step is to be done in Notion by hand",
        "1 change of ours was undone by somebody else",
    )
    before = text_of(client, reverse("home"))
    some(client, company)
    by_hand(client, company)
    a_drift(client, company)
    shown = text_of(client, reverse("home"))
    log_in(client, a_user("auditor", name="Aud Itor"))
    elsewhere = text_of(client, reverse("home"))

    for words in waiting:
        assert words in shown
        assert words not in before
        assert words not in elsewhere


def test_who_may_not_plan_sees_no_buttons(client, company):
    """An auditor reads everything and changes nothing; an owner of another app sees nothing."""
    decision = some(client, company)
    log_in(client, a_user("auditor", name="Aud Itor"))
    shown = text_of(client, at("decision", decision.public_id))
    assert "Apply 3" not in shown
    assert 'name="row"' not in shown
    assert client.post(at("apply", decision.public_id)).status_code == 403
    log_in(client, a_user("app_owner", name="Otto Other", scope="app_another"))
    assert client.get(at("decision", decision.public_id)).status_code == 403

    assert decision.title not in client.get(at("decisions")).content.decode()


def test_times_are_told(client, company):
    """Who decided, who applied and when it was verified stand on the page of a change."""
    order = finished(some(client, company, 1))
    Order.objects.filter(pk=order.pk).update(verified_at=NOW - timedelta(days=2))
    shown = text_of(client, at("order", order.public_id))

    assert "read again right after the change" in shown
    assert "Olga Owner" in shown
