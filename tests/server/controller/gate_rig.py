"""A controller to call, and a connector that calls it as those in Go do; none of it ours.

The caller signs with `cryptography`, speaks HTTP with the standard library, and opens a channel for
every call: what it sends is what the golden transcripts show of Go connectors.
"""

import asyncio
import base64
import hashlib
import http.client
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from scenes import Scene

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import baton_pb2 as api
from rolecall.server import clock
from rolecall.server.access.models import App
from rolecall.server.connectors.controller.serving import Place, Ports, serving
from rolecall.server.connectors.models import Connector
from rolecall.server.connectors.services.add import ExistingApp, NewApp, add
from rolecall.server.connectors.services.clients import Issued, rotate
from rolecall.server.project.authority import prepare

__all__ = ["Gate", "Peer", "opened", "until"]

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SERVICE = "/c1.connectorapi.baton.v1.BatonService/"


def until(true: Callable[[], Any], *, within_s: float = 90.0, what: str = "it") -> Any:
    """Wait for something to be so."""
    end = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < end, f"{what} does not happen"
        time.sleep(0.05)
    return found


@dataclass
class Gate:
    """A running controller."""

    scene: Scene
    root: Path
    """The authority that signed its certificate."""
    ports: Ports

    @property
    def address(self) -> str:
        """As connectors reach it."""
        return f"localhost:{self.ports.front}"

    def add(self, name: str = "Own Notion", app: str = "Larkspur") -> Connector:
        """A self-hosted connector."""
        there = App.objects.filter(name=app).first()
        target = ExistingApp(public_id=there.public_id) if there else NewApp(name=app)
        return add(
            self.scene.admin, name=name, target=target, owners=[self.scene.admin.id],
            now=self.scene.now(), kind="baton",
        )  # fmt: skip

    def issue(self, connector: Connector, overlap: timedelta = timedelta()) -> Issued:
        """A new credential."""
        return rotate(self.scene.admin, connector.public_id, overlap=overlap, now=self.scene.now())

    def peer(self, connector: Connector, host: str = "probe-host") -> "Peer":
        """Something that calls by a new credential of this connector."""
        return Peer.by(self.issue(connector), self, host)

    def environ(self, issued: Issued) -> dict[str, str]:
        """For `rolecall-notion`."""
        return {
            "BATON_CLIENT_ID": issued.client_id,
            "BATON_CLIENT_SECRET": issued.client_secret,
            "SSL_CERT_FILE": str(self.root),
        }


@contextmanager
def opened(scene: Scene, folder: Path, place: Place | None = None) -> Iterator[Gate]:
    """A controller in a thread, with a certificate of an authority of its own."""
    found = prepare(folder / "tls", ["localhost", "127.0.0.1"], None, clock.now())
    wanted = place or Place(
        bind="127.0.0.1:0", certificate=str(found.certificate), key=str(found.key)
    )
    with _Thread(wanted, scene.now) as ports:
        yield Gate(scene=scene, root=found.root, ports=ports)


