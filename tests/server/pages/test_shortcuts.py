"""What makes pages fast leaves nothing out: gone holders, ways of looking, roles asked once."""

import re

import pytest
from company import Company, a_user, log_in
from django.db.models import F
from django.test import RequestFactory
from django.urls import reverse
from django.utils.html import escape

from rolecall.server.access import asof
from rolecall.server.access.models import Account, Grant
from rolecall.server.people.door import actor_of
from rolecall.server.people.models import RoleAssignment
from rolecall.server.people.permissions import may
from rolecall.server.tables import view

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    """Sixty accounts in one app."""
    del db
    return Company.build()


def shown(client, address: str, **query: str) -> list[str]:
    """Public ids of the accounts on all pages of a table, in their order."""
    found: list[str] = []
    page, said = 0, 'rel="next"'
    while 'rel="next"' in said:
        page += 1
        said = client.get(address, {**query, "page": page}).content.decode()
        found += re.findall('scope="row"><a href="/accounts/([^"]+)"', said)
    return found


def test_a_role_is_held_by_who_is_gone_while_nothing_says_that_it_ended(client, company):
    """Found among all holders, and counted."""
    log_in(client, company.user)
    role = company.roles[0]
    held = Grant.objects.filter(entitlement=role, until_at=None).select_related("account")
    gone = held[0].account
    Account.objects.filter(pk=gone.pk).update(present=False)

    said = client.get(reverse("access:entitlement", args=(role.public_id,))).content.decode()

    assert escape(gone.name) in said
    assert f"1–{held.count()} of {held.count()}" in said  # noqa: RUF001 - a dash, as the page has it


@pytest.mark.parametrize(("at_hand", "few"), [(200, 5_000), (5, 5_000), (0, 0)])
def test_what_is_found_is_the_same_however_it_is_looked_for(
    client, company, monkeypatch, *, at_hand, few
):
    """Few by their keys, some by a query inside, many in the order of an index: page after page."""
    monkeypatch.setattr(view, "_AT_HAND", at_hand)
    monkeypatch.setattr(view, "_FEW", few)
    log_in(client, company.user)
    address = reverse("access:accounts", args=(company.app.public_id,))
    wanted = Account.objects.filter(app=company.app, status="enabled").order_by("name", "id")
    found = ""
    for page in (1, 2, 3):
        query = {"status": "enabled", "page": page, "cols": "account"}
        found += client.get(address, query).content.decode()

    places = [found.index(f'href="/accounts/{one.public_id}"') for one in wanted]
    assert len(places) > 50
    assert places == sorted(places)


def test_a_bound_is_told_and_not_passed_over(client, company, monkeypatch):
    """More are found than are counted: it says so, and pages as far as it counted."""
    monkeypatch.setattr(view, "FOUND", 50)
    monkeypatch.setattr(view, "_FEW", 0)
    log_in(client, company.user)
    address = reverse("access:accounts", args=(company.app.public_id,))

    said = client.get(address, {"status": "enabled", "page": 9}).content.decode()

    assert "26–50 of more than 50" in said  # noqa: RUF001 - as above
    assert 'rel="next"' not in said


def test_a_deed_asks_for_the_roles_each_time_and_a_page_once():
    """A role that was taken away while a deed waited counts no more."""
    user = a_user("auditor")
    reads, does = (actor_of(getattr(RequestFactory(), how)("/"), user) for how in ("get", "post"))
    assert may(does, "audit:read")
    assert does.roles is None

    RoleAssignment.objects.filter(user=user).delete()

    assert not may(does, "audit:read")
    assert reads.roles == {("auditor", "")}


@pytest.mark.parametrize("sort", ["role", "-role"])
def test_by_role_is_one_role_after_the_other_on_every_page(client, company, sort):
    """As the database would sort them, and who has no role last; no row twice, none left out."""
    log_in(client, company.user)
    Account.objects.filter(pk__in=[one.pk for one in company.accounts[:5]]).update(role=None)
    turned = sort.startswith("-")
    names = F("role__name").desc() if turned else F("role__name").asc()
    others = ("-name", "-id") if turned else ("name", "id")
    wanted = company.app.accounts.order_by(names, *others)
    address = reverse("access:accounts", args=(company.app.public_id,))

    found = shown(client, address, sort=sort)

    assert found == [one.public_id for one in wanted]


_ORDERS = {"account": ("name", "id"), "-account": ("-name", "-id"), "email": ("email", "id")}


@pytest.mark.parametrize("sort", [*_ORDERS, "-since"])
@pytest.mark.parametrize("what", ["a role", "everybody"])
def test_holders_are_the_same_whichever_way_they_are_found(client, company, what, sort):
    """By the index of accounts, or among what they hold: page after page, and searched."""
    log_in(client, company.user)
    one = company.roles[1] if what == "a role" else company.app.entitlements.get(kind="account")
    held = company.app.accounts.filter(**({"role": one} if what == "a role" else {}))
    address = reverse("access:entitlement", args=(one.public_id,))

    found = shown(client, address, sort=sort)
    searched = shown(client, address, sort=sort, q="ana")

    wanted = [account.public_id for account in held.order_by(*_ORDERS.get(sort, ()))]
    assert found == wanted if sort in _ORDERS else sorted(found) == sorted(wanted)
    assert set(searched) == {a.public_id for a in held.filter(name__istartswith="ana")}


def test_who_holds_two_roles_stands_with_both(client, company):
    """Only one of them is what the account says; the other is found among all holders."""
    log_in(client, company.user)
    first, second = company.roles[:2]
    both = next(one for one in company.accounts if one.role == first)
    held = Grant.objects.get(account=both, entitlement=first)
    held.pk, held.entitlement = None, second
    held.save()
    type(second).objects.filter(pk=second.pk).update(holders=F("holders") + 1)

    for role in (first, second):
        address = reverse("access:entitlement", args=(role.public_id,))
        assert both.public_id in shown(client, address)


@pytest.mark.parametrize("synced", [True, False])
def test_how_many_accounts_there_are_is_told_before_the_first_sync_too(client, company, *, synced):
    """What taking in writes down is told as it is; where nothing is, accounts are counted."""
    log_in(client, company.user)
    Account.objects.filter(pk__in=[one.pk for one in company.accounts[:9]]).update(present=False)
    held = company.app.entitlements.filter(kind="account")
    held.update(holders=51) if synced else held.delete()

    assert asof.number_now(company.app) == 51
    for name, args in (
        ("home", ()),
        ("access:apps", ()),
        ("access:accounts", (company.app.public_id,)),
    ):
        said = client.get(reverse(name, args=args)).content.decode()
        assert re.search(r"\b51\b", said), name
