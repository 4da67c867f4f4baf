"""Who comes in by the API, and what an error looks like there: problem+json, in one place.

A program shows an API key, a page its session with the CSRF token. What either may do is asked by
the same use cases as behind the pages.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.security import HttpBearer, SessionAuth

from rolecall.errors import Error
from rolecall.server import clock
from rolecall.server.api.values import Problem
from rolecall.server.audit.trail import Actor
from rolecall.server.people import apikeys
from rolecall.server.people.door import ip_of, status_of

__all__ = ["FAULTS", "Api", "actor_of", "answers", "door"]

log = logging.getLogger(__name__)

FAULTS = frozenset({400, 401, 403, 404, 409, 422, 500, 501, 502, 503, 507})
"""Statuses of errors; each has the same shape."""
_PROBLEM = "application/problem+json"


class _Key(HttpBearer):
    """`Authorization: Bearer rck_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The key's user, within its scopes."""
        actor = apikeys.recognise(
            token,
            now=clock.now(),
            ip=ip_of(request),
            request_id=str(getattr(request, "request_id", "")),
        )
        if actor is not None:
            request.actor = actor  # type: ignore[attr-defined]
        return actor


class _Session(SessionAuth):
    """The cookie of somebody who is logged in; whoever changes something sends the CSRF token."""

    def _get_key(self, request: HttpRequest) -> str | None:
        """Nobody's request needs no token: it is refused for being nobody's."""
        return super()._get_key(request) if request.COOKIES.get(self.param_name) else None


class Api(NinjaAPI):
    """Ninja's, which describes errors as what they are."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's name: there is one of each."""
        return operation.view_func.__name__.strip("_")

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:  # noqa: ANN401 - Ninja's
        """The description, with the media type of problems."""
        schema = super().get_openapi_schema(**kwargs)
        operations = [one for path in schema["paths"].values() for one in path.values()]
        for status, answer in (pair for one in operations for pair in one["responses"].items()):
            content = answer.get("content", {})
            if int(status) in FAULTS and "application/json" in content:
                answer["content"] = {_PROBLEM: content["application/json"]}
        return schema


def actor_of(request: HttpRequest) -> Actor:
    """Who asks; the doors let nobody else through."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def answers(shape: Any, status: int = 200) -> dict[Any, Any]:  # noqa: ANN401 - a schema
    """What an operation may answer: this, or a problem."""
    return {status: shape, FAULTS: Problem}


def door() -> Api:
    """The API, with nothing behind it yet."""
    api = Api(
        title="Rolecall",
        version="1",
        description="Who has access to Notion: everything the pages show, for programs.",
        auth=[_Key(), _Session()],
        docs_url=None,  # its page would come from somebody else's server
        urls_namespace="api",
    )
    handlers: Mapping[type[Exception], Any] = {
        Error: _ours,
        ValidationError: _invalid,
        AuthenticationError: _unknown,
        HttpError: _http,
        Http404: _not_here,
        Exception: _bug,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
    return api


def _ours(request: HttpRequest, error: Error) -> HttpResponse:
    return _problem(request, type(error).__name__, status_of(error), error.what, hint=error.hint)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors]
    return _problem(
        request, "Invalid", 422, "The request is not as described.",
        hint="Compare it with /api/openapi.json.", errors=wrong,
    )  # fmt: skip


def _unknown(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    answer = _problem(
        request, "NotAllowed", 401, "We do not know who you are.",
        hint="Send `Authorization: Bearer` with an API key that has not ended.",
    )  # fmt: skip
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _problem(request, "NotAllowed", error.status_code, str(error))


def _not_here(request: HttpRequest, _error: Http404) -> HttpResponse:
    return _problem(request, "Gone", 404, "There is nothing at this address.")


def _bug(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api_failed", exc_info=error)
    return _problem(
        request, "Error", 500, "Something went wrong on our side.",
        hint="Tell whoever runs Rolecall; the log has more under this request.",
    )  # fmt: skip


def _problem(
    request: HttpRequest, title: str, status: int, detail: str, *,
    hint: str = "", errors: list[str] | None = None,
) -> HttpResponse:  # fmt: skip
    problem = Problem(
        title=title,
        status=status,
        detail=detail,
        hint=hint,
        request_id=str(getattr(request, "request_id", "")),
        errors=errors or [],
    )
    return JsonResponse(problem.model_dump(), status=status, content_type=_PROBLEM)
