"""What opens something for a self-hosted connector is nowhere to be read afterwards."""

import base64
import json
import logging
import re
from dataclasses import replace

import grpc
import pytest
from cast import log_in
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.urls import reverse
from gate_rig import Gate, Peer
from leaks import everything_stored, holding
from scenes import Scene

from rolecall.server.connectors.controller.tokens import forget
from rolecall.server.connectors.models import Client, Connector, Task
from rolecall.server.connectors.services.clients import Issued
from rolecall.server.people.models import User

NOTIONS = "ntn_" + "K1l2M3n4O5p6Q7r8S9t0" * 2
BEARERS = "Zm9vYmFyYmF6cXV4cXV1eA"


@pytest.fixture
def shown(gate: Gate, scene: Scene, caplog: pytest.LogCaptureFixture) -> tuple[Connector, Issued]:
    """A credential as the page shows it, once; everything is logged from now on."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="django.template")  # as `open_log` has it
    connector = gate.add()
    browser = log_in(User.objects.get(public_id=scene.admin.id))
    page = browser.post(reverse("connectors:rotate", args=(connector.public_id,)), {})
    found = {
        name: re.search(f'id="client-{name}" value="([^"]+)"', page.content.decode())[1]
        for name in ("id", "secret")
    }
    client = Client.objects.get(client_id=found["id"])
    return connector, Issued(client=client, client_id=found["id"], client_secret=found["secret"])


def lived(peer: Peer) -> dict[str, str]:
    """A caller's day, good and bad: what it showed at the door, and said by mistake."""
    stranger = replace(peer, key=Ed25519PrivateKey.generate())
    assertions = [peer.assertion(), stranger.assertion(), peer.assertion(exp=1)]
    statuses = [peer.ask_token(one)[0] for one in [*assertions, assertions[0]]]
    assert statuses == [200, 401, 401, 401]
    peer.login().hello()
    with pytest.raises(grpc.RpcError):
        replace(peer, token=BEARERS).get_task()
    task = peer.take()
    peer.upload(task.id, f'{{"msg":"asked","headers":"Bearer {BEARERS} {NOTIONS}"}}\n'.encode())
    said = f"401 for Authorization: Bearer {BEARERS}, token {NOTIONS}: unauthorized"
    peer.finish(task.id, error={"non_retryable": True}, status={"code": 16, "message": said})
    assert "unauthorized" in Task.objects.get(pk=task.id).message
    return {
        "access token": peer.token,
        **{f"assertion {n}": one.split(".")[2] for n, one in enumerate(assertions)},
    }


def test_a_callers_secrets_are_kept_nowhere(
    shown: tuple[Connector, Issued], gate: Gate, scene: Scene, caplog: pytest.LogCaptureFixture
):
    """Not in the database, a log, a page, or an answer: nor what a connector said by mistake."""
    connector, issued = shown
    last = issued.client_secret.rpartition(":")[2]
    jwk = json.loads(base64.urlsafe_b64decode(last + "=" * (-len(last) % 4)))
    secrets = {
        "client secret": last,
        "private key": jwk["d"],
        "authority's key": key_of_authority(gate),
        "Notion's token": NOTIONS,
        "a bearer token": BEARERS,
        **lived(Peer.by(issued, gate)),
    }

    assert holding(everything_stored(), secrets) == []
    assert holding(caplog.text, secrets) == []
    assert holding(everything_shown(scene, connector), secrets) == []
    assert jwk["x"] in everything_stored()  # the search finds what is there
    assert forget(scene.now()) == 0


def key_of_authority(gate: Gate) -> str:
    """One line of the private key that signed the controller's certificate."""
    files = [one for one in gate.root.parent.iterdir() if b"PRIVATE KEY" in one.read_bytes()]
    assert files
    assert all(one.stat().st_mode & 0o077 == 0 for one in files)
    return files[0].read_text("ascii").splitlines()[1]


def everything_shown(scene: Scene, connector: Connector) -> str:
    """Every page about a connector and its runs, and what the API says of them."""
    browser = log_in(User.objects.get(public_id=scene.admin.id))
    of_it = ["connector", "credentials", "settings", "runs", "audit", "live"]
    paths = [reverse(f"connectors:{name}", args=(connector.public_id,)) for name in of_it]
    for task in connector.tasks.all():
        paths.append(reverse("connectors:run", args=(task.pk,)))
        paths += [f"/api/tasks/{task.pk}", f"/api/tasks/{task.pk}/log"]
    paths += [f"/api/connectors/{connector.public_id}{part}" for part in ("", "/clients", "/hosts")]
    answers = {path: browser.get(path) for path in [*paths, "/audit/", "/settings/mail"]}
    assert {path: one.status_code for path, one in answers.items() if one.status_code != 200} == {}
    return "".join(one.content.decode() for one in answers.values())
