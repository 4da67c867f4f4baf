"""The doors of every request: one gives it a number, the other knows who comes.

Errors of `rolecall.errors` become pages here, and nowhere else; the API has its own door.
"""

import secrets
from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render

from rolecall.errors import Conflict, Error, Gone, Invalid, NotAllowed, Retry
from rolecall.server.audit.trail import Actor
from rolecall.server.people.door import Request

__all__ = ["Door", "RequestId", "actor_of", "status_of"]

Next = Callable[[Request], HttpResponse]

_STATUS: tuple[tuple[type[Error], int], ...] = (
    (NotAllowed, 403),
    (Gone, 404),
    (Conflict, 409),
    (Invalid, 422),
    (Retry, 503),
)


class RequestId:
    """Numbers requests, so that a page, a log line and an audit row can be put together."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        """Number it."""
        request.request_id = secrets.token_hex(8)
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id
        return response


class Door:
    """Puts `request.actor` there, and turns our errors into pages."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        """Recognise who comes."""
        if actor := actor_of(request):
            request.actor = actor
        return self.get_response(request)

    def process_exception(self, request: Request, error: Exception) -> HttpResponse | None:
        """A page that says what happened and what to do, or nothing for errors that are bugs."""
        if not isinstance(error, Error):
            return None
        context = {"what": error.what, "hint": error.hint, "request_id": request.request_id}
        return render(request, "project/refused.html", context, status=status_of(error))


def actor_of(request: Request) -> Actor | None:
    """Who is logged in, or None."""
    user = request.user
    if not user.is_authenticated:
        return None
    return Actor(
        kind="person",
        id=user.public_id,
        name=str(user),
        user=user.pk,
        ip=request.META.get("REMOTE_ADDR"),
        request_id=request.request_id,
    )


def status_of(error: Error) -> int:
    """The HTTP status of an error of ours (docs/reference/errors.md)."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
