"""The API says of each access who brought it, as the pages do."""

import pytest
from company import Company, log_in

from rolecall.server.access.models import Grant

pytestmark = pytest.mark.django_db


def test_who_brought_what_is_held(client):
    """What the first sync found was there before us; a later one found what came from outside."""
    company = Company.build(accounts=5)
    log_in(client, company.user)
    account = company.accounts[0]
    held = Grant.objects.filter(account=account, until_at=None)
    path = f"/api/accounts/{account.public_id}"

    def told(what: str) -> set[str]:
        items = client.get(f"{path}/{what}").json()["items"]
        assert items
        return {one["origin"] for one in items}

    held.update(first_sync=company.syncs[0])
    assert told("access") == {"before"}
    held.update(first_sync=company.syncs[1])
    assert told("access") == {"outside"}
    held.update(first_sync=None)
    assert told("access") == {"ours"}
    account.presences.update(first_sync=company.syncs[0])
    assert told("presences") == {"before"}
