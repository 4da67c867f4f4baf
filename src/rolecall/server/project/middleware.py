"""The doors of every request: one gives it a number, the other knows who comes.

Errors of `rolecall.errors` become pages here, and nowhere else; the API has its own door.
"""

import secrets
from collections.abc import Callable
from itertools import chain

from django.db import DataError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from rolecall.errors import Error, Invalid, NotAllowed
from rolecall.server import clock
from rolecall.server.people.door import Request, actor_of, status_of

__all__ = ["Door", "RequestId"]

Next = Callable[[Request], HttpResponse]


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
        """Recognise who comes, show times in their zone, and let nothing of it be kept."""
        timezone.deactivate()  # what the request before has set in this thread
        if request.user.is_authenticated:
            request.actor = actor_of(request, request.user)
            timezone.activate(request.user.time_zone)
            agent = "".join(filter(str.isprintable, request.headers.get("User-Agent", "")))
            request.session.note(ip=request.actor.ip, browser=agent[:200], now=clock.now())
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and hasattr(request, "actor"):
            # Neither a proxy nor the next one at this browser reads what somebody was shown.
            response["Cache-Control"] = "private, no-store"
        return response

    def process_exception(self, request: Request, error: Exception) -> HttpResponse | None:
        """A page that says what happened and what to do, or nothing for errors that are bugs."""
        if isinstance(error, DataError) and _unreadable(request):
            error = Invalid("There is a character in this that cannot be kept. Type it again.")
        if not isinstance(error, Error):
            return None
        context = {
            "what": error.what,
            "hint": error.hint,
            "forbidden": isinstance(error, NotAllowed),
            "request_id": request.request_id,
        }
        return render(request, "project/refused.html", context, status=status_of(error))


def _unreadable(request: Request) -> bool:
    """Whether a character came that no text in the database can hold."""
    texts = chain([request.path], *(values for _name, values in request.POST.lists()))
    return any("\0" in str(one) for one in texts)
