"""What an app is called, whose domains are the company's, who looks after it."""

import pytest
from company import NOW, Company, a_user, log_in
from django.urls import reverse

from rolecall.errors import Invalid, NotAllowed
from rolecall.server.access import settings
from rolecall.server.access.models import Account
from rolecall.server.audit.models import Event
from rolecall.server.audit.trail import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    """One app."""
    del db
    return Company.build(accounts=24)


def acting(user) -> Actor:
    """This user, as an actor."""
    return Actor(kind="person", id=user.public_id, name=user.name, user=user.pk)


@pytest.mark.parametrize(
    ("domains", "external"),
    [
        ([], set()),
        (["acme.example"], {"else.example"}),
        (["@ELSE.example "], {"acme.example"}),
        (["acme.example", "else.example"], set()),
        (["le.example"], {"acme.example", "else.example"}),
    ],
)
def test_domains_mark_every_account_anew(company, domains, external):
    """An address of another domain is external; a domain that only ends alike is another."""
    settings.set_domains(acting(company.user), company.app.public_id, domains, now=NOW)
    marked = Account.objects.filter(external=True).values_list("email", flat=True)
    others = Account.objects.filter(external=False).values_list("email", flat=True)

    assert {email.partition("@")[2] for email in marked} == external
    assert not {email.partition("@")[2] for email in others} & external
    assert Event.objects.latest("id").action == "app:domains:set"


@pytest.mark.parametrize("domain", ["acme", "a b.com", "acme.com/x", "-acme.com", "\u00e9.com"])
def test_what_is_no_domain_is_refused(company, domain):
    """Nothing is changed by it."""
    with pytest.raises(Invalid):
        settings.set_domains(acting(company.user), company.app.public_id, [domain], now=NOW)

    company.app.refresh_from_db()
    assert company.app.domains == ["acme.example"]


def test_owners_come_and_go(client, company):
    """The page sets them; whoever is one may edit the app, whoever was may not."""
    alva = a_user("member", name="Alva App")
    address = reverse("access:set_owners", args=(company.app.public_id,))
    log_in(client, company.user)
    client.post(address, {"owner": alva.public_id})
    assert settings.owners(company.app) == [alva]
    actor, app = acting(alva), company.app.public_id
    settings.describe(actor, app, name="Ours", description="", now=NOW)
    client.post(address, {})

    assert settings.owners(company.app) == []
    with pytest.raises(NotAllowed):
        settings.describe(actor, app, name="Mine", description="", now=NOW)