class _Thread:
    """An event loop of its own, in which a controller serves."""

    def __init__(self, place: Place, now: Callable[[], datetime]) -> None:
        self._place, self._now = place, now
        self._ready, self._ports = threading.Event(), list[Ports]()
        self._loop, self._stopping = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="gate")

    def __enter__(self) -> Ports:
        self._thread.start()
        assert self._ready.wait(60)
        assert self._ports, "the controller did not start"
        return self._ports[0]

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve(self) -> None:
        async with serving(self._place, self._now) as listening:
            self._ports.append(listening)
            self._ready.set()
            await self._stopping.wait()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Peer:
    """A connector that calls; `host` is what it names itself."""

    client_id: str
    key: Ed25519PrivateKey = field(repr=False)
    address: str
    roots: bytes = field(repr=False)
    host: str
    clock: Callable[[], datetime]
    token: str = field(default="", repr=False)

    @classmethod
    def by(cls, issued: Issued, gate: Gate, host: str = "probe-host") -> "Peer":
        """One that has this credential."""
        parts = issued.client_secret.split(":")
        assert (len(parts), parts[2]) == (4, "v1")
        jwk = json.loads(base64.urlsafe_b64decode(parts[3] + "=="))
        key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(jwk["d"] + "="))
        return cls(
            client_id=issued.client_id, key=key, address=gate.address,
            roots=gate.root.read_bytes(), host=host, clock=gate.scene.now,
        )  # fmt: skip

    def assertion(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """As Go makes it; whatever is given stands in place of that."""
        now = int(self.clock().timestamp())
        host = self.client_id.split("@")[1].split("/")[0].split(":")[0]
        head = {"alg": "EdDSA", "nonce": secrets.token_hex(16)} if header is None else header
        body = {
            "iss": self.client_id, "sub": self.client_id, "aud": host,
            "iat": now, "nbf": now - 120, "exp": now + 120, **claims,
        }  # fmt: skip
        text = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(body).encode())}"
        return f"{text}.{_b64(self.key.sign(text.encode()))}"

    def ask_token(self, assertion: str = "", **fields: str) -> tuple[int, dict[str, Any]]:
        """Status and answer of the token endpoint."""
        form = {
            "client_assertion": assertion or self.assertion(),
            "client_assertion_type": BEARER,
            "client_id": self.client_id,
            "grant_type": "client_credentials",
            **fields,
        }
        return self.post("/auth/v1/token", urlencode(form))

    def post(self, path: str, body: str) -> tuple[int, dict[str, Any]]:
        """What is answered; offering both protocols, as Go's HTTP client does."""
        trust = ssl.create_default_context(cadata=self.roots.decode())
        trust.set_alpn_protocols(["h2", "http/1.1"])
        host, _, port = self.address.rpartition(":")
        connection = http.client.HTTPSConnection(host, int(port), context=trust, timeout=30)
        try:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, body, kind)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def login(self) -> "Peer":
        """Get a token, and keep it."""
        status, answer = self.ask_token()
        assert status == 200, answer
        assert answer["token_type"] == "Bearer"  # noqa: S105 - the kind of token
        self.token = answer["access_token"]
        return self

    def call(self, name: str, request: Any, answer: Any = None) -> Any:
        """One call over a connection of its own."""
        made = answer or getattr(api, f"BatonService{name}Response")
        with self._channel() as channel:
            call = channel.unary_unary(
                SERVICE + name,
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=made.FromString,
            )
            return call(request, metadata=self._headers(), timeout=60)

    def hello(self, **more: Any) -> Any:
        """Say who we are."""
        request = api.BatonServiceHelloRequest(host_id=self.host, **more)
        if not request.HasField("connector_metadata"):
            request.connector_metadata.display_name = "Demo"
        return self.call("Hello", request)

    def get_task(self) -> Any:
        """Ask for work."""
        return self.call("GetTask", api.BatonServiceGetTaskRequest(host_id=self.host))

    def take(self) -> Any:
        """A task; there is one."""
        task = self.get_task().task
        assert task.id, "there is no task"
        return task

    def beat(self, task_id: str) -> Any:
        """Vouch for a task."""
        request = api.BatonServiceHeartbeatRequest(host_id=self.host, task_id=task_id)
        return self.call("Heartbeat", request)

    def finish(self, task_id: str, **end: Any) -> Any:
        """Say how a task ended; with success if nothing is given."""
        request = api.BatonServiceFinishTaskRequest(
            host_id=self.host, task_id=task_id, **(end or {"success": {}})
        )
        return self.call("FinishTask", request)

    def upload(self, task_id: str, data: bytes, **wrong: Any) -> Any:
        """Send a file as Go does, in pieces of 512 KiB."""
        return self.stream(pieces(self.host, task_id, data, **wrong))

    def stream(self, messages: list[Any]) -> Any:
        """Send whatever messages."""
        with self._channel() as channel:
            call = channel.stream_unary(
                SERVICE + "UploadAsset",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=api.BatonServiceUploadAssetResponse.FromString,
            )
            return call(iter(messages), metadata=self._headers(), timeout=120)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token}"),)

    def _channel(self) -> grpc.Channel:
        return grpc.secure_channel(
            f"dns:///{self.address}", grpc.ssl_channel_credentials(self.roots),
            options=(("grpc.use_local_subchannel_pool", 1),),
        )  # fmt: skip


def pieces(host: str, task_id: str, data: bytes, *, digest: bytes | None = None) -> list[Any]:
    """The messages of an upload."""
    request, size = api.BatonServiceUploadAssetRequest, 512 * 1024
    return [
        request(metadata=request.UploadMetadata(host_id=host, task_id=task_id)),
        *(
            request(data=request.UploadData(data=data[at : at + size]))
            for at in range(0, len(data), size)
        ),
        request(eof=request.UploadEOF(sha256_checksum=digest or hashlib.sha256(data).digest())),
    ]
