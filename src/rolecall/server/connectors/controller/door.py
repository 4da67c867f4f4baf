"""The token endpoint, as HTTP/1.1: one request on one connection. No I/O.

HTTP is read by h11, which bounds heads and is kept by people who do nothing else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import h11
import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from rolecall.errors import BadToken, Error
from rolecall.server.connectors.controller.tokens import exchange

__all__ = ["PATH", "Exchange", "Request", "answer"]

PATH: Final = "/auth/v1/token"
_MOST_HEAD: Final = 16 << 10
_MOST_BODY: Final = 16 << 10
_MOST_FIELDS: Final = 20
_LONGEST_ID: Final = 200

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked."""

    method: str
    path: str
    body: bytes = field(repr=False)
    forwarded: str = ""
    """Who asked the proxy before us, as the proxy saw it: the last of X-Forwarded-For."""

    @property
    def client_id(self) -> str:
        """Who they say they are; empty if this asks for no token."""
        return _form(self.body).get("client_id", "")[:_LONGEST_ID] if self.path == PATH else ""


class Exchange:
    """One request being read, and its answer as bytes."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD)
        self._head: h11.Request | None = None
        self._body = b""

    def feed(self, data: bytes) -> Request | None:
        """The request, once it is whole; empty data says that no more will come.

        Raises:
            ValueError: it is no request, or too long.
        """
        try:
            self._http.receive_data(data)
            while True:
                event = self._http.next_event()
                if isinstance(event, h11.Request):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                    return self._whole(self._head)
                elif event is h11.NEED_DATA:
                    return None
                else:
                    raise ValueError("no request")
                if len(self._body) > _MOST_BODY:
                    raise ValueError("the body is too long")
        except h11.ProtocolError as error:
            raise ValueError("no request") from error

    def reply(self, status: int, content: dict[str, object], *, again_s: int = 0) -> bytes:
        """An answer, after which the connection ends.

        Args:
            status: of HTTP.
            content: what is said, as JSON.
            again_s: when to ask again, in seconds; 0 says nothing about it.
        """
        body = json.dumps(content).encode()
        later = [("Retry-After", str(again_s))] if again_s else []
        head = h11.Response(
            status_code=status,
            headers=[
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("Connection", "close"),
                *later,
            ],
        )
        parts = (head, h11.Data(data=body), h11.EndOfMessage())
        return b"".join(self._http.send(part) or b"" for part in parts)

    def _whole(self, head: h11.Request) -> Request:
        path = head.target.decode("ascii", "replace").partition("?")[0]
        forwarded = [value for name, value in head.headers if name == b"x-forwarded-for"]
        return Request(
            method=head.method.decode("ascii"),
            path=path,
            body=self._body,
            forwarded=b",".join(forwarded).decode("ascii", "replace").rpartition(",")[2].strip(),
        )


def answer(request: Request, clock: Callable[[], datetime]) -> tuple[int, dict[str, object]]:
    """Status and content for a request; asks the database, so never in an event loop."""
    if request.path == "/live":
        return HTTPStatus.OK, {"status": "ok"}
    if (request.method, request.path) != ("POST", PATH):
        return HTTPStatus.NOT_FOUND, {"error": "not_found"}
    return _exchanged(request, clock)


def _exchanged(request: Request, clock: Callable[[], datetime]) -> tuple[int, dict[str, object]]:
    close_old_connections()
    try:
        given = exchange(_form(request.body), clock())
    except Error as error:
        log.warning("token_refused", why=error.what)
        refused = isinstance(error, BadToken)
        status = HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.BAD_REQUEST
        kind = "invalid_client" if refused else "invalid_request"
        return status, {"error": kind, "error_description": str(error)}
    except (OperationalError, InterfaceError) as error:
        log.warning("no_database", call="token", error=type(error).__name__)
        connection.close()
        return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "temporarily_unavailable"}
    return HTTPStatus.OK, {
        "access_token": given.text,
        "token_type": "Bearer",
        "expires_in": int(given.lasts.total_seconds()),
    }


def _form(body: bytes) -> dict[str, str]:
    """The fields; what is no form has none."""
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}
