"""What every page knows of its request: who comes, and how.

`page` guards a view: whoever is not logged in goes to the login, whoever may not is told why.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from types import MappingProxyType

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from rolecall import errors
from rolecall.server.audit.trail import Actor
from rolecall.server.people.models import User
from rolecall.server.people.permissions import require, roles_of
from rolecall.server.people.sessions import SessionStore
from rolecall.server.people.unsent import keep
from rolecall.server.tables.sheet import MAX_BYTES

__all__ = [
    "STATUSES",
    "Request",
    "actor_of",
    "done",
    "ip_of",
    "page",
    "sheet_of",
    "status_of",
    "stranger",
]

View = Callable[..., HttpResponseBase]

_READING = frozenset({"GET", "HEAD"})
_LOGGED_OUT = "You had been logged out, so nothing was changed. Log in, and send it once more."
STATUSES: MappingProxyType[type[errors.Error], int] = MappingProxyType({
    errors.Error: 500,
    errors.Retry: 503,
    errors.NotionBroken: 502,
    errors.Skip: 502,
    errors.Refused: 409,
    errors.NotAllowed: 403,
    errors.Gone: 404,
    errors.Invalid: 422,
    errors.Unsupported: 501,
    errors.BadToken: 502,
    errors.WrongPlan: 502,
    errors.WrongWorkspace: 502,
    errors.BadFile: 422,
    errors.Stopped: 503,
    errors.Unverified: 500,
    errors.DiskFull: 507,
})  # fmt: skip
"""The HTTP status of an error of ours, or of the class above it (docs/reference/errors.md)."""


class Request(HttpRequest):
    """A request behind our middleware."""

    user: User | AnonymousUser
    session: SessionStore
    request_id: str
    htmx: HtmxDetails
    actor: Actor
    """Who is logged in; `page` lets nobody else through."""


def page(action: str) -> Callable[[View], View]:
    """A view for those who may do `action` to anything at all; the use case asks about the object.

    The view says its `action`, for who has to know whether somebody may open it.

    Raises:
        NotAllowed: they may not.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: object, **kwargs: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_login(request)
            require(request.actor, action)
            return view(request, *args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]
        return guarded

    return guard


def _to_login(request: Request) -> HttpResponseBase:
    """Let them log in, and come back to where they were, with what they had typed."""
    if request.htmx:  # a part of a page that is open: the whole of it goes
        back = request.htmx.current_url_abs_path or request.get_full_path()
        return HttpResponseClientRedirect(redirect_to_login(back).url)
    if request.method in _READING:
        return redirect_to_login(request.get_full_path())
    if not keep(request):
        return redirect_to_login("/")
    messages.warning(request, _LOGGED_OUT)
    return redirect_to_login(reverse("people:unsent"))


def done(
    request: HttpRequest, deed: Callable[[], object], said: str, *, back: str
) -> HttpResponseRedirect:
    """One button, one deed: do it, say that it was done, go back; a refusal is said there too.

    Args:
        request: the form that was sent.
        deed: the use case.
        said: what the page says when it is done.
        back: the path to go to.

    Raises:
        NotAllowed, Gone: they have a page of their own.
    """
    try:
        deed()
    except (errors.NotAllowed, errors.Gone):
        raise
    except errors.Error as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return HttpResponseRedirect(back)


def sheet_of(request: HttpRequest) -> UploadedFile:
    """The table that a form hands over as `file`; its bytes are at most `MAX_BYTES`.

    Raises:
        Invalid: there is none, or it is larger.
    """
    sent = request.FILES.get("file")
    if not isinstance(sent, UploadedFile) or (sent.size or 0) > MAX_BYTES:
        raise errors.Invalid(f"Choose a file of at most {MAX_BYTES >> 20} MiB.")
    return sent


def actor_of(request: HttpRequest, user: User) -> Actor:
    """A user who acts by this request.

    A request that only reads asks for the roles once; a deed asks again each time, so that a role
    that was taken away while it waited counts no more.
    """
    actor = Actor(
        kind="person",
        id=user.public_id,
        name=str(user),
        user=user.pk,
        ip=ip_of(request),
        request_id=_number(request),
    )
    return replace(actor, roles=roles_of(actor)) if request.method in _READING else actor


def stranger(request: HttpRequest) -> Actor:
    """Somebody whom we do not know, or not yet: nothing is allowed to them."""
    return Actor(kind="person", name="Somebody", ip=ip_of(request), request_id=_number(request))


def ip_of(request: HttpRequest) -> str | None:
    """Where the request comes from; behind a proxy of ours, what the proxy says."""
    try:
        ip: str = get_adapter().get_client_ip(request)
    except PermissionDenied:  # by a socket file, without a proxy that says more
        return None
    return ip.strip()


def status_of(error: errors.Error) -> int:
    """The HTTP status that a page or the API answers with."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def _number(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))
