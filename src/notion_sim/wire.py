"""A request and a reply as plain values, and how errors look; opens no socket."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from notion_sim.options import Options
from notion_sim.refusal import Refusal

__all__ = ["HTML", "Reply", "Request", "html_error", "json_reply", "rest_error", "scim_error"]

ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
SCIM = "application/scim+json; charset=utf-8"
REST_CODES = {
    400: "validation_error",
    401: "unauthorized",
    403: "restricted_resource",
    404: "object_not_found",
    409: "conflict_error",
    429: "rate_limited",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
    529: "service_overload",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked; header names are lower-case."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    raw_query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    number: int = 0
    origin: str = ""
    """Scheme, host and port of this server."""

    @property
    def bearer(self) -> str:
        """The token, or an empty text."""
        scheme, _, secret = self.headers.get("authorization", "").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            Refusal: 400 invalidSyntax when it is none.
        """
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Refusal(
                400,
                "The body is not a JSON object.",
                scim_type="invalidSyntax",
                code="invalid_json",
            )
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = SCIM
    headers: tuple[tuple[str, str], ...] = ()
    edge: bool = False
    """True when a proxy before Notion answers: cf-ray, and no request id (Notion: N-154)."""

    def with_header(self, name: str, value: str) -> "Reply":
        """Return the reply with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


def json_reply(value: object, status: int = 200, *, content_type: str = SCIM) -> Reply:
    """Return a JSON reply."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status=status, body=body, content_type=content_type)


def html_error(status: int, title: str) -> Reply:
    """Return the page of a proxy that stands before Notion."""
    head = f"<!DOCTYPE html><html><head><title>{title}</title></head>"
    page = f"{head}<body><h1>{title}</h1></body></html>\n"
    return Reply(status=status, body=page.encode(), content_type=HTML, edge=True)


def rest_error(refusal: Refusal, request_id: str, extra: dict[str, Any] | None = None) -> Reply:
    """Return an error of the REST API (Notion: N-152)."""
    value: dict[str, Any] = {
        "object": "error",
        "status": refusal.status,
        "code": refusal.code or REST_CODES.get(refusal.status, "internal_server_error"),
        "message": refusal.detail,
        "request_id": request_id,
    }
    if extra:
        value["additional_data"] = extra
    return json_reply(value, refusal.status, content_type=JSON)


def scim_error(refusal: Refusal, options: Options, request_id: str) -> Reply:
    """Return a SCIM error in the form that the switch `error_body` names (Notion: N-125)."""
    if options.error_body == "rest":
        return rest_error(refusal, request_id)
    if options.error_body == "html":
        return html_error(refusal.status, refusal.detail)
    value = {"schemas": [ERROR_URN], "status": str(refusal.status), "detail": refusal.detail}
    if refusal.scim_type:
        value["scimType"] = refusal.scim_type
    kind = SCIM if options.content_type == "scim" else JSON
    return json_reply(value, refusal.status, content_type=kind)
