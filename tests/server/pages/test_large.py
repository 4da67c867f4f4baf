"""Pages of an app with 100,000 accounts: as few queries, and no page that has to be waited for."""

import time

import pytest
from company import Company, log_in
from django.db import connection
from django.urls import reverse

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ACCOUNTS = 100_000
SLOWEST = 8
"""How many times as long as with 60 accounts a page may take; counting them all is the most."""
_FILL = """
    insert into access_account (public_id, app_id, external_id, present, name, email, emails,
        status, attributes, role_id, groups, external, type, link, first_seen_at, last_changed_at,
        search)
    select 'acc_' || n, %(app)s, 'big-' || n, true, 'Person ' || (n * 7919 %% 100003),
        'person' || n || '@acme.example', array['person' || n || '@acme.example'], 'enabled', '{}',
        %(role)s, 0, false, 'human', 'unmatched', now(), now() - n * interval '1 second',
        to_tsvector('simple', 'Person ' || (n * 7919 %% 100003))
    from generate_series(1, %(many)s) n
"""


@pytest.fixture
def company(db: None) -> Company:
    """One app, few accounts at first."""
    del db
    return Company.build()


def best_of(client, address: str, query: dict[str, str]) -> float:
    """Seconds that the page takes when nothing is in its way."""
    spans = []
    for _try in range(5):
        began = time.perf_counter()
        assert client.get(address, query).status_code == 200
        spans.append(time.perf_counter() - began)
    return min(spans)


def test_no_page_of_a_large_app_is_slow(
    client, company, record_property, django_assert_max_num_queries
):
    """First, middle and last page, sorted, searched: in few queries, and not much longer."""
    log_in(client, company.user)
    address = reverse("access:accounts", args=(company.app.public_id,))
    small = best_of(client, address, {})
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL, {"app": company.app.pk, "role": company.roles[1].pk, "many": ACCOUNTS}
        )
        cursor.execute("analyze access_account")
    there = company.app.accounts.filter(present=True).count()
    company.app.entitlements.filter(kind="account").update(holders=there)
    ways = {
        "first": {},
        "middle": {"page": "2001"},
        "last": {"page": "4000"},
        "by change": {"sort": "-changed"},
        "search": {"q": "person 777"},
        "rare filter": {"external": "yes"},
    }
    ratios = {name: best_of(client, address, query) / small for name, query in ways.items()}
    told = ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items())
    record_property("told", f"pages of {ACCOUNTS:,} accounts, times a page of 60: {told}")
    with django_assert_max_num_queries(20):
        response = client.get(address, {"page": "4000"})

    assert "of more than 100,000" in response.content.decode()
    assert max(ratios.values()) < SLOWEST, told
    assert "of more than 10,000" in client.get(address, {"q": "person"}).content.decode()
