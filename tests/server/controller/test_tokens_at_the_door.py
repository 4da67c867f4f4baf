"""The token endpoint: who gets an access token, who does not, and what it opens."""

import json
from datetime import timedelta

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gate_rig import Gate, Peer
from scenes import Scene

from rolecall.server.connectors.controller import tokens
from rolecall.server.connectors.models import AccessToken, Client, UsedAssertion
from rolecall.server.connectors.services.clients import end
from rolecall.server.connectors.services.delete import delete

CODE = grpc.StatusCode


def refused(peer: Peer, *, token: str | None = None) -> grpc.StatusCode:
    """How a call without a good token ends."""
    peer.token = peer.token if token is None else token
    with pytest.raises(grpc.RpcError) as caught:
        peer.get_task()
    return caught.value.code()


def test_a_good_assertion_gets_a_token_once(gate: Gate):
    """It opens the service for an hour; the same assertion again opens nothing."""
    peer = gate.peer(gate.add())
    assertion = peer.assertion()
    status, answer = peer.ask_token(assertion)

    assert (status, answer["expires_in"]) == (200, 3600)
    peer.token = answer["access_token"]
    assert peer.get_task().task.WhichOneof("task_type") == "none"
    again, told = peer.ask_token(assertion)
    assert (again, told["error"]) == (401, "invalid_client")
    assert "used before" in told["error_description"]
    assert bytes(AccessToken.objects.get().digest) != answer["access_token"].encode()


def test_assertions_that_prove_nothing(gate: Gate):
    """Each is wrong in one thing, and is refused for that."""
    peer = gate.peer(gate.add())
    now = int(peer.clock().timestamp())
    mallory = Peer(**{**peer.__dict__, "key": Ed25519PrivateKey.generate()})
    head, body, signature = peer.assertion().split(".")
    none = peer.assertion({"alg": "none"}).rpartition(".")[0]
    wrong = {
        "another key": mallory.assertion(),
        "another issuer": peer.assertion(iss="somebody"),
        "another subject": peer.assertion(sub="somebody"),
        "another audience": peer.assertion(aud="example.com"),
        "no audience": peer.assertion(aud=None),
        "expired": peer.assertion(nbf=now - 600, exp=now - 121),
        "not yet": peer.assertion(nbf=now + 240, exp=now + 480),
        "too long": peer.assertion(nbf=now - 60, exp=now + 86400),
        "endless": peer.assertion(exp=1e300),
        "text for a time": peer.assertion(exp="tomorrow"),
        "no algorithm": f"{none}.",
        "another algorithm": peer.assertion({"alg": "HS256"}),
        "cut": f"{head}.{body}",
        "another body": f"{head}.{body[:-4]}AAAA.{signature}",
        "empty": "",
        "long": "a" * 5000,
    }
    for what, assertion in wrong.items():
        status, answer = peer.ask_token(assertion or "x")
        assert (status, answer["error"]) == (401, "invalid_client"), what
    assert not AccessToken.objects.exists()
    assert not UsedAssertion.objects.exists()
    within = peer.assertion(nbf=now - 240, exp=now - 60)
    assert peer.ask_token(within)[0] == 200, "a minute late is within what clocks may differ"


def test_requests_that_are_none(gate: Gate):
    """They are answered, with what is wrong."""
    peer = gate.peer(gate.add())
    assert peer.ask_token(client_id="nobody@localhost/x")[0] == 401
    assert peer.ask_token(grant_type="password")[0] == 400
    assert peer.ask_token(client_assertion_type="else")[0] == 400
    assert peer.post("/auth/v1/token", "\xff" * 10)[0] == 400
    assert peer.post("/somewhere", "")[0] == 404


def test_what_opens_nothing(gate: Gate, scene: Scene):
    """No token, another one, one that is too old, one of a credential that has ended."""
    connector = gate.add()
    peer = gate.peer(connector).login()
    good = peer.token
    assert refused(peer, token="") == CODE.UNAUTHENTICATED
    assert refused(peer, token="made-up") == CODE.UNAUTHENTICATED  # noqa: S106 - it opens nothing
    scene.step = timedelta(hours=1, seconds=1)
    assert refused(peer, token=good) == CODE.UNAUTHENTICATED
    assert tokens.forget(scene.now()) == 2

    peer.login()
    end(scene.admin, connector.public_id, Client.objects.get().public_id, now=scene.now())
    assert refused(peer) == CODE.UNAUTHENTICATED
    assert peer.ask_token()[0] == 401


def test_an_old_credential_goes_on_for_the_overlap(gate: Gate, scene: Scene):
    """And not a second longer; with no overlap it ends at once."""
    connector = gate.add()
    first = gate.peer(connector).login()
    second = Peer.by(gate.issue(connector, overlap=timedelta(minutes=30)), gate).login()
    assert first.get_task()
    assert first.login().get_task()
    assert AccessToken.objects.order_by("-id").first().until <= scene.now() + timedelta(minutes=30)
    scene.step = timedelta(minutes=30, seconds=1)
    assert refused(first) == CODE.UNAUTHENTICATED
    assert first.ask_token()[0] == 401
    assert second.get_task()

    third = gate.peer(connector).login()
    assert refused(second) == CODE.UNAUTHENTICATED
    assert third.get_task()


def test_a_deleted_connector_is_shut_out(gate: Gate, scene: Scene):
    """At once."""
    connector = gate.add()
    peer = gate.peer(connector).login()
    delete(scene.admin, connector.public_id, connector.name, now=scene.now())
    assert refused(peer) == CODE.UNAUTHENTICATED
    assert peer.ask_token()[0] == 401


def test_only_the_public_key_is_kept(gate: Gate):
    """And what is shown once shows itself nowhere else."""
    issued = gate.issue(gate.add())
    kept = json.dumps(Client.objects.get().public_key)
    assert '"d"' not in kept
    assert issued.client_secret not in repr(issued)
    assert issued.client_secret.split(":")[3] not in repr(issued)
