"""A receiver of webhooks that checks signatures by itself, and answers what a test says."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = bytes(range(24))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def signed(self) -> bool:
        """Whether the signature is right, and the time is now."""
        said = [self.headers[f"webhook-{name}"] for name in ("id", "timestamp")]
        content = ".".join(said).encode() + b"." + self.body
        right = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
        fresh = abs(time.time() - int(said[1])) < 300
        return fresh and self.headers["webhook-signature"] == f"v1,{right}"

    @property
    def said(self) -> dict[str, Any]:
        """The body."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(kw_only=True)
class Receiver:
    """Where it is, and what it got."""

    url: str
    messages: list[Message] = field(default_factory=list)


@contextmanager
def receiving(statuses: Sequence[int] = (), **headers: str) -> Iterator[Receiver]:
    """Answer with these statuses one after the other, then with 204."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            named = {name.lower(): value for name, value in self.headers.items()}
            receiver.messages.append(Message(path=self.path, headers=named, body=body))
            self.send_response(left.pop(0) if left else 204)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(url=f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def until(true: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait until it is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
