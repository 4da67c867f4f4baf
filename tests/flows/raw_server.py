"""A server that answers exactly what a test says, also what no HTTP library would send."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Respond = Callable[["Asked"], bytes]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    number: int
    line: str
    headers: dict[str, str]


@dataclass(kw_only=True)
class RawServer:
    """Where it is, and what it was asked."""

    port: int
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The base address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


def answer(body: bytes, *, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer that ends the connection."""
    named = {"content-type": "application/json", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    head = f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
    return head.encode() + body


def tls_of(authority: Path) -> ssl.SSLContext:
    """The server's side of TLS, from the folder of the fixture `authority`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "s.pem", authority / "s.key")
    return context


def _answer_one(connection: socket.socket, server: RawServer, respond: Respond) -> None:
    """Read one request and send what the test says."""
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
        head += piece
    if not head:
        return
    line, *rest = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    pairs = (one.split(": ", 1) for one in rest)
    headers = {name.lower(): value for name, value in pairs}
    asked = Asked(number=len(server.asked) + 1, line=line, headers=headers)
    server.asked.append(asked)
    connection.sendall(respond(asked))


@contextmanager
def serving(respond: Respond, *, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Answer each connection's one request with what `respond` returns."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = RawServer(port=listening.getsockname()[1], scheme="https" if tls else "http")

    def one(connection: socket.socket) -> None:
        connection.settimeout(10)
        # an OSError is a client that has hung up
        with (
            suppress(OSError),
            connection,
            tls.wrap_socket(connection, server_side=True) if tls else connection as plain,
        ):
            _answer_one(plain, server, respond)

    def accept() -> None:
        with suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
