"""The pages of a self-hosted connector: Rotate, what is shown once, where it runs."""

import re
from datetime import timedelta

import pytest
import yaml
from company import NOW, Company, a_user, log_in
from django.urls import reverse

from rolecall.baton.service.credentials import read_credentials
from rolecall.server import clock
from rolecall.server.connectors.models import Client, Connector, Host, Task

pytestmark = pytest.mark.django_db
CAN = {
    "capabilities": {
        "connector_capabilities": ["CAPABILITY_SYNC", "CAPABILITY_PROVISION"],
        "resource_type_capabilities": [
            {"resource_type": {"id": "group"}, "capabilities": ["CAPABILITY_RESOURCE_CREATE"]},
            {"resource_type": "odd", "capabilities": 5},
        ],
    }
}


@pytest.fixture
def baton(client) -> Connector:
    """A self-hosted connector, and a browser of somebody who may do everything."""
    company = Company.build(accounts=5)
    log_in(client, company.user)
    company.connector.kind = "baton"
    company.connector.save()
    return company.connector


def address(name: str, connector: Connector, *more: str) -> str:
    """Of a page of this connector."""
    return reverse(f"connectors:{name}", args=(connector.public_id, *more))


def rotated(client, connector, **said: str) -> tuple[str, str, str]:
    """Press Rotate: client id, secret, and the whole page."""
    answer = client.post(address("rotate", connector), said)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = [re.search(f'id="client-{name}" value="([^"]+)"', text) for name in ("id", "secret")]
    return found[0][1], found[1][1], text


def test_rotate_shows_a_credential_that_connectors_can_read(client, baton):
    """Client ID and Secret have the form that Baton's connectors read, and belong together."""
    client_id, secret, text = rotated(client, baton, provisioning="on")
    read = read_credentials(client_id, secret)
    kept = Client.objects.get().public_key

    assert kept["x"] == read.key["x"]
    assert "d" not in kept
    assert "Carefully copy and save these credentials" in text
    shown = re.search('id="recipe-secrets"[^>]*>(.*?)</pre>', text, re.DOTALL)[1]
    manifest = yaml.safe_load(
        shown.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
    )
    assert manifest["stringData"]["BATON_CLIENT_SECRET"] == secret
    assert manifest["stringData"]["BATON_PROVISIONING"] == "true"
    assert manifest["stringData"]["BATON_SCIM_TOKEN"] == "<SCIM token>"  # noqa: S105 - its place
    assert "<SCIM token>" not in text  # it is text, and no tag of the page


def test_a_secret_is_shown_once(client, baton):
    """No later page has it."""
    _client_id, secret, _text = rotated(client, baton)

    for name in ("connector", "credentials", "audit", "settings", "runs"):
        assert secret not in client.get(address(name, baton)).content.decode()


def test_the_old_credential_works_as_long_as_was_chosen(client, baton):
    """At once, or after the time that was chosen; the page says until when."""
    first, *_rest = rotated(client, baton)
    begun = clock.now()
    rotated(client, baton, overlap="3600")
    old = Client.objects.get(client_id=first)
    assert begun <= old.ends_at - timedelta(hours=1) <= clock.now()
    assert "Ends soon" in client.get(address("credentials", baton)).content.decode()
    client.post(address("end_client", baton, old.public_id))
    assert "Ended" in client.get(address("credentials", baton)).content.decode()

    assert client.post(address("rotate", baton), {"overlap": "17"}).status_code == 422


def test_who_may_not_sees_no_rotate(client, baton):
    """An auditor sees who calls, and cannot make a credential."""
    rotated(client, baton)
    log_in(client, a_user("auditor", name="Aud Itor"))
    page = client.get(address("credentials", baton)).content.decode()

    assert "Client.objects" not in page
    assert "Rotate</button>" not in page
    assert client.post(address("rotate", baton)).status_code == 403


def test_the_page_says_where_it_runs(client, baton):
    """Host, version, system, when it was last seen, what it says that it can; or its silence."""
    now = clock.now()
    for name, seen in (("pod-1", now), ("pod-0", now - timedelta(hours=2))):
        Host.objects.create(
            connector=baton, name=name, version="rolecall 0.1.0", system="linux arm64",
            capabilities=CAN, first_seen_at=seen, seen_at=seen,
        )  # fmt: skip
    baton.seen_at, baton.missed_at, baton.state = now - timedelta(hours=2), now, "not_seen"
    baton.save()
    text = client.get(address("connector", baton)).content.decode()

    for words in ("pod-1", "rolecall 0.1.0", "linux arm64", "Running", "Not seen since",
                  "group: resource create", "the connector: sync, provision"):  # fmt: skip
        assert words in text
    assert text.index("pod-1") < text.index("pod-0")


def test_a_test_asks_for_no_token(client, baton):
    """The button is there once it has called; its answer, and what a silent one gets, too."""
    assert (
        "Test whether it answers" not in client.get(address("credentials", baton)).content.decode()
    )
    Connector.objects.update(seen_at=NOW - timedelta(days=3))
    refused = client.post(address("test", baton), follow=True).content.decode()
    assert "has not called since" in refused
    assert "no credential" not in refused

    Connector.objects.update(seen_at=clock.now())
    assert "Test whether it answers" in client.get(address("credentials", baton)).content.decode()
    client.post(address("test", baton))
    task = Task.objects.get(kind="test")
    task.result = {"lines": [{"what": "It answers", "ok": True, "found": "pod-1.", "missing": ""}]}
    task.save()
    assert "pod-1." in client.get(address("tested", baton)).content.decode()
