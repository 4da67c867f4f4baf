"""The ways to a controller: one port with TLS, two behind a proxy, and the program that serves."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import grpc
import pytest
from cryptography import x509
from gate_rig import BEARER, SERVICE, Gate, Peer, opened, until
from scenes import Scene
from session_database import SessionDatabase

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.server import clock
from rolecall.server.connectors.controller import front, serving
from rolecall.server.connectors.controller.serving import Place
from rolecall.server.project.authority import Kept, prepare
from rolecall.server.project.embedded.roles import Role


def alpn(gate: Gate, *offered: str) -> str | None:
    """What the controller chooses of what is offered."""
    trust = ssl.create_default_context(cafile=str(gate.root))
    if offered:
        trust.set_alpn_protocols(list(offered))
    with (
        socket.create_connection(("127.0.0.1", gate.ports.front), timeout=30) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}
        return secured.selected_alpn_protocol()


def test_one_port_prefers_http_1(gate: Gate):
    """So that Go's request for a token is told from its gRPC, which offers h2 alone."""
    assert alpn(gate, "h2", "http/1.1") == "http/1.1"
    assert alpn(gate, "h2") == "h2"
    assert alpn(gate) is None


def test_tls_is_at_least_1_2(gate: Gate):
    """And never without."""
    old = ssl.create_default_context(cafile=str(gate.root))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", gate.ports.front), timeout=30) as plain,
        pytest.raises(OSError, match=r"SSL|EOF|reset|PROTOCOL|protocol"),
    ):
        old.wrap_socket(plain, server_hostname="localhost")
    bare = http.client.HTTPConnection("127.0.0.1", gate.ports.front, timeout=30)
    bare.request("POST", "/auth/v1/token", "")
    with pytest.raises((OSError, http.client.HTTPException)):
        bare.getresponse()
    bare.close()


def test_nonsense_ends_a_connection_and_nothing_else(gate: Gate):
    """Whoever comes next is served."""
    trust = ssl.create_default_context(cafile=str(gate.root))
    for nonsense in (b"\x00" * 100, b"GET / HTTP/1.1\r\n" + b"x" * 40000, b"POST /auth/v1/token"):
        with (
            socket.create_connection(("127.0.0.1", gate.ports.front), timeout=30) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            secured.sendall(nonsense)
    assert gate.peer(gate.add()).login().get_task()


def test_behind_a_proxy_each_has_a_port(scene: Scene, tmp_path: Path):
    """The proxy has the TLS: the token by plain HTTP, the calls by plain HTTP/2."""
    place = Place(token_bind="127.0.0.1:0", grpc_bind="127.0.0.1:0")  # noqa: S106 - an address
    with opened(scene, tmp_path, place) as gate:
        peer = gate.peer(gate.add())
        plain = http.client.HTTPConnection("127.0.0.1", gate.ports.front, timeout=30)
        plain.request("GET", "/live")
        assert plain.getresponse().status == 200
        plain.close()
        peer.token = token_without_tls(gate, peer)
        with grpc.insecure_channel(f"127.0.0.1:{gate.ports.grpc}") as channel:
            call = channel.unary_unary(
                SERVICE + "GetTask",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=api.BatonServiceGetTaskResponse.FromString,
            )
            headers = (("authorization", f"Bearer {peer.token}"),)
            request = api.BatonServiceGetTaskRequest(host_id="here")
            assert call(request, metadata=headers, timeout=30).task.HasField("none")


def token_without_tls(gate: Gate, peer: Peer) -> str:
    """A token, asked for as a proxy does."""
    form = {
        "client_assertion": peer.assertion(),
        "client_assertion_type": BEARER,
        "client_id": peer.client_id,
        "grant_type": "client_credentials",
    }
    plain = http.client.HTTPConnection("127.0.0.1", gate.ports.front, timeout=30)
    try:
        plain.request("POST", "/auth/v1/token", urlencode(form))
        return str(json.loads(plain.getresponse().read())["access_token"])
    finally:
        plain.close()


def test_the_program_serves_and_ends(database: SessionDatabase, scene: Scene, tmp_path: Path):
    """`rolecall controller` on a database of one's own, until SIGTERM."""
    del scene
    found = prepare(tmp_path, ["localhost"], None, clock.now())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environ = database.environ(
        Role.WEB,
        ROLECALL_CONTROLLER_BIND=f"127.0.0.1:{port}",
        ROLECALL_CONTROLLER_CERTIFICATE=str(found.certificate),
        ROLECALL_CONTROLLER_KEY=str(found.key),
        PYTHONPATH=os.pathsep.join(filter(None, sys.path)),
    )
    # Under root the command would go on as a user who cannot read this test's folder.
    stay = "import sys; from rolecall.server.project.installation import Installation; "
    stay += "Installation.step_down = lambda self: None; sys.argv = ['rolecall', 'controller']; "
    run = "from rolecall.server.project.cli import main; main()"
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", stay + run], env=environ, stdout=said, stderr=said
        )
    try:
        until(lambda: alive(process, found.root, port), what="the controller")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, (tmp_path / "said").read_text()
    finally:
        process.kill()
        process.wait()


