"""The live part of a connector's page goes on asking until what it shows is the end."""

import pytest
from company import Company, log_in
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_label_that_is_behind_its_task_is_asked_for_again(client):
    """The sync ended between our look at the connector and our look at its tasks."""
    company = Company.build(accounts=5)
    log_in(client, company.user)
    address = reverse("connectors:live", args=(company.connector.public_id,))
    assert "every 2s" not in client.get(address).content.decode()
    company.connector.state = "syncing"
    company.connector.save()

    assert "every 2s" in client.get(address).content.decode()
