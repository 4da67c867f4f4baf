"""The page of a user says what they look after, by name."""

import pytest
from company import NOW, Company, log_in
from django.urls import reverse

from rolecall.server.people.models import RoleAssignment

pytestmark = pytest.mark.django_db


def test_an_owner_is_named_with_what_they_own(client):
    """A connector and an app by name, each with the way there; what is gone keeps its id."""
    company = Company.build(accounts=5)
    log_in(client, company.user)
    role = RoleAssignment.Role
    for held, scope in (
        (role.CONNECTOR_OWNER, company.connector.public_id),
        (role.APP_OWNER, company.app.public_id),
        (role.APP_OWNER, "app_gone"),
    ):
        given = {"user": company.user, "role": held, "scope": scope, "until_at": None}
        RoleAssignment.objects.get_or_create(**given, defaults={"from_at": NOW})

    text = client.get(reverse("people:user", args=(company.user.public_id,))).content.decode()

    connector = reverse("connectors:connector", args=(company.connector.public_id,))
    assert f'<a href="{connector}">{company.connector.name}</a>' in text
    assert f"<code>{company.connector.public_id}</code>" not in text
    assert f'<a href="{reverse("access:app", args=(company.app.public_id,))}">' in text
    assert "<code>app_gone</code>" in text
