"""What every page knows of its request: who comes, and how.

`page` guards a view: whoever is not logged in goes to the login, whoever may not is told why.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import User
from rolecall.server.people.permissions import require

__all__ = ["Request", "page"]

View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """A request behind our middleware."""

    user: User | AnonymousUser
    request_id: str
    htmx: HtmxDetails
    actor: Actor
    """Who is logged in; `page` lets nobody else through."""


def page(action: str) -> Callable[[View], View]:
    """A view for those who may do `action` to anything at all; the use case asks about the object.

    Raises:
        NotAllowed: they may not.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: object, **kwargs: object) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            require(request.actor, action)
            return view(request, *args, **kwargs)

        return guarded

    return guard
