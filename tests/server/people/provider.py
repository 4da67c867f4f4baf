"""An identity provider on this machine: it says yes to everybody, as whom it was told to."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

__all__ = ["Provider", "provider"]


class Provider:
    """What it claims about whoever comes."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.claims: dict[str, object] = {}
        self.asked: list[dict[str, str]] = []
        """What was posted to its token endpoint."""

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body."""
        if path == "/.well-known/openid-configuration":
            return self._json({
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            })  # fmt: skip
        if path == "/authorize":
            back = urlencode({"code": secrets.token_hex(8), "state": query["state"]})
            return 302, {"Location": f"{query['redirect_uri']}?{back}"}, b""
        if path == "/token":
            self.asked.append(query)
            return self._json({"access_token": "t", "token_type": "Bearer", "expires_in": 60})
        return self._json(self.claims)

    @staticmethod
    def _json(body: object) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


@contextmanager
def provider() -> Iterator[Provider]:
    """One that runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _reply(self, text: str) -> None:
            said = {name: values[-1] for name, values in parse_qs(text).items()}
            status, headers, body = running.answer(urlsplit(self.path).path, said)
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
