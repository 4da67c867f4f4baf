"""What tables lead to: a row in short, the page of a row, and the way back from it."""

import re

import pytest
from company import HOSTILE, Company, a_user, log_in
from django.urls import reverse
from test_pages import MOST_QUERIES, addresses

pytestmark = pytest.mark.django_db
ALONE = {"home", "search:results", "people:unsent"}
"""Pages that are below no other."""
DRAWER = {"HX-Request": "true", "HX-Target": "peeked"}


@pytest.fixture
def company(client) -> Company:
    """Ten accounts in one app, and a browser of a super administrator."""
    found = Company.build(accounts=10)
    log_in(client, found.user)
    return found


def short(client, address: str) -> str:
    """What a drawer shows of it."""
    answer = client.get(address, headers=DRAWER)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_drawer_shows_the_facts_of_an_account(client, company, django_assert_max_num_queries):
    """Who, whose, since when, what, where from; a part of a page, without a form."""
    one = company.accounts[4]
    with django_assert_max_num_queries(MOST_QUERIES):
        text = short(client, reverse("access:account", args=(one.public_id,)))

    assert "<html" not in text
    assert "<form" not in text
    for said in (
        one.name,
        one.email,
        "Linked",
        one.role.name,
        "Holds now",
        "before the first sync",
    ):
        assert said in text
    assert f'href="{reverse("access:account", args=(one.public_id,))}"' in text


def test_names_stay_text_in_drawers_and_beside_rows(client, company):
    """An account called like a script is only called so."""
    hostile = next(one for one in company.accounts if one.name == HOSTILE)
    address = reverse("access:account", args=(hostile.public_id,))
    listed = client.get(reverse("access:accounts", args=(company.app.public_id,))).content.decode()

    assert "<script>alert" not in short(client, address)
    assert "<script>alert" not in listed
    assert f'href="{address}" data-peek' in listed


def test_a_drawer_asks_for_the_same_right_as_the_page(client, company):
    """Who may not see the account's app sees nothing of it in short either."""
    address = reverse("access:account", args=(company.accounts[0].public_id,))
    log_in(client, a_user("app_owner", name="Alva App", scope="app_other"))
    whole, part = client.get(address), client.get(address, headers=DRAWER)

    assert whole.status_code == part.status_code == 403
    assert company.accounts[0].email not in part.content.decode()


def test_tables_of_accounts_holders_and_orders_have_a_drawer(client, company):
    """Each row that is about an account leads to it; roles and groups have none."""
    group = company.groups[0]
    plan = {"verb": "add_to_group", "target": group.public_id}
    rows = [one.public_id for one in company.accounts]
    made = client.post(reverse("orders:plan", args=(company.app.public_id,)), plan | {"row": rows})[
        "Location"
    ]
    app = company.app.public_id
    here = reverse("access:entitlement", args=(group.public_id,))
    for address, number in (
        (reverse("access:accounts", args=(app,)), 10), (here, 5), (made, 10),
        (reverse("orders:orders"), 10), (reverse("access:entitlements", args=(app,)), 0),
    ):  # fmt: skip
        text = client.get(address).content.decode()
        assert text.count("data-peek") == number, address
        assert text.count(f'data-peek aria-label="Peek at {company.accounts[0]}"') == (number > 0)


def test_every_page_below_another_says_the_way(client, company):
    """A page that neither the frame nor a tab leads to has a breadcrumb."""
    missing = []
    for name, address in addresses(company).items():
        text = client.get(address).content.decode()
        frame = r'<(nav) class="(?:nav|tabs)".*?</nav>|<(header) class="topbar".*?</header>'
        navs = "".join(one[0] for one in re.finditer(frame, text, re.DOTALL))
        path = address.partition("?")[0]
        led_to = f'href="{path}"' in navs or name in ALONE
        if "<html" in text and not led_to and 'class="crumbs"' not in text:
            missing.append(name)

    assert missing == []