def alive(process: subprocess.Popen[bytes], root: Path, port: int) -> bool:
    """Whether it answers."""
    assert process.poll() is None, "it has ended"
    trust = ssl.create_default_context(cafile=str(root))
    asked = http.client.HTTPSConnection("localhost", port, context=trust, timeout=10)
    try:
        asked.request("GET", "/live")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()


def test_a_certificate_of_our_own(tmp_path: Path):
    """Made once; anew when it ends soon or is for other names, by the same authority."""
    now = clock.now()
    found = prepare(tmp_path / "own", ["rolecall.example", "127.0.0.1"], None, now)
    root, first = found.root.read_bytes(), found.certificate.read_bytes()
    shown = x509.load_pem_x509_certificate(first)
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["rolecall.example"]
    shown.verify_directly_issued_by(x509.load_pem_x509_certificate(root))
    for secret in (found.key, tmp_path / "own" / "ca.key"):
        assert secret.stat().st_mode & 0o777 == 0o600

    prepare(tmp_path / "own", ["rolecall.example", "127.0.0.1"], None, now)
    assert found.certificate.read_bytes() == first
    prepare(tmp_path / "own", ["else.example", "127.0.0.1"], None, now)
    second = found.certificate.read_bytes()
    assert second != first
    prepare(tmp_path / "own", ["else.example", "127.0.0.1"], None, now + timedelta(days=300))
    assert found.certificate.read_bytes() != second
    assert found.root.read_bytes() == root


def test_a_certificate_that_is_looked_after(tmp_path: Path):
    """It is made anew in its last 120 days, and looked at no more than once an hour."""
    begun = clock.now()
    kept = Kept(tmp_path / "own", ["localhost"], None)
    kept.look_after(begun)
    shown = tmp_path / "own" / "server.pem"
    first = shown.read_bytes()
    kept.look_after(begun + timedelta(days=276))
    assert shown.read_bytes() == first
    kept.look_after(begun + timedelta(days=276, minutes=30))
    kept.look_after(begun + timedelta(days=278))
    second = x509.load_pem_x509_certificate(shown.read_bytes())
    assert shown.read_bytes() != first
    assert second.not_valid_after_utc > begun + timedelta(days=278 + 396)
    assert sorted(one.name for one in (tmp_path / "own").iterdir()) == [
        "ca.key", "ca.pem", "server.key", "server.pem",
    ]  # fmt: skip


def test_a_new_certificate_is_shown_while_calls_go_on(
    scene: Scene, database: SessionDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Who is connected stays so; who comes next sees the new one; half of one changes nothing."""
    del database
    monkeypatch.setattr(serving, "_ANEW_EACH_S", 0.1)
    monkeypatch.setattr(front, "_PATIENCE_S", 300.0)
    with opened(scene, tmp_path) as gate:
        trust = ssl.create_default_context(cafile=str(gate.root))
        first = serial(gate, trust)
        with (
            socket.create_connection(("127.0.0.1", gate.ports.front), timeout=60) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as connected,
        ):
            (tmp_path / "tls" / "server.key").write_text("half")
            time.sleep(0.5)
            assert serial(gate, trust) == first
            prepare(tmp_path / "tls", ["127.0.0.1", "localhost"], None, clock.now())
            until(lambda: serial(gate, trust) != first, what="the new certificate")
            connected.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connected.recv(100).startswith(b"HTTP/1.1 200")


def serial(gate: Gate, trust: ssl.SSLContext) -> str:
    """Which certificate is shown."""
    with (
        socket.create_connection(("127.0.0.1", gate.ports.front), timeout=60) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        return str(secured.getpeercert()["serialNumber"])
